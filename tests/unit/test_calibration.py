"""Marks on the floor -> places, and marks that cannot be right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Camera, ConfigError, parse
from edge.core.errors import BadInput
from vision.calibration import FloorPlane

MARKS = [(200, 400, 0, 0), (440, 400, 2000, 0), (600, 220, 4000, 5000), (40, 220, -2000, 5000)]


def camera(marks: list[tuple[int, int, int, int]], view: str = "side") -> Camera:
    return Camera(id="c", role="floor", floor_points=marks, view=view)  # type: ignore[arg-type]


def test_marks_are_found_again() -> None:
    plane = FloorPlane.from_marks(camera(MARKS))
    assert [plane.at((x, y)) for x, y, _, _ in MARKS] == [(x, y) for _, _, x, y in MARKS]


def seen(spots: list[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Marks as a camera 2.5 m high, looking down by 30 degrees, sees them."""
    tilt = np.radians(30)
    found = []
    for x, y in spots:
        forward, down = y + 2000.0, 2500.0
        depth = forward * np.cos(tilt) + down * np.sin(tilt)
        below = down * np.cos(tilt) - forward * np.sin(tilt)
        found.append((round(320 + 500 * x / depth), round(240 + 500 * below / depth), x, y))
    return found


@given(st.integers(-1500, 1500), st.integers(500, 5000))
def test_a_place_between_the_marks_is_right_to_a_few_centimetres(x: int, y: int) -> None:
    plane = FloorPlane.from_marks(camera(seen([(-1500, 500), (1500, 500), (1500, 5000), (-1500, 5000)])))
    [(across, down, _, _)] = seen([(x, y)])
    found = plane.at((across, down))
    assert found is not None
    assert np.hypot(found[0] - x, found[1] - y) < 150


def test_above_the_horizon_nobody_stands() -> None:
    plane = FloorPlane.from_marks(camera(seen([(-1500, 500), (1500, 500), (1500, 5000), (-1500, 5000)])))
    assert plane.at((320, -200)) is None


def test_feet_out_of_view_have_no_place_and_seen_from_above_the_middle_counts() -> None:
    plane = FloorPlane.from_marks(camera(MARKS))
    assert plane.place((300, 100, 340, 480), 480) is None
    assert plane.place((300, 100, 340, 400), 480) == plane.at((320, 400))
    above = FloorPlane.from_marks(camera(MARKS, "overhead"))
    assert above.place((300, 200, 340, 480), 480) == above.at((320, 340))


@pytest.mark.parametrize(
    ("marks", "text"),
    [
        ([(100, 100, 0, 0), (200, 200, 1000, 1000), (300, 300, 2000, 2000), (400, 400, 3000, 3000)], "in one line"),
        ([MARKS[0], MARKS[1], MARKS[3], (600, 220, 400, 100)], "do not fit together"),
        ([*MARKS, (320, 300, 1000, 3400)], "measure it again"),
    ],
)
def test_marks_that_cannot_be_right_are_refused(marks: list[tuple[int, int, int, int]], text: str) -> None:
    with pytest.raises(BadInput, match=f"camera c, floor_points.*{text}"):
        FloorPlane.from_marks(camera(marks))


def test_three_marks_are_too_few() -> None:
    text = '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "c"\nrole = "floor"\nfloor_points = [[1, 2, 3, 4]]\n'
    with pytest.raises(ConfigError, match=r"camera\[0\].floor_points: needs four points"):
        parse(text)
