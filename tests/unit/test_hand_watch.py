"""Hands in slots and whose they are: written-down hands and drawn shelves."""

from __future__ import annotations

import numpy as np
import pytest

from edge.config import ConfigError, ShelfVision, parse
from edge.core.events import Event, HealthChanged, ShelfChanged, ShelfReached, TracksSeen
from tests.unit.shelf_scenes import Act, Shelf
from vision.boxes import Box
from vision.hand_watch import MOST_PARTS, HandWatch, body_behind, in_slot, parts
from vision.hands import TIPS, Hand, NoHands, choose_hands
from vision.places import SlotShape, box
from vision.planes import Picture
from vision.shelf_watch import ShelfWatch
from vision.slots import SlotWatch

SLOT = SlotShape("s", box(100, 100, 140, 160))
PICTURE = np.zeros((240, 320, 3), np.uint8)
MS = 1_000_000


def hand(x: float, y: float, down: bool = True) -> Hand:
    """A hand whose finger tips are at (x, y); it comes from above, or from below."""
    way = 1 if down else -1
    points = np.array([[x, y - 40 * way * (1 - number / 20)] for number in range(21)], np.float32)
    points[list(TIPS)] = (x, y)
    points[9] = (x, y - 20 * way)
    return Hand(points, 0.9)


class Written:
    """A finder that gives the hands that were written down, wherever it is told to look."""

    problem = ""

    def __init__(self, *hands: Hand) -> None:
        self.able, self.looked, self.closed = True, 0, False
        self._hands = list(hands)

    def find(self, picture: Picture, part: tuple[int, int, int, int]) -> list[Hand]:
        self.looked += 1
        return self._hands

    def describe(self) -> str:
        return "written down"

    def close(self) -> None:
        self.closed = True


def reach(slot: str = "s", began_ms: int = 0, ended_ms: int = 900) -> ShelfReached:
    return ShelfReached(
        captured_ns=1400 * MS, source="c", camera="c", slot=slot, began_ns=began_ms * MS, ended_ns=ended_ms * MS
    )


def seen(finder: Written, bodies: dict[str, Box] | None = None, times_ms: tuple[int, ...] = (300, 450)) -> HandWatch:
    watch = HandWatch(finder)
    for at_ms in times_ms:
        watch.look(PICTURE, at_ms * MS, [SLOT], bodies or {})
    return watch


def test_a_hand_in_the_slot_makes_the_reach_a_hands() -> None:
    found = seen(Written(hand(120, 130))).explain(reach())
    assert (found.by, found.track) == ("hand", None)


def test_a_hand_beside_the_slot_or_at_another_time_leaves_the_event_as_it_is() -> None:
    assert seen(Written(hand(200, 130))).explain(reach()) == reach()
    watch = seen(Written(hand(120, 130)))
    assert watch.explain(reach(began_ms=2000, ended_ms=3000)) == reach(began_ms=2000, ended_ms=3000)
    assert watch.explain(reach("other")) == reach("other")


def test_nobody_looks_where_nothing_reaches_or_more_often_than_needed() -> None:
    finder = Written(hand(120, 130))
    watch = HandWatch(finder)
    watch.look(PICTURE, 0, [], {})
    assert finder.looked == 0
    for at_ms in range(0, 1000, 33):
        watch.look(PICTURE, at_ms * MS, [SLOT], {})
    assert 8 <= finder.looked <= 10


def test_it_is_the_hand_of_the_body_behind_the_forearm() -> None:
    bodies: dict[str, Box] = {"above": (90, 10, 150, 80), "beside": (200, 60, 260, 230), "below": (90, 170, 150, 239)}
    assert body_behind(hand(120, 130), bodies) == "above"
    assert body_behind(hand(120, 130, down=False), bodies) == "below"
    assert body_behind(hand(300, 130), {"above": bodies["above"]}) is None
    assert seen(Written(hand(120, 130)), bodies).explain(reach()).track == "above"


def test_of_two_bodies_in_line_it_is_the_nearer_one() -> None:
    bodies: dict[str, Box] = {"far": (90, 0, 150, 60), "near": (100, 40, 140, 100)}
    assert body_behind(hand(120, 130), bodies) == "near"


def test_a_finger_tip_in_the_slot_is_enough_and_a_knuckle_is_not() -> None:
    assert in_slot(hand(120, 102), SLOT)
    assert not in_slot(hand(120, 95), SLOT)


def test_what_is_looked_at_holds_the_slots_and_stays_small() -> None:
    row = [SlotShape(str(n), box(10 + 75 * n, 10, 40 + 75 * n, 60)) for n in range(4)]
    for chosen in (row[:1], row[:2], row):
        found = parts(chosen, 320, 240)
        assert 0 < len(found) <= MOST_PARTS
        assert all(0 <= left < right <= 320 and 0 <= top < bottom <= 240 for left, top, right, bottom in found)
    [whole] = parts(row, 320, 240)
    assert whole[0] == 0
    assert whole[2] >= 265


def test_without_weights_nobody_looks_for_hands(tmp_path: object) -> None:
    finder = choose_hands(str(tmp_path))
    assert not finder.able
    assert finder.problem == ""
    assert "muin models pull mediapipe_hands" in finder.describe()


def shelf_events(watch: ShelfWatch, shelf: Shelf, length_s: float) -> list[Event]:
    events = [event for picture, at_ns in shelf.pictures(length_s) for event in watch.see(picture, at_ns)]
    return [*events, *watch.flush()]


def watched(shelf: Shelf, finder: Written | NoHands, unjudged: frozenset[str] = frozenset()) -> ShelfWatch:
    slots = SlotWatch("shelf", shelf.slots(), ShelfVision())
    return ShelfWatch("shelf", slots, HandWatch(finder), unjudged=unjudged)


def test_on_a_shelf_the_reach_is_explained_and_the_take_told_as_before() -> None:
    shelf = Shelf(seed=3, acts=[Act(2.5, (0, 1))])
    corners = next(slot.corners_px for slot in shelf.slots() if slot.id == "0-1")
    finder = Written(hand(corners[0][0] + 20, corners[0][1] + 20))
    events = shelf_events(watched(shelf, finder), shelf, 6)
    reaches = {event.slot: event.by for event in events if isinstance(event, ShelfReached)}
    assert reaches["0-1"] == "hand"
    assert [event.slot for event in events if isinstance(event, ShelfChanged)] == ["0-1"]
    assert finder.closed
    assert not [event for event in events if isinstance(event, TracksSeen)]
    again = Shelf(seed=3, acts=[Act(2.5, (0, 1))])
    plain = shelf_events(watched(again, NoHands()), again, 6)
    assert {event.by for event in plain if isinstance(event, ShelfReached)} == {"body"}


def test_a_slot_that_others_judge_is_reached_into_and_never_changes() -> None:
    shelf = Shelf(seed=3, acts=[Act(2.5, (0, 1))])
    events = shelf_events(watched(shelf, NoHands(), frozenset({"0-1"})), shelf, 6)
    assert not [event for event in events if isinstance(event, ShelfChanged)]
    assert "0-1" in {event.slot for event in events if isinstance(event, ShelfReached)}


def test_weights_that_cannot_be_used_are_told_once() -> None:
    shelf = Shelf(seed=3)
    events = shelf_events(watched(shelf, NoHands("spoiled")), shelf, 1)
    [told] = [event for event in events if isinstance(event, HealthChanged)]
    assert (told.device, told.state, told.detail) == ("shelf:hands", "degraded", "spoiled")


FEEDER = """
[store]
id = "s"
currency = "KRW"
[[product]]
sku = "can"
name = "Can"
{tag}
[[camera]]
id = "c"
role = "shelf"
[[plate]]
id = "p"
[[slot]]
id = "feeder"
camera = "c"
box_px = [0, 0, 40, 60]
sku = "can"
judged_by = "others"
{plates}
"""


def test_a_feeder_needs_somebody_else_who_judges_it() -> None:
    with pytest.raises(ConfigError, match=r'slot\[0\].judged_by: "others" are missing: name the plates'):
        parse(FEEDER.format(tag="", plates=""))
    assert parse(FEEDER.format(tag="", plates='plates = ["p"]')).slot[0].judged_by == "others"
    assert parse(FEEDER.format(tag='epc = "AB"', plates="")).slot[0].judged_by == "others"
    watch = ShelfWatch.from_config(parse(FEEDER.format(tag='epc = "AB"', plates="")), "c")
    assert watch.unjudged == {"feeder"}
    assert watch.people is None
