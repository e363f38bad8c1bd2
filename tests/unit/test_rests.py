"""Where a plate stood still on the way from one level to the next, in bins of a tenth of a second."""

from __future__ import annotations

import numpy as np
import pytest

from devices.shelf_scale.rests import rest_between

SIGMA, LEAST = 1.0, 16.0


def rest(values: list[float], before: float, after: float) -> float | None:
    found = rest_between(np.array(values), before, after, SIGMA, LEAST)
    return None if found is None else found.level


def test_a_rest_that_is_lighter_than_both_levels_need_not_be_quite_still() -> None:
    """A pack was taken and, while the plate still settled, another one laid down: no hand makes a plate lighter."""
    went = [3854, 3868, 3444, 3339, 3313, 3307.8, 3306, 3284, 3235, 3260, 3318, 3379, 3404, 3411, 3412]
    assert rest(went, 3854, 3412) == pytest.approx(3309, abs=3)
    pressed = [2 * 3854 - value for value in went]
    assert rest(pressed, 3854, 4296) is None, "a hand that presses is as restless as that"


def test_a_plate_that_turned_on_its_way_had_two_hands_on_it() -> None:
    turned = [
        2324,
        2480,
        2519,
        2417,
        2273,
        2210,
        2181.8,
        2169.8,
        2185.4,
        2280,
        2287,
        2246,
        2174,
        2075,
        2013,
        1997,
        1996,
    ]
    assert rest(turned, 2324, 1996) == pytest.approx(2179, abs=3)
    straight = [2324, 2480, 2417, 2273, 2210, 2181.8, 2169.8, 2165.4, 2120, 2075, 2013, 1997, 1996]
    assert rest(straight, 2324, 1996) is None, "one slow lift"
