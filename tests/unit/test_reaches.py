"""Who was in shelves more often than anything was seen to move may have put something back unseen."""

from __future__ import annotations

from edge.core import commands, events
from tests.unit.core_shop import SHOP, Feeder, S

P1 = (2_000, 2_000, 1_000)
P2 = (2_400, 2_000, 1_000)
AISLE = (1_200, 900, 1_000)
GATE = (1_500, -600, 1_000)
SLOT = '[[slot]]\nid = "s9"\ncamera = "cam"\nbox_px = [40, 0, 50, 10]\nsku = "tea"\nposition_mm = [2000, 2000, 1000]\n'


def by_camera(*reaches: tuple[int, int, int]) -> dict[tuple[str, str], int]:
    """Ann reaches to these places one after the other; a camera saw one tea go at the first of them."""
    feeder = Feeder(SHOP + SLOT)
    feeder.shows(0.5, "ann")
    for number, place in enumerate(reaches):
        feeder.walk(1 + 3 * number, 2 + 3 * number, a=place)
        feeder.walk(2 + 3 * number, 4 + 3 * number, a=AISLE)
    end_s = 4 + 3 * (len(reaches) - 1)
    feeder.feed(
        events.ShelfChanged(
            captured_ns=end_s * S, source="cam", camera="cam", slot="s9", change="take", began_ns=S, ended_ns=2 * S,
            sku="tea",
        )
    )  # fmt: skip
    return bill(feeder, end_s)


def bill(feeder: Feeder, from_s: float) -> dict[tuple[str, str], int]:
    feeder.walk(from_s, from_s + 1, a=GATE)
    feeder.walk(from_s + 1, from_s + 6)
    feeder.tick(round((from_s + 20) * S))
    (found,) = [order for order in feeder.orders if isinstance(order, commands.CloseVisit)]
    return {(line.sku, line.status): line.quantity for line in found.lines}


def test_what_a_camera_alone_saw_taken_is_charged_to_who_reached_once() -> None:
    assert by_camera(P1) == {("tea", "charged"): 1}


def test_who_reached_once_more_and_nothing_was_seen_may_have_put_it_back() -> None:
    assert by_camera(P1, P2) == {("tea", "review"): 1}


def weighed(place: tuple[int, int, int]) -> dict[tuple[str, str], int]:
    """Ann takes a tea from p1 by its scale, then reaches to a place; p2 is dead, the others spoke."""
    feeder = Feeder()
    for plate in ("p1", "p3"):
        feeder.feed(events.PlateSteady(captured_ns=S // 10, source="s", plate=plate, level_mg=5_000_000))
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", -520, 4_480)
    feeder.walk(5, 7, a=AISLE)
    feeder.walk(7, 8, a=place)
    feeder.walk(8, 10, a=AISLE)
    return bill(feeder, 10)


def test_what_is_light_may_have_been_put_back_where_nothing_was_felt() -> None:
    feeder = Feeder()
    for plate in ("p1", "p2", "p3"):
        feeder.feed(events.PlateSteady(captured_ns=S // 10, source="s", plate=plate, level_mg=5_000_000))
    feeder.shows(0.5, "ann")
    for at_s, plate, place, grams in ((5, "p1", P1, -520), (9, "p2", P2, -40)):
        feeder.walk(at_s - 4, at_s, a=AISLE)
        feeder.walk(at_s, at_s + 0.5, a=place)
        feeder.step(at_s + 0.5, plate, grams, 4_480)
    feeder.walk(9.5, 12, a=AISLE)
    feeder.walk(12, 13, a=P1)
    feeder.walk(13, 16, a=AISLE)
    assert bill(feeder, 16) == {("tea", "charged"): 1, ("gum", "review"): 1}


def test_a_hand_at_a_dead_plate_may_have_put_anything_back() -> None:
    assert weighed(P2) == {("tea", "review"): 1}


def test_a_hand_at_a_plate_that_speaks_has_done_what_it_felt() -> None:
    assert weighed((2_000, 2_000, 1_400)) == {("tea", "charged"): 1}


def test_a_long_day_of_others_does_not_hide_what_somebody_touched() -> None:
    feeder = Feeder(SHOP + SLOT)
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.walk(2, 4, a=AISLE)
    feeder.feed(
        events.ShelfChanged(
            captured_ns=4 * S, source="cam", camera="cam", slot="s9", change="take", began_ns=S, ended_ns=2 * S,
            sku="tea",
        )
    )  # fmt: skip
    for story in feeder.store._shop.state.stories:
        story.trace.clear()  # as after two dozen decisions about other people
    assert bill(feeder, 4) == {("tea", "charged"): 1}
