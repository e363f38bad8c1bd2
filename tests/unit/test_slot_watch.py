"""The slot watch on drawn clips whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from edge.config import ShelfVision, parse
from edge.core.errors import BadInput
from edge.core.events import ShelfChanged
from tests.unit.shelf_scenes import Act, Shelf, Told, told
from vision.places import SlotShape, box
from vision.planes import log_planes
from vision.slot_memory import Sight, SlotMemory, SlotRules
from vision.slots import SlotWatch

MS = 1_000_000


def plain(found: Told) -> list[tuple[str, str, int]]:
    return [(slot, change, quantity) for slot, change, quantity, _ in found.changes]


def test_take_and_put_back_are_told_once_each_in_their_slot() -> None:
    found = told(Shelf(seed=3, acts=[Act(2.5, (0, 1)), Act(7.0, (0, 1), "put"), Act(11.0, (1, 2))]), 15)
    assert plain(found) == [("0-1", "take", 1), ("0-1", "put", 1), ("1-2", "take", 1)]
    for (_, _, _, at_s), true_s in zip(found.changes, (2.5, 7.0, 11.0), strict=True):
        assert -0.3 <= at_s - true_s <= 5


def test_a_hand_that_takes_nothing_is_a_reach_and_no_change() -> None:
    found = told(Shelf(seed=4, acts=[Act(2.5, (0, 2), "touch"), Act(6.0, (1, 0), "touch")]), 9)
    assert found.changes == []
    assert {"0-2", "1-0"} <= found.reached


@pytest.mark.parametrize("seed", [1, 2])
def test_light_that_drops_by_28_percent_sells_nothing(seed: int) -> None:
    shelf = Shelf(seed=seed, acts=[Act(5.0, (1, 1))], gain=lambda at_s: 1.0 if at_s < 3 else 0.72)
    assert plain(told(shelf, 9)) == [("1-1", "take", 1)]


def test_exposure_swing_flicker_and_noise_sell_nothing() -> None:
    shelf = Shelf(seed=5, gain=lambda at_s: 1 + 0.15 * float(np.sin(at_s)), flicker=0.02, noise=4)
    found = told(shelf, 12)
    assert found.changes == []
    assert found.reached == set()


def test_two_neighbours_taken_at_once() -> None:
    found = told(Shelf(seed=6, acts=[Act(2.5, (0, 1)), Act(2.6, (0, 2))]), 7)
    assert sorted(plain(found)) == [("0-1", "take", 1), ("0-2", "take", 1)]


@pytest.mark.parametrize("seed", [7, 8])
def test_two_deep_gives_two_takes(seed: int) -> None:
    found = told(Shelf(seed=seed, depth=2, acts=[Act(2.5, (1, 1)), Act(7.0, (1, 1))]), 11)
    assert plain(found) == [("1-1", "take", 1), ("1-1", "take", 1)]


def test_a_foreign_item_in_an_emptied_slot_is_a_put() -> None:
    found = told(Shelf(seed=9, acts=[Act(2.5, (0, 3)), Act(7.0, (0, 3), "put", foreign=True)]), 11)
    assert plain(found) == [("0-3", "take", 1), ("0-3", "put", 1)]


def test_what_happens_in_a_hole_of_the_stream_is_told_afterwards() -> None:
    shelf = Shelf(seed=10, acts=[Act(4.0, (0, 0))], body=False)
    found = told(shelf, 9, lost_s=(2.5, 6.0))
    assert plain(found) == [("0-0", "take", 1)]


def test_somebody_who_stands_still_before_the_shelf_and_leaves_changes_nothing() -> None:
    assert told(Shelf(seed=11, stander=(3.0, 18.0)), 22).changes == []


def test_somebody_who_was_there_first_and_leaves_changes_nothing() -> None:
    assert told(Shelf(seed=12, stander=(0.0, 6.0)), 20).changes == []


def test_a_take_behind_a_body_is_told_when_the_body_is_gone() -> None:
    shelf = Shelf(seed=13, acts=[Act(5.0, (1, 1))], stander=(3.0, 8.0))
    assert plain(told(shelf, 13)) == [("1-1", "take", 1)]


def test_a_picture_of_the_empty_shelf_settles_the_sign_and_the_number() -> None:
    shelf = Shelf(seed=14, depth=2, acts=[Act(3.0, (0, 1)), Act(3.2, (0, 1))])
    empty = shelf.backdrop.astype(np.uint8)
    assert plain(told(shelf, 8, empty=empty)) == [("0-1", "take", 2)]


@pytest.mark.parametrize("seed", [1, 3, 4, 9])
def test_a_foreign_item_before_a_stocked_one_is_a_put(seed: int) -> None:
    """It covers what it hides, so an outline is there before and after; but the slot never showed such colours."""
    shelf = Shelf(seed=seed, acts=[Act(2.5, (0, 1), "put", foreign=True)])
    assert plain(told(shelf, 6)) == [("0-1", "put", 1)]


def test_events_say_when_the_slot_was_not_visible() -> None:
    shelf = Shelf(seed=15, acts=[Act(3.0, (0, 1))])
    watch = SlotWatch("shelf", shelf.slots(), ShelfVision())
    events = [event for picture, at_ns in shelf.pictures(7) for event in watch.see(picture, at_ns)]
    [change] = [event for event in events if hasattr(event, "change")]
    assert 1.8e9 <= change.began_ns < 3.0e9 < change.ended_ns <= 4.3e9
    assert change.ended_ns < change.captured_ns
    assert 950_000 < change.confidence_ppm < 1_000_000


def test_a_slot_outside_the_picture_names_the_cure() -> None:
    watch = SlotWatch("shelf", [SlotShape("far", box(300, 10, 400, 90))], ShelfVision())
    with pytest.raises(BadInput, match=r"slot far.*outside the picture of 320x240"):
        watch.see(np.zeros((240, 320, 3), np.uint8), 0)


def test_a_picture_that_changes_its_size_is_refused() -> None:
    watch = SlotWatch("shelf", [SlotShape("a", box(10, 10, 90, 90))], ShelfVision())
    watch.see(np.zeros((240, 320, 3), np.uint8), 0)
    with pytest.raises(BadInput, match="640x480 pixels now, it was 320x240"):
        watch.see(np.zeros((480, 640, 3), np.uint8), 100_000_000)


def test_polygons_are_watched_like_boxes() -> None:
    config = parse(
        """
        [store]
        id = "s"
        currency = "KRW"
        [[product]]
        sku = "a"
        name = "A"
        [[camera]]
        id = "shelf"
        role = "shelf"
        [[slot]]
        id = "tilted"
        camera = "shelf"
        polygon_px = [[40, 30], [110, 38], [104, 100], [36, 92]]
        sku = "a"
        """
    )
    watch = SlotWatch.from_config(config, "shelf")
    random = np.random.default_rng(1)
    events = []
    for number in range(80):
        picture = np.full((240, 320, 3), 140, np.uint8)
        if number < 30:
            picture[40:92, 48:100] = (30, 60, 200)
            picture[55:70, 60:90] = (220, 220, 30)
        if 25 <= number < 35:
            picture[:75, 60:80] = (120, 150, 200)
        noisy = picture + random.normal(0, 2, picture.shape)
        events += watch.see(np.clip(noisy, 0, 255).astype(np.uint8), number * 100_000_000)
    assert [(e.slot, e.change) for e in events if hasattr(e, "change")] == [("tilted", "take")]


def test_an_unreadable_empty_picture_names_its_key() -> None:
    config = parse('[store]\nid = "s"\ncurrency = "KRW"\n[shelf_vision]\nempty_picture = "none.png"\n')
    with pytest.raises(BadInput, match=r"shelf_vision\.empty_picture"):
        SlotWatch.from_config(config, "shelf")


@pytest.mark.parametrize("again_s", [3.8, 4.0])
def test_a_take_and_a_put_of_another_item_right_after_it_are_two_changes(again_s: float) -> None:
    shelf = Shelf(seed=3, acts=[Act(2.5, (0, 1)), Act(again_s, (0, 1), "put", foreign=True)])
    assert plain(told(shelf, 7)) == [("0-1", "take", 1), ("0-1", "put", 1)]


def test_what_comes_and_goes_while_somebody_is_near_is_nothing() -> None:
    """An arm that rests before a slot does the same; so an item that was away for half a second is not told either."""
    assert plain(told(Shelf(seed=3, acts=[Act(2.5, (0, 1)), Act(4.0, (0, 1), "put")]), 7)) == []


def test_two_changes_of_one_kind_right_after_each_other_are_told_as_one() -> None:
    """A change of light between two hands looks like a second take; a scale tells whether it was one."""
    shelf = Shelf(
        seed=3, depth=2, acts=[Act(2.5, (0, 1)), Act(3.8, (0, 1))], gain=lambda at_s: 1.0 if at_s < 3.5 else 0.7
    )
    assert plain(told(shelf, 7)) == [("0-1", "take", 1)]


def memory_after(changed: float, hand: bool) -> list[str]:
    """A slot of which a third becomes another thing, that differs in so few pixels; with or without a hand."""
    known = np.full((50, 40, 3), 120, np.float32)
    known[:, ::4] = 90
    other = known.copy()
    other[:20, :20] = (60, 60, 200)  # four of twenty cells
    rules = SlotRules(threshold=0.55, light_threshold=0.2, stable_ns=600 * MS, confirm_ns=300 * MS)
    memory = SlotMemory("cam", SlotShape(id="s", corners_px=box(0, 0, 40, 50), count=2), rules)
    close = np.ones((50, 40), np.bool_)
    told = []
    for number in range(50):
        patch, before = (known, True) if number < 20 else (other, False)
        sight = Sight(
            at_ns=number * 100 * MS, touched=hand and 15 <= number < 25, hidden=True, reached=False, crowded=0.0,
            alone=True, shaded=False, changed=0.0 if before else changed, offset=np.zeros(3, np.float32),
            planes=log_planes(patch), close=close, layer=(0,), foreign=lambda began_ns, ended_ns: False,
        )  # fmt: skip
        told += [event.change for event in memory.see(patch, sight).events if isinstance(event, ShelfChanged)]
    return told


def test_few_changed_pixels_are_believed_sooner_where_a_hand_was() -> None:
    """A grey pack before a grey shelf differs by little more than a shadow does."""
    assert memory_after(0.20, hand=False) != []
    assert memory_after(0.03, hand=False) == []
    assert memory_after(0.03, hand=True) != []
