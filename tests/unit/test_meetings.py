"""Two bodies meet: a tracker that exchanges their numbers is put right by motion and stature, or its doubt is told."""

from __future__ import annotations

import pytest

from edge.core import commands, meetings, numbers
from edge.core.events import Person, TracksSeen
from edge.core.tracks import Tracks
from edge.core.visits import Spell, State, Visit
from tests.unit.core_shop import MS, SHOP, Feeder, S

ANN, BOB = 1_650, 1_580
NO_GATE = SHOP.replace(SHOP[SHOP.index("[[door]]") : SHOP.index("[[rfid_reader]]")], "")


def frame(at_ms: int, *people: tuple[str, tuple[int, int], int]) -> TracksSeen:
    return TracksSeen(
        captured_ns=at_ms * MS,
        source="t",
        people=tuple(
            Person(track=track, place_mm=place, head_mm=(*place, head_mm), hands_mm=((*place, 950),))
            for track, place, head_mm in people
        ),
    )


def cross(apart_mm: int, heads: tuple[int, int] = (ANN, BOB), until_ms: int = 6_000, swap_ms: int = 3_000) -> Tracks:
    """Ann walks past Bob at `apart_mm`; from `swap_ms` on the tracker calls each by the other's number."""
    tracks = Tracks()
    for at_ms in range(0, until_ms, 100):
        ann, bob = (at_ms - 3_000, 0), (0, apart_mm)
        numbers = ("1", "2") if at_ms < swap_ms else ("2", "1")
        tracks.see(frame(at_ms, (numbers[0], ann, heads[0]), (numbers[1], bob, heads[1])))
    return tracks


@pytest.mark.parametrize("apart_mm", [450, 120])
def test_an_exchange_is_put_right_by_motion_or_by_stature(apart_mm: int) -> None:
    tracks = cross(apart_mm)
    assert tracks.trails["1"].last_place() == (2_900, 0)
    assert tracks.trails["2"].last_place() == (0, apart_mm)
    assert [spot.place_mm for spot in tracks.trails["2"].spots if spot.at_ns >= 3_000 * MS] == [(0, apart_mm)] * 30


def test_where_motion_tells_nothing_the_exchange_was_in_the_middle_of_that_time() -> None:
    meeting = meetings._Meeting(None)
    meeting.blur_ns = (2 * S, 4 * S)
    meeting.suspect(meetings.PLAUSIBLE_MNAT - 1, 2 * S)
    assert meeting.exchanged_ns == 3 * S
    meeting.suspect(meetings.PLAUSIBLE_MNAT, 2 * S)
    assert meeting.exchanged_ns == 2 * S


def test_a_jump_onto_each_others_place_is_none_where_the_heads_are_as_before() -> None:
    tracks = Tracks()
    for at_ms in range(0, 6_000, 100):
        ann, bob = (max(0, 2_000 - at_ms), 0), (0, 420)
        if at_ms == 4_000:  # both places are seen badly, once
            ann, bob = bob, ann
        tracks.see(frame(at_ms, ("1", ann, BOB + 200), ("2", bob, BOB)))
        assert not tracks.renumbered, at_ms
    assert tracks.trails["1"].last_place() == (0, 0)


def test_nothing_is_exchanged_where_the_tracker_is_right() -> None:
    tracks = cross(120, swap_ms=99_000)
    assert tracks.trails["1"].last_place() == (2_900, 0)


def test_two_of_a_height_that_may_have_been_exchanged_are_told_as_a_doubt() -> None:
    tracks, doubts = Tracks(), []
    for at_ms in range(0, 9_000, 100):
        ann = (min(0, at_ms - 3_000), 0) if at_ms < 4_000 else (4_000 - at_ms, 0)
        numbers = ("1", "2") if at_ms < 3_000 else ("2", "1")
        tracks.see(frame(at_ms, (numbers[0], ann, ANN), (numbers[1], (0, 190), ANN)))
        doubts += tracks.doubts
    assert [doubt.tracks for doubt in doubts] == [("1", "2")]
    assert 10_000 <= doubts[0].ppm <= 500_000


def test_a_late_frame_is_read_with_the_numbers_of_its_moment() -> None:
    tracks = cross(450, until_ms=3_300)
    tracks.see(frame(2_950, ("1", (-50, 0), ANN), ("2", (0, 450), BOB)))
    for at_ms in range(3_300, 5_000, 100):
        tracks.see(frame(at_ms, ("2", (at_ms - 3_000, 0), ANN), ("1", (0, 450), BOB)))
    assert tracks.trails["1"].last_place() == (1_900, 0)


def test_who_bends_down_beside_somebody_is_not_taken_for_somebody_smaller() -> None:
    tracks = Tracks()
    for at_ms in range(0, 6_000, 100):
        bent = 400 if 2_000 <= at_ms < 4_500 else 0
        tracks.see(frame(at_ms, ("1", (max(0, 2_000 - at_ms), 0), ANN - bent), ("2", (60, 60), BOB)))
    assert tracks.trails["1"].last_place() == (0, 0)


def shop_of_two(swap_ms: int, heads: tuple[int, int], apart_mm: int) -> Feeder:
    """Ann walks past Bob, who stands at p1; the tracker exchanges their numbers; then Bob takes a tea."""
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.feed(frame(1_000, ("1", (1_500, 600), heads[0])))
    feeder.shows(1.5, "bob")
    for at_ms in range(2_000, 20_000, 100):
        bob = (1_500 + min(500, (at_ms - 2_000) // 2), 500 + min(1_000, at_ms - 2_000))
        ann = (5_000 - max(0, min(3_000 - apart_mm, at_ms - 4_000)) - max(0, min(3_000, at_ms - 8_500)), 1_500)
        numbers = ("1", "2") if at_ms < swap_ms else ("2", "1")
        grip = (2_000, 1_885, 1_095) if 11_000 <= at_ms < 13_000 else (*bob, 950)
        people = (
            Person(track=numbers[0], place_mm=ann, head_mm=(*ann, heads[0]), hands_mm=((*ann, 950),)),
            Person(track=numbers[1], place_mm=bob, head_mm=(*bob, heads[1]), hands_mm=(grip,)),
        )
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="t", people=people))
    feeder.step(12.0, "p1", -520)
    feeder.walk(20, 46)
    feeder.tick(60 * S)
    return feeder


def test_the_bill_goes_to_the_body_and_names_the_number_that_it_had_longest() -> None:
    bills = {bill.shopper: bill for bill in shop_of_two(7_000, (ANN, BOB), 120).bills()}
    assert {name: bill.outcome for name, bill in bills.items()} == {"ann": "nothing", "bob": "charged"}
    assert (bills["ann"].tracks, bills["bob"].tracks) == (("2",), ("1",))


def test_a_cart_that_may_be_somebody_elses_is_not_charged() -> None:
    bills = {bill.shopper: bill for bill in shop_of_two(7_000, (ANN, ANN), 230).bills()}
    assert all(bill.outcome != "charged" for bill in bills.values())
    assert any(line.confidence_ppm < 980_000 for bill in bills.values() for line in bill.lines)


def test_a_body_that_was_taken_for_one_out_of_sight_is_parted_when_that_one_is_back() -> None:
    feeder = Feeder(NO_GATE)
    for at_ms in range(1_000, 9_000, 100):
        people = [] if 2_000 <= at_ms < 4_000 else [("1", (1_500, 1_500 + at_ms // 4), ANN)]
        people += [("2", (1_400, 800), ANN)] if at_ms >= 2_800 else []
        feeder.feed(frame(at_ms, *people))
    feeder.walk(9, 15)
    feeder.tick(40 * S)
    assert sorted(bill.tracks for bill in feeder.bills()) == [("1",), ("2",)]
    assert len([order for order in feeder.orders if isinstance(order, commands.OpenVisit)]) == 2


def test_a_report_doubled_by_a_device_whose_clock_is_ahead_lets_nobody_else_in() -> None:
    feeder = Feeder()
    for at_ms in (500, 530):
        feeder.shows(at_ms / 1_000, "ann")
    assert len([order for order in feeder.orders if isinstance(order, commands.GrantPassage)]) <= 1
    feeder.tick(3 * S)
    assert len([order for order in feeder.orders if isinstance(order, commands.GrantPassage)]) == 1


def test_an_exchange_that_was_put_right_by_little_stays_a_doubt() -> None:
    tracks, doubts, moved = Tracks(), [], 0
    for at_ms in range(0, 9_000, 100):
        numbers = ("1", "2") if at_ms < 3_000 else ("2", "1")
        ann = (at_ms - 3_000, 0)
        tracks.see(frame(at_ms, (numbers[0], ann, ANN), (numbers[1], (0, 120), ANN - 58)))
        doubts += tracks.doubts
        moved += len(tracks.renumbered)
    assert moved == 2
    assert 5_000 <= doubts[0].ppm <= 300_000


def test_a_bill_names_numbers_by_how_long_others_were_seen_with_them_not_by_how_long_they_are_waited_for() -> None:
    feeder = Feeder()
    ann = Visit(id="a", shopper="ann", method="qr", gate="g", state=State.LEAVING, opened_ns=0, entered_ns=0)
    bob = Visit(id="b", shopper="bob", method="qr", gate="g", state=State.LEAVING, opened_ns=0, entered_ns=3 * S)
    for visit, track, number, seen_s in ((ann, "1", "2", 20), (bob, "2", "1", 19)):
        visit.tracks, visit.last_seen_ns = [track], seen_s * S
        visit.spells.append(Spell(track=track, number=number, since_ns=12 * S))
        feeder.store._shop.state.visits[visit.id] = visit
    assert numbers.tell(feeder.store._shop, ann) == ("1",)


def test_a_number_counts_for_a_visit_only_while_that_body_was_seen() -> None:
    feeder = Feeder()
    ann = Visit(id="a", shopper="ann", method="qr", gate="g", state=State.LEAVING, opened_ns=0, entered_ns=0)
    bob = Visit(id="b", shopper="bob", method="qr", gate="g", state=State.LEAVING, opened_ns=0, entered_ns=0)
    ann.tracks, ann.seen, ann.last_seen_ns = ["1", "3"], {"1": (0, 13 * S), "3": (13 * S, 30 * S)}, 30 * S
    bob.tracks, bob.seen, bob.last_seen_ns = ["2"], {"2": (S, 23 * S)}, 23 * S
    for visit, track, number in ((ann, "1", "2"), (bob, "2", "1")):
        visit.spells.append(Spell(track=track, number=number, since_ns=12 * S))
        feeder.store._shop.state.visits[visit.id] = visit
    assert numbers.tell(feeder.store._shop, bob) == ("2",)
    assert numbers.tell(feeder.store._shop, ann) == ("1", "3")


def test_what_was_taken_while_another_body_was_taken_for_this_one_is_not_charged() -> None:
    feeder = Feeder(NO_GATE)
    for at_ms in range(1_000, 12_000, 100):
        people = [("1", (2_000, 1_500), ANN)] if not 2_000 <= at_ms < 8_000 else []
        people += [("2", (2_000, 1_500), ANN)] if 2_800 <= at_ms < 8_000 else []
        people += [("2", (1_000, 700), ANN)] if at_ms >= 8_000 else []
        feeder.feed(frame(at_ms, *people))
        if at_ms == 6_000:
            feeder.step(6.0, "p1", -520)
    feeder.walk(12, 20)
    feeder.tick(40 * S)
    assert [bill.outcome for bill in feeder.bills() if bill.lines] == ["review"]
