"""Take or put, told from two pictures of a slot: outlines, where a pack stands on the board, and colours never seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.planes import Planes
from vision.signs import leaning

BOARD, HOME, FOREIGN = (5.0, 0.0, 0.0), (4.4, 0.6, -0.3), (4.5, -0.5, 0.4)


def slot(*packs: tuple[slice, tuple[float, float, float]]) -> Planes:
    """A slot of 60 x 60 working pixels; packs stand in the middle columns, the last one in front."""
    planes = np.tile(np.array(BOARD, np.float32), (60, 60, 1))
    for rows, colour in packs:
        planes[rows, 15:45] = colour
    return planes + np.random.default_rng(4).normal(0, 0.01, planes.shape).astype(np.float32)


def changed(one: Planes, other: Planes) -> NDArray[np.bool_]:
    return np.asarray(np.abs(one - other).max(axis=2) > 0.12)


def told(before: Planes, after: Planes, *past: Planes) -> float:
    return leaning(before, after, changed(before, after), past)


STOCKED, EMPTY = slot((slice(5, 50), HOME)), slot()
COVERED = slot((slice(5, 50), HOME), (slice(5, 50), FOREIGN))


def test_another_product_that_hides_the_stock_is_a_put_and_leaves_as_a_take() -> None:
    """Both pictures show a pack with the same outline; only the colours say which of them the slot knew."""
    assert told(STOCKED, COVERED) < -1
    assert told(COVERED, STOCKED, STOCKED) > 1


def test_a_pack_that_leaves_an_empty_board_is_a_take_and_its_return_a_put() -> None:
    assert told(STOCKED, EMPTY) > 1
    assert told(EMPTY, STOCKED, STOCKED) < -1


def test_a_pack_that_leaves_the_next_row_in_sight_is_told_by_its_foot() -> None:
    second = slot((slice(0, 38), HOME))
    first = slot((slice(0, 38), HOME), (slice(12, 50), HOME))
    assert told(first, second) > 1
    assert told(second, first, first) < -1


def test_too_few_pixels_say_nothing() -> None:
    assert leaning(STOCKED, EMPTY, np.zeros((60, 60), np.bool_)) == 0


def test_an_own_pack_hardly_comes_to_a_slot_that_none_was_taken_from() -> None:
    changes = (EMPTY, STOCKED), (STOCKED, COVERED)
    (own, own_full), (strange, strange_full) = (
        [leaning(before, after, changed(before, after), [STOCKED], full) for full in (False, True)]
        for before, after in changes
    )
    assert own_full > own + 0.5
    assert strange_full == strange < -1  # a strange one may
