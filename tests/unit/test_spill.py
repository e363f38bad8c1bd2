"""A pack that leans over its neighbour's slot changes its own slot alone; packs of two slots change both."""

from __future__ import annotations

import numpy as np

from vision.planes import Mask
from vision.spill import Claims

SHAPE = (60, 80)
LEFT, RIGHT = 0, 1
BEFORE_NS, AFTER_NS = 1_000_000_000, 2_000_000_000


def area(top: int, left: int, bottom: int, right: int) -> Mask:
    mask = np.zeros(SHAPE, np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def claims() -> Claims:
    inside = [area(10, 5, 50, 35), area(10, 40, 50, 70)]
    return Claims(inside, [mask & area(30, 0, 50, 80) for mask in inside])


def test_a_change_belongs_to_the_slot_that_holds_most_of_it() -> None:
    leaning = area(12, 15, 45, 46)
    assert claims().foreign(RIGHT, leaning, BEFORE_NS, AFTER_NS)
    assert not claims().foreign(LEFT, leaning, BEFORE_NS, AFTER_NS)


def test_two_slots_with_comparable_parts_have_both_changed() -> None:
    both = area(12, 15, 45, 60)
    assert not claims().foreign(LEFT, both, BEFORE_NS, AFTER_NS)
    assert not claims().foreign(RIGHT, both, BEFORE_NS, AFTER_NS)


def test_what_is_apart_from_a_neighbours_change_is_the_slots_own() -> None:
    apart = area(12, 8, 45, 30) | area(20, 50, 40, 65)
    assert not claims().foreign(RIGHT, apart, BEFORE_NS, AFTER_NS)


def test_a_change_told_before_explains_what_is_left_of_it_next_door() -> None:
    watched = claims()
    told = watched.tell(LEFT, area(12, 15, 45, 46), BEFORE_NS, AFTER_NS)
    assert told[20, 44]
    nothing_left = np.zeros(SHAPE, np.bool_)
    assert watched.foreign(RIGHT, nothing_left, BEFORE_NS, AFTER_NS)
    assert not watched.foreign(RIGHT, nothing_left, AFTER_NS + 1, AFTER_NS + 2)


def test_a_pack_that_leans_over_half_of_the_next_slot_belongs_where_its_foot_is() -> None:
    leaning = area(12, 20, 32, 60) | area(32, 8, 48, 34)  # foot on the left, top over both
    assert claims().foreign(RIGHT, leaning, BEFORE_NS, AFTER_NS)
    assert not claims().foreign(LEFT, leaning, BEFORE_NS, AFTER_NS)
    watched = claims()
    watched.tell(LEFT, leaning, BEFORE_NS, AFTER_NS)
    assert watched.foreign(RIGHT, np.zeros(SHAPE, np.bool_), BEFORE_NS, AFTER_NS)
