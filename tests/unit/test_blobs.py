"""Blobs before an empty floor, on drawn rooms: light that changes, people who stand still, people from above."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from vision.blobs import BlobFinder, OverheadFinder
from vision.bodies import Body
from vision.boxes import Box, covered, overlap
from vision.following import Follower
from vision.looks import NoLooks
from vision.planes import Picture

Draw = Callable[[int, Picture], None]
FLOOR = np.random.default_rng(5).integers(90, 150, (15, 20, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
RATE_HZ = 5


def film(draw: Draw, count: int, gain: Callable[[int], float] = lambda n: 1.0) -> list[Picture]:
    random = np.random.default_rng(7)
    found = []
    for number in range(count):
        picture = FLOOR.copy()
        draw(number, picture)
        lit = picture * gain(number) + random.normal(0, 2, picture.shape)
        found.append(np.clip(lit, 0, 255).astype(np.uint8))
    return found


def person(picture: Picture, left: int, top: int = 40, sway: int = 0) -> None:
    picture[top : top + 60, left : left + 22] = (60, 40, 30)
    picture[top + 10 : top + 25, left + 2 + sway : left + 7 + sway] = (160, 170, 190)


def find(finder: BlobFinder, pictures: Sequence[Picture]) -> list[list[Body]]:
    return [finder.find(picture, number / RATE_HZ) for number, picture in enumerate(pictures)]


def test_who_stands_for_a_minute_and_sways_is_still_there() -> None:
    def draw(number: int, picture: Picture) -> None:
        if number >= 20:
            person(picture, min(70, 5 * (number - 20)), sway=(number // 3) % 2 * 2)

    [last] = find(BlobFinder(), film(draw, 320))[-1]
    assert overlap(last.box_px, (70, 40, 92, 100)) > 0.6


def test_a_crate_that_was_put_down_becomes_floor() -> None:
    def draw(number: int, picture: Picture) -> None:
        if number >= 20:
            picture[60:110, 50:75] = (30, 60, 90)

    found = find(BlobFinder(), film(draw, 180))
    assert found[30]
    assert found[-1] == []


@pytest.mark.parametrize("gain", [lambda n: 1 + 0.2 * np.sin(n / 7), lambda n: 1.0 if n < 40 else 0.7])
def test_exposure_that_swings_or_drops_makes_nobody(gain: Callable[[int], float]) -> None:
    assert not any(find(BlobFinder(), film(lambda number, picture: None, 90, gain)))


def test_a_soft_shadow_is_nobody() -> None:
    def draw(number: int, picture: Picture) -> None:
        if number >= 20:
            left = 2 * (number - 20)
            picture[75:115, left : left + 30] = picture[75:115, left : left + 30] * 0.75

    assert not any(find(BlobFinder(), film(draw, 60)))


def test_a_head_over_a_shelf_and_the_legs_below_are_one_body() -> None:
    def draw(number: int, picture: Picture) -> None:
        if number >= 20:
            person(picture, 2 * (number - 20))
            picture[60:66] = FLOOR[60:66]

    [body] = find(BlobFinder(), film(draw, 50))[-1]
    assert overlap(body.box_px, (58, 40, 80, 100)) > 0.6


def from_above(picture: Picture, across: int, down: int) -> None:
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    picture[((columns - across) / 13) ** 2 + ((rows - down) / 8) ** 2 < 1] = (40, 50, 60)
    picture[(columns - across) ** 2 + (rows - down) ** 2 < 22] = (20, 20, 25)


def two_meet(number: int, picture: Picture) -> None:
    """Two come from both sides, stand shoulder to shoulder, and go back."""
    step = min(number - 20, 150 - number)
    if step > 0:
        inward = min(2 * step, 58)
        from_above(picture, round(10 + inward), 60)
        from_above(picture, round(150 - inward), 60)


def test_two_who_touch_are_two_seen_from_above() -> None:
    found = find(BlobFinder(overhead=True), film(two_meet, 150))
    assert [len(bodies) for bodies in found[45:125]] == [2] * 80


def test_two_who_meet_seen_from_above_keep_their_names() -> None:
    follower = Follower("floor", BlobFinder(overhead=True), NoLooks())
    names = [{body.name for body in follower.see(p, n / RATE_HZ)} for n, p in enumerate(film(two_meet, 140))]
    assert len(set().union(*names)) == 2
    assert all(len(now) == 2 for now in names[45:125])


class Network:
    """A network that knows one person from above."""

    problem = ""

    def __init__(self, *boxes: Box) -> None:
        self._boxes = boxes

    def find(self, picture: Picture, at_s: float) -> list[Body]:
        return [Body(box, 0.8) for box in self._boxes]

    def describe(self) -> str:
        return "a network"


def test_from_above_a_network_adds_who_was_there_first_and_doubles_nobody() -> None:
    finder = OverheadFinder(Network((47, 52, 73, 68), (100, 15, 125, 30)))
    pictures = film(lambda number, picture: from_above(picture, 60, 60) if number >= 20 else None, 40)
    found = [finder.find(picture, number / RATE_HZ) for number, picture in enumerate(pictures)][-1]
    assert len(found) == 2
    assert all(covered(one.box_px, other.box_px) < 0.3 for one in found for other in found if one is not other)
    assert "from above" in finder.describe()
