"""What stands before a shelf and what lies in it: by whether a part of the picture keeps still."""

from __future__ import annotations

import numpy as np
import pytest

from vision.occluders import Backdrop

SHAPE = (90, 160)
THRESHOLD = 0.16


def two_slots() -> list[np.ndarray]:
    """Two slots side by side, a margin round each."""
    found = []
    for left in (40, 80):
        mask = np.zeros(SHAPE, np.bool_)
        mask[30:60, left : left + 40] = True
        found.append(mask)
    return found


@pytest.mark.parametrize("still", [True, False])
def test_what_lies_still_over_two_slots_is_goods_though_a_third_of_it_flutters(still: bool) -> None:
    """Packs of both slots went at once: where the new look is hardly another one, noise makes it come and go."""
    backdrop = Backdrop(two_slots(), SHAPE, THRESHOLD, 10.0)
    nothing = np.zeros(SHAPE, np.bool_)
    chance = np.random.default_rng(1)
    quiet = chance.normal(0, 0.003, (*SHAPE, 3)).astype(np.float32)
    for number in range(20):
        backdrop.see(quiet, nothing, number / 10)
    where = np.zeros(SHAPE, np.bool_)
    where[40:55, 60:100] = True
    seen = []
    for number in range(20, 45):
        picture = quiet.copy()
        picture[where, 0] += np.float32(0.5 if still else 0.5 + 0.3 * (number % 2))
        for left in range(60, 100, 8):  # the lower third, in pieces
            step = np.float32(THRESHOLD + (0.04 if chance.random() < 0.5 else -0.04))
            picture[48:55, left : left + 8, 0] = quiet[48:55, left : left + 8, 0] + step
        seen.append(bool(backdrop.see(picture, nothing, number / 10).body[where].any()))
    assert set(seen[-8:]) == {not still}
