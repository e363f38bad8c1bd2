"""People whom the tracker loses stay inside and stay themselves; a tag belongs to who is seen at the way out."""

from __future__ import annotations

from edge.core import commands, events
from tests.unit.core_shop import MS, SHOP, Feeder, S

P1 = (2_000, 2_000, 1_000)
DEEP = (7_000, 4_000, 1_000)
GATE = (1_500, -600, 1_000)
DOOR = (1_500, 0, 1_000)
NO_GATE = SHOP[: SHOP.index("[[door]]")] + SHOP[SHOP.index("[[rfid_reader]]") :]


def lines(bill: commands.CloseVisit) -> dict[tuple[str, str], int]:
    return {(line.sku, line.status): line.quantity for line in bill.lines}


def test_who_vanishes_deep_inside_comes_back_under_another_number_with_the_same_cart() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 6, a=P1)
    feeder.walk(6, 7, a=DEEP)
    feeder.walk(7, 12)  # five seconds unseen: longer than it takes to be gone
    feeder.walk(12, 14, z=DEEP)
    feeder.walk(14, 15, z=GATE)
    feeder.walk(15, 20)
    feeder.tick(24 * S)
    (bill,) = feeder.bills()
    assert (bill.shopper, bill.tracks) == ("ann", ("a", "z"))
    assert lines(bill) == {("tea", "charged"): 1}


def test_who_vanishes_at_the_gate_is_gone_at_once() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.walk(5, 6, a=GATE)
    feeder.walk(6, 12)
    assert [bill.outcome for bill in feeder.bills()] == ["nothing"]


def test_who_is_counted_out_is_gone_though_lost_far_from_the_gate() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 6, a=DEEP)
    feeder.feed(events.PassageCounted(captured_ns=6 * S, source="gate", gate="gate", direction="out", total=1))
    feeder.walk(6, 12)
    assert [bill.outcome for bill in feeder.bills()] == ["nothing"]


def test_of_two_lost_bodies_the_one_that_can_have_walked_there_goes_on() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 4, a=P1, b=(1_500, 500, 1_000))
    feeder.walk(4, 5, a=P1, b=DEEP)
    feeder.walk(5, 6)
    feeder.walk(6, 8, z=(2_200, 2_000, 1_000))
    tracks = {visit.shopper: visit.tracks for visit in feeder.store._shop.open_visits()}
    assert tracks == {"ann": ["a", "z"], "bob": ["b"]}


def test_a_tag_belongs_to_who_is_still_seen_at_the_way_out() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 5, a=GATE, b=P1)
    feeder.walk(5, 6.2, b=GATE)  # Ann is out; where she was seen last is nearer to the gate than anybody
    for number in range(8):
        feeder.feed(
            events.TagRead(
                captured_ns=round(6.2 * S) + number * 50 * MS, source="portal", reader="portal", antenna=1,
                epc="AA0100000000000000000001", rssi_cdbm=-5_500,
            )
        )  # fmt: skip
    feeder.walk(6.6, 7.4, b=GATE)
    found = {visit.shopper: len(visit.tags) for visit in feeder.store._shop.open_visits()}
    assert found == {"ann": 0, "bob": 1}


def test_a_body_of_another_height_is_somebody_else() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    for at_ms, track, head_mm in [(ms, "a", 1_780) for ms in range(1_000, 6_000, 100)] + [
        (ms, "z", 1_560) for ms in range(7_000, 12_000, 100)
    ]:
        people = (events.Person(track=track, place_mm=(7_000, 4_000), head_mm=(7_000, 4_000, head_mm)),)
        feeder.feed(events.TracksSeen(captured_ns=at_ms * MS, source="t", people=people))
    assert [visit.tracks for visit in feeder.store._shop.open_visits()] == [["a"]]


def test_a_tag_between_two_sightings_is_not_given_to_who_is_out() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 4, a=(1_500, 900, 1_000), b=P1)
    feeder.walk(4, 5, b=P1)
    feeder.walk(5, 6.5)  # the tracker has lost Bob, too, on his way out
    feeder.feed(
        events.TagRead(
            captured_ns=round(6.2 * S), source="portal", reader="portal", antenna=1,
            epc="AA0100000000000000000001", rssi_cdbm=-5_500,
        )
    )  # fmt: skip
    feeder.walk(6.6, 6.9)
    assert all(not visit.tags for visit in feeder.store._shop.open_visits() if visit.shopper == "ann")


def heads(feeder: Feeder, track: str, from_ms: int, to_ms: int, head_mm: int, place_mm: tuple[int, int]) -> None:
    for at_ms in range(from_ms, to_ms, 100):
        person = events.Person(track=track, place_mm=place_mm, head_mm=(*place_mm, head_mm))
        feeder.feed(events.TracksSeen(captured_ns=at_ms * MS, source="t", people=(person,)))


def test_who_bends_down_out_of_sight_near_the_gate_is_still_the_same() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    heads(feeder, "a", 1_000, 6_000, 1_670, (1_500, 2_000))
    feeder.walk(6, 8)
    heads(feeder, "z", 8_000, 9_000, 1_280, (1_600, 2_100))  # at the floor, 1.6 m from the gate
    heads(feeder, "z", 9_000, 13_000, 1_670, (1_600, 2_100))
    assert [visit.tracks for visit in feeder.store._shop.open_visits()] == [["a", "z"]]


def test_somebody_small_who_comes_in_by_the_gate_is_somebody_else() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    heads(feeder, "a", 1_000, 6_000, 1_670, (1_500, 2_400))
    feeder.walk(6, 7)
    heads(feeder, "z", 7_000, 9_000, 1_280, (1_500, 600))
    assert [visit.tracks for visit in feeder.store._shop.open_visits()] == [["a"]]


def test_a_tag_at_the_way_out_is_not_given_to_who_is_out_while_a_stranger_stands_there() -> None:
    for stranger, given in (({}, 1), ({"z": (1_500, 900, 1_000)}, 0)):  # nobody knows yet whose body this is
        feeder = Feeder()
        feeder.shows(0.5, "ann")
        feeder.walk(1, 4, a=P1)
        feeder.walk(4, 5, a=(1_500, 700, 1_000))
        feeder.walk(5, 5.4, a=(1_500, 700, 1_000), **stranger)
        feeder.walk(5.4, 7, **stranger)
        feeder.feed(
            events.TagRead(
                captured_ns=7 * S, source="portal", reader="portal", antenna=1,
                epc="AA0100000000000000000001", rssi_cdbm=-5_500,
            )
        )  # fmt: skip
        feeder.walk(7, 8.2, **stranger)
        tags = [len(visit.tags) for visit in feeder.store._shop.state.visits.values() if visit.shopper == "ann"]
        assert tags == [given]


def test_who_goes_on_under_a_new_number_is_not_also_the_stranger_beside_whom_the_old_one_was_lost() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 4.8, a=P1)
    feeder.walk(4.8, 5, a=P1, z=(2_600, 2_000, 1_000))
    feeder.walk(5, 6, z=(2_600, 2_000, 1_000))
    feeder.walk(6, 12, z=(3_200, 2_000, 1_000), y=P1)
    tracks = {visit.shopper: visit.tracks for visit in feeder.store._shop.open_visits()}
    assert tracks == {"ann": ["a", "y"], None: ["z"]}


def two_in_on_one_grant(*totals: int) -> str:
    """Ann is let in; a beam counts bodies while the tracker sees nobody; then one body is seen, and takes a tea."""
    feeder = Feeder(SHOP[: SHOP.index("[[slot]]")])
    feeder.alive("p1", "p2", "p3")
    feeder.walk(0.1, 0.3)
    feeder.shows(0.5, "ann")
    for count, total in enumerate(totals):
        at_ns = S + count * S // 2
        feeder.feed(events.PassageCounted(captured_ns=at_ns, source="beam", gate="gate", direction="in", total=total))
    feeder.walk(2.5, 3, a=GATE)
    feeder.walk(3, 6, a=P1)
    feeder.step(6.0, "p1", -520)
    feeder.walk(6, 8, a=P1)
    feeder.walk(8, 9, a=GATE)
    feeder.walk(9, 14)
    feeder.tick(24 * S)
    (bill,) = [bill for bill in feeder.bills() if bill.shopper == "ann"]
    return bill.lines[0].status


def test_of_two_bodies_that_came_in_on_one_grant_unseen_either_may_be_the_one_with_the_credential() -> None:
    assert two_in_on_one_grant(1) == "charged"
    assert two_in_on_one_grant(1, 1) == "charged", "one count, told twice"
    assert two_in_on_one_grant(1, 2) == "review"


def test_who_comes_back_is_not_the_one_who_vanished_farther_off() -> None:
    """Ann goes out of sight at the gate, Bob bending down well beside it; then Bob rises under a new number."""
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 3, a=P1, b=GATE)
    feeder.walk(3, 5, a=P1, b=(2_100, 600, 1_000))
    feeder.walk(5, 6, a=DOOR, b=(2_100, 600, 1_000))
    feeder.walk(6, 6.5, a=DOOR)
    feeder.walk(6.5, 8.2)
    feeder.walk(8.2, 12, z=(2_150, 600, 1_000))
    feeder.walk(12, 13, z=GATE)
    feeder.walk(13, 19)
    feeder.tick(30 * S)
    assert {bill.shopper: bill.tracks for bill in feeder.bills()}["ann"] == ("a",)


def test_where_nobody_told_the_gates_people_go_out_where_they_came_in() -> None:
    feeder = Feeder(NO_GATE)
    feeder.walk(1, 2, a=GATE)
    feeder.walk(2, 5, a=P1)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 6, a=P1)
    feeder.walk(6, 7, a=DEEP)
    feeder.walk(7, 12)  # five seconds unseen: longer than it takes to be gone
    feeder.walk(12, 14, z=DEEP)
    feeder.walk(14, 15, z=GATE)
    feeder.walk(15, 20)
    feeder.tick(24 * S)
    (bill,) = feeder.bills()
    assert bill.tracks == ("a", "z")
    assert lines(bill) == {("tea", "charged"): 1}


def stands(feeder: Feeder, from_s: float, to_s: float, track: str, where: tuple[int, int, int], tall_mm: int) -> None:
    """As `walk`, of one body whose head is seen."""
    x, y, z = where
    for step in range(round(from_s * 10), round(to_s * 10)):
        body = events.Person(
            track=track, place_mm=(x, y - 500), head_mm=(x, y - 500, tall_mm), hands_mm=((x, y - 115, z + 95),)
        )
        feeder.feed(events.TracksSeen(captured_ns=step * 100 * MS, source="tracker", people=(body,)))


def test_who_comes_in_by_the_gate_after_somebody_left_there_is_somebody_else() -> None:
    for seen_s in (11.4, 12.2, 12.5, 12.8):
        feeder = Feeder()
        feeder.shows(0.5, "ann")
        stands(feeder, 1, 9, "a", P1, 1_600)
        stands(feeder, 9, 10, "a", GATE, 1_600)
        feeder.walk(10, seen_s)
        stands(feeder, seen_s, 14.5, "b", GATE, 1_800)
        feeder.shows(14.5, "bob")
        stands(feeder, 14.6, 16, "b", P1, 1_800)
        feeder.step(16.0, "p1", -520)
        stands(feeder, 16, 18, "b", P1, 1_800)
        stands(feeder, 18, 19, "b", GATE, 1_800)
        feeder.walk(19, 25)
        feeder.tick(40 * S)
        assert {bill.shopper: lines(bill) for bill in feeder.bills()} == {"ann": {}, "bob": {("tea", "charged"): 1}}


def test_a_second_showing_keeps_the_place_of_a_body_that_comes_late() -> None:
    feeder = Feeder(SHOP[: SHOP.index("[[slot]]")])
    feeder.alive("p1", "p2", "p3")
    feeder.walk(0.1, 0.3)
    feeder.shows(0.5, "ann")
    feeder.shows(14.0, "ann")
    feeder.feed(events.PassageCounted(captured_ns=17 * S, source="beam", gate="gate", direction="in", total=1))
    feeder.walk(17.5, 18, a=GATE)
    feeder.walk(18, 21, a=P1)
    feeder.step(21.0, "p1", -520)
    feeder.walk(21, 23, a=P1)
    feeder.walk(23, 24, a=GATE)
    feeder.walk(24, 30)
    feeder.tick(40 * S)
    assert [lines(bill) for bill in feeder.bills() if bill.shopper == "ann"] == [{("tea", "charged"): 1}]
