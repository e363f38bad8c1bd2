"""Hands away from shelves: what two of them exchange or one leaves on the floor is left open, never charged blindly."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core import commands, events, handing
from edge.core.chance import ONE
from edge.core.events import Person, PointMm, TracksSeen
from edge.core.hypotheses import LOOSE, Story, tell
from tests.unit.core_shop import MS, SHOP, Feeder, S

P1 = (2_000, 2_000, 1_000)
GATE = (1_500, -600, 1_000)
MEETING: PointMm = (2_500, 300, 1_050)


def stand(feeder: Feeder, from_s: float, to_s: float, hands: dict[str, PointMm], apart_mm: int = 600) -> None:
    """Two people face each other around x = 2,500, away from shelves, with these hands."""
    for at_ms in range(round(from_s * 1_000), round(to_s * 1_000), 100):
        people = tuple(
            Person(track=track, place_mm=(2_500 + side * apart_mm // 2, 300), hands_mm=(hands[track],))
            for track, side in (("a", -1), ("b", 1))
            if track in hands
        )
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))


def shop_with_two(**overrides: object) -> Feeder:
    """Ann (track a) has taken a tea, Bob (track b) nothing; both stand away from the shelf at 8 s."""
    feeder = Feeder(**overrides)
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 5, a=P1, b=GATE)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 7, a=P1, b=GATE)
    stand(feeder, 7, 8, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    return feeder


def leave(feeder: Feeder, from_s: float) -> dict[str | None, commands.CloseVisit]:
    feeder.walk(from_s, from_s + 1, a=GATE, b=(600, -600, 1_000))
    feeder.walk(from_s + 1, from_s + 6)
    feeder.tick(round((from_s + 14) * S))
    return {bill.shopper: bill for bill in feeder.bills()}


def lines(bill: commands.CloseVisit) -> dict[tuple[str, str], int]:
    return {(line.sku, line.status): line.quantity for line in bill.lines}


def test_after_two_hands_met_nobody_is_charged_for_what_may_have_changed_hands() -> None:
    feeder = shop_with_two()
    stand(feeder, 8, 8.9, {"a": MEETING, "b": MEETING})
    stand(feeder, 8.9, 10, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    bills = leave(feeder, 10)
    assert lines(bills["ann"]) == lines(bills["bob"]) == {("tea", "review"): 1}
    assert any(proof.rule == "hands-met" for line in bills["bob"].lines for proof in line.evidence)


def test_where_whoever_took_it_pays_hands_that_meet_change_nothing() -> None:
    feeder = shop_with_two(**{"picks.handed_over": "taker"})
    stand(feeder, 8, 8.9, {"a": MEETING, "b": MEETING})
    stand(feeder, 8.9, 10, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    bills = leave(feeder, 10)
    assert lines(bills["ann"]) == {("tea", "charged"): 1}
    assert bills["bob"].outcome == "nothing"


@pytest.mark.parametrize("span_s", [0.2, 6.0])
def test_hands_that_brush_or_hang_side_by_side_are_no_gesture(span_s: float) -> None:
    feeder = shop_with_two()
    stand(feeder, 8, 8 + span_s, {"a": MEETING, "b": MEETING})
    stand(feeder, 8 + span_s, 9 + span_s, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    assert lines(leave(feeder, 9 + span_s)["ann"]) == {("tea", "charged"): 1}


def test_hands_that_meet_at_a_shelf_are_busy_with_goods() -> None:
    feeder = shop_with_two()
    for at_ms in range(8_000, 8_900, 100):
        people = tuple(
            Person(track=track, place_mm=(x, 1_500), hands_mm=((2_000, 1_800, 1_050),))
            for track, x in (("a", 1_800), ("b", 2_300))
        )
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))
    stand(feeder, 8.9, 10, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    assert lines(leave(feeder, 10)["ann"]) == {("tea", "charged"): 1}


def test_people_who_walk_together_hand_nothing_over() -> None:
    feeder = shop_with_two()
    for number, at_ms in enumerate(range(8_000, 9_000, 100)):
        x = 2_500 - number * 120
        people = (
            Person(track="a", place_mm=(x - 300, 300), hands_mm=((x, 300, 1_050),)),
            Person(track="b", place_mm=(x + 300, 300), hands_mm=((x, 300, 1_050),)),
        )
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))
    feeder.walk(9, 10, a=GATE, b=(600, -600, 1_000))
    assert lines(leave(feeder, 10)["ann"]) == {("tea", "charged"): 1}


def test_after_a_hand_was_at_the_floor_the_pack_may_lie_there() -> None:
    feeder = shop_with_two()
    stand(feeder, 8, 8.5, {"a": (2_300, 250, 90)})
    stand(feeder, 8.5, 10, {"a": (2_250, 300, 950)})
    assert lines(leave(feeder, 10)["ann"]) == {("tea", "review"): 1}


def test_what_is_left_lying_goes_to_the_loss_account_when_the_shop_is_empty() -> None:
    feeder = Feeder()
    shop = feeder.store._shop
    shop.state.stories = [Story(weight=ONE, carts={LOOSE: {"tea": 2}})]
    handing.book_left_behind(shop, 5, empty=True)
    (loss,) = shop.out
    assert isinstance(loss, commands.BookLoss)
    assert (loss.sku, loss.quantity, loss.reason, loss.unit_minor) == ("tea", 2, "left-inside", 1_500)
    shop.out = []
    handing.book_left_behind(shop, 6, empty=True)
    assert shop.out == []


def test_in_a_shop_that_is_never_empty_what_lies_about_for_long_is_a_loss_too() -> None:
    shop = Feeder().store._shop
    felt = {LOOSE: {"tea": [520_000], "gum": [40_000]}}
    lying = Story(weight=ONE, carts={"v": {"gum": 1}, LOOSE: {"tea": 1}}, packs=felt)
    shop.state.stories = [lying, Story(weight=ONE // 4, carts={"v": {"gum": 1, "tea": 1}})]
    handing.book_left_behind(shop, 0, empty=False)
    shop.state.stories[0].carts[LOOSE]["gum"] = 1
    handing.book_left_behind(shop, handing.LIES_NS - 1, empty=False)
    assert shop.out == []
    handing.book_left_behind(shop, handing.LIES_NS, empty=False)
    assert [(loss.sku, loss.quantity) for loss in shop.out if isinstance(loss, commands.BookLoss)] == [("tea", 1)]
    best, other = shop.state.stories
    assert best.carts == {"v": {"gum": 1}, LOOSE: {"gum": 1}}, "it was put down later"
    assert best.packs == {LOOSE: {"gum": [40_000]}}
    assert other.carts == {"v": {"gum": 1, "tea": 1}}, "who may hold it holds it still"
    assert shop.state.loose["gum"].since_ns == handing.LIES_NS - 1


def test_what_the_likeliest_story_has_lying_there_only_now_has_not_lain_there_for_long() -> None:
    shop = Feeder().store._shop
    shop.state.stories = [Story(weight=ONE, carts={"v": {"tea": 1}}), Story(weight=ONE // 9, carts={LOOSE: {"tea": 1}})]
    handing.book_left_behind(shop, 0, empty=False)
    shop.state.stories = [Story(weight=ONE, carts={LOOSE: {"tea": 1}})]
    handing.book_left_behind(shop, handing.LIES_NS, empty=False)
    assert shop.out == []
    handing.book_left_behind(shop, 2 * handing.LIES_NS, empty=False)
    assert len(shop.out) == 1


@given(
    one=st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)),
    other=st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)),
)
def test_no_pack_is_made_or_lost_between_two_hands(one: dict[str, int], other: dict[str, int]) -> None:
    story = Story(weight=ONE, carts={name: cart for name, cart in (("x", one), ("y", other)) if cart})
    ways = handing._ways(story, "x", "y")
    for way in ways:
        told = tell(story, "g", "", way)
        assert Counter(told.held("x")) + Counter(told.held("y")) == Counter(one) + Counter(other)
    assert len(ways) == 1 + len(one) + len(other)


@pytest.mark.parametrize(("hand_mm", "outcome"), [(870, "charged"), (1_050, "review")])
def test_hands_that_hang_beside_each_other_give_nothing(hand_mm: int, outcome: str) -> None:
    feeder = shop_with_two()
    for at_ms in range(8_000, 8_900, 100):
        people = tuple(
            Person(
                track=track, place_mm=(2_500 + side * 250, 300), head_mm=(2_500 + side * 250, 300, 1_650),
                hands_mm=((2_500, 300, hand_mm),),
            )
            for track, side in (("a", -1), ("b", 1))
        )  # fmt: skip
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))
    stand(feeder, 8.9, 10, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    assert leave(feeder, 10)["ann"].outcome == outcome


@pytest.mark.parametrize(("bends_mm", "outcome"), [(60, "charged"), (380, "review")])
def test_who_bends_down_with_a_hand_unseen_may_have_laid_something_on_the_floor(bends_mm: int, outcome: str) -> None:
    feeder = shop_with_two()
    for at_ms in range(8_000, 10_000, 100):
        down = bends_mm if 8_800 <= at_ms < 9_300 else 0
        people = tuple(
            Person(track=track, place_mm=(x, 300), head_mm=(x, 300, 1_650 - low), hands_mm=((x, 300, 900),))
            for track, x, low in (("a", 2_200, down), ("b", 2_800, 0))
        )
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))
    assert leave(feeder, 10)["ann"].outcome == outcome


def meet(feeder: Feeder, for_ms: int, a: tuple[PointMm, ...], b: tuple[PointMm, ...], apart_mm: int) -> str:
    """Two people of 1.65 m show these hands for a while, then let them hang; the outcome of Ann's visit."""
    for at_ms in range(8_000, 10_000, 100):
        during = at_ms < 8_000 + for_ms
        people = tuple(
            Person(
                track=track, place_mm=(x, 300), head_mm=(x, 300, 1_650),
                hands_mm=hands if during else ((x, 100, 850), (x, 500, 850)),
            )
            for track, x, hands in (("a", 2_500 - apart_mm // 2, a), ("b", 2_500 + apart_mm // 2, b))
        )  # fmt: skip
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))
    return leave(feeder, 10)["ann"].outcome


@pytest.mark.parametrize(
    ("for_ms", "theirs", "outcome"),
    [
        (800, (), "review"),
        (800, ((2_900, 100, 850),), "review"),
        (300, (), "charged"),
        (800, ((2_900, 100, 850), (2_900, 500, 850)), "charged"),
    ],
)
def test_a_hand_held_out_to_somebody_whose_hands_are_not_both_seen(
    for_ms: int, theirs: tuple[PointMm, ...], outcome: str
) -> None:
    assert meet(shop_with_two(), for_ms, ((2_480, 300, 1_000),), theirs, 800) == outcome


@pytest.mark.parametrize(("for_ms", "outcome"), [(900, "review"), (400, "charged")])
def test_low_hands_that_stay_close_for_long_are_a_meeting(for_ms: int, outcome: str) -> None:
    hands = ((2_500, 300, 940),)
    assert meet(shop_with_two(), for_ms, hands, hands, 500) == outcome


@pytest.mark.parametrize(("hand_mm", "outcome"), [(400, "review"), (700, "charged")])
def test_who_is_seen_last_with_a_hand_on_its_way_down_may_have_left_something(hand_mm: int, outcome: str) -> None:
    feeder = shop_with_two()
    stand(feeder, 8, 8.3, {"a": (2_250, 300, 900), "b": (2_950, 300, 950)})
    stand(feeder, 8.3, 8.4, {"a": (2_250, 300, hand_mm), "b": (2_950, 300, 950)})
    stand(feeder, 8.4, 10, {"b": (2_950, 300, 950)})
    stand(feeder, 10, 10.6, {"a": (2_250, 300, 900), "b": (2_950, 300, 950)})
    assert leave(feeder, 10.6)["ann"].outcome == outcome


@pytest.mark.parametrize(("lifted_ms", "outcome"), [(9_999, "charged"), (8_400, "review")])
def test_hands_that_are_seen_low_and_then_lifted_are_one_meeting(lifted_ms: int, outcome: str) -> None:
    feeder = shop_with_two()
    for at_ms in range(8_000, 10_000, 100):
        hand = (2_500, 300, 1_040 if at_ms == lifted_ms else 940) if at_ms <= 8_400 else (2_500, 100, 850)
        people = tuple(
            Person(track=track, place_mm=(x, 300), head_mm=(x, 300, 1_650), hands_mm=(hand,) if near else ())
            for track, x, near in (("a", 2_250, True), ("b", 2_750, at_ms <= 8_400))
        )
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))
    assert leave(feeder, 10)["ann"].outcome == outcome


def test_low_hands_that_part_when_one_walks_away_were_a_meeting() -> None:
    feeder = shop_with_two()
    for at_ms in range(8_000, 10_000, 100):
        gone = max(0, at_ms - 8_800)  # mm at 1 m/s
        hands = ((2_500, 300, 940),) if gone < 350 else ((2_500, 100, 850),)
        people = tuple(
            Person(track=track, place_mm=(x, 300), head_mm=(x, 300, 1_650), hands_mm=hands)
            for track, x in (("a", 2_250), ("b", 2_750 + gone))
        )
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))
    assert leave(feeder, 10)["ann"].outcome == "review"


def test_staff_who_are_held_a_hand_out_to_take_nothing_over() -> None:
    shop = shop_with_two(**{"picks.staff": ["bob"]})
    assert meet(shop, 800, ((2_480, 300, 1_000),), (), 800) == "charged"


SLOT = '[[slot]]\nid = "s9"\ncamera = "cam"\nbox_px = [40, 0, 50, 10]\nsku = "tea"\nposition_mm = [2000, 2000, 1000]\n'


@pytest.mark.parametrize(("meets", "outcomes"), [(True, {"review"}), (False, {"charged", "nothing"})])
def test_a_camera_that_speaks_after_two_hands_met_speaks_of_goods_that_may_have_changed_hands(
    meets: bool, outcomes: set[str]
) -> None:
    feeder = Feeder(SHOP + SLOT)
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 7, a=P1, b=GATE)
    place = MEETING if meets else (2_250, 300, 950)
    stand(feeder, 7, 8, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    stand(feeder, 8, 8.9, {"a": place, "b": MEETING})
    stand(feeder, 8.9, 10, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    feeder.feed(
        events.ShelfChanged(
            captured_ns=10 * S, source="cam", camera="cam", slot="s9", change="take", began_ns=S, ended_ns=7 * S,
            sku="tea",
        )
    )  # fmt: skip
    assert {bill.outcome for bill in leave(feeder, 10).values()} == outcomes


@pytest.mark.parametrize(("for_s", "status"), [(0.8, "review"), (0.3, "charged")])
def test_hands_that_meet_an_arm_before_a_shelf_hand_something_over_if_they_stay(for_s: float, status: str) -> None:
    feeder = shop_with_two()
    for at_ms in range(8_000, 9_500, 100):
        meets = at_ms < 8_000 + for_s * 1_000
        hands: dict[str, PointMm] = {
            "a": (2_500, 1_400, 1_050) if meets else (2_200, 1_400, 900),
            "b": (2_520, 1_400, 1_050) if meets else (2_820, 1_400, 900),
        }
        people = tuple(
            Person(track=track, place_mm=(x, 1_400), hands_mm=(hands[track], (x, 1_300, 800)))
            for track, x in (("a", 2_200), ("b", 2_800))
        )
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))
    assert lines(leave(feeder, 10)["ann"]) == {("tea", status): 1}


def test_of_two_products_a_camera_tells_of_only_its_own_may_have_changed_hands_once_more() -> None:
    """Who has left has no cart any more, and what was told before is not dealt out again."""
    feeder = shop_with_two()
    shop = feeder.store._shop
    ann, bob = (next(v.id for v in shop.open_visits() if v.shopper == name) for name in ("ann", "bob"))
    stand(feeder, 8, 8.9, {"a": MEETING, "b": MEETING})
    stand(feeder, 8.9, 10, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    before = shop.state.stories
    handing.again(shop, {(ann, "gum")}, 8 * S, 10 * S)
    assert [story.carts for story in shop.state.stories] == [story.carts for story in before]
    del shop.state.visits[bob]
    handing.again(shop, {(ann, "tea")}, 8 * S, 10 * S)
    held = {name for story in shop.state.stories for name, cart in story.carts.items() if cart}
    assert held <= {ann, bob, LOOSE}
    assert any(story.held(LOOSE) for story in shop.state.stories), "it may have gone with whom nobody sees any more"
    assert not shop.state.proof.get(bob, {}).get("gum")


def test_hands_that_a_tracker_sees_by_turns_have_met() -> None:
    feeder = shop_with_two()
    for at_ms in range(8_000, 9_200, 100):
        seen = (at_ms // 100) % 2
        people = tuple(
            Person(track=track, place_mm=(2_500 + side * 300, 300), hands_mm=(MEETING,) if seen == turn else ())
            for track, side, turn in (("a", -1, 0), ("b", 1, 1))
        )
        feeder.feed(TracksSeen(captured_ns=at_ms * MS, source="tracker", people=people))
    stand(feeder, 9.2, 10, {"a": (2_250, 300, 950), "b": (2_750, 300, 950)})
    assert leave(feeder, 10)["ann"].outcome == "review"


def test_what_lies_about_keeps_no_evidence_of_its_own() -> None:
    """Ann lays down a tea that lay about: the evidence would go on with the next thing left there, for days."""
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 4, a=(2_000, 2_000, 1_000))
    (shop,) = (feeder.store._shop,)
    shop.state.stories = [Story(weight=ONE, carts={LOOSE: {"tea": 1}})]
    feeder.step(4.0, "p1", 520)
    feeder.walk(4, 7, a=(2_000, 2_000, 1_000))
    assert not shop.state.stories[0].held(LOOSE)
    assert LOOSE not in shop.state.proof
