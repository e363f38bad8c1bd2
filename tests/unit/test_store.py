"""One shop's decisions from events alone: admission, picks, doubt, put-backs, settling, restarts."""

from __future__ import annotations

import random

import msgspec
import pytest

from edge.core import commands, events
from edge.core.store import Store
from tests.unit.core_shop import SHOP, Feeder, S

P1 = (2000, 2000, 1000)
P2 = (2400, 2000, 1000)
P3 = (2000, 2000, 1400)
FAR = (1500, -600, 1000)  # at the gate
B = (300, 500, 1000)


def lines(bill: commands.CloseVisit) -> dict[tuple[str, str], int]:
    return {(line.sku, line.status): line.quantity for line in bill.lines}


def visit_with(feeder: Feeder, plate: str = "p1", grams: float = -520.0, hand: tuple[int, int, int] = P1) -> None:
    """One admitted shopper, one step at 5 s, gone at 8 s, everything settled."""
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=hand)
    feeder.step(5.0, plate, grams)
    feeder.walk(5, 8, a=hand)
    feeder.walk(8, 12)
    feeder.tick(20 * S)


def test_a_known_face_is_admitted_takes_one_thing_and_pays_for_it() -> None:
    feeder = Feeder()
    visit_with(feeder)
    kinds = [type(order).__name__ for order in feeder.orders]
    assert kinds[:4] == ["BeginRun", "OpenVisit", "GrantPassage", "ShowMessage"]
    (bill,) = feeder.bills()
    assert (bill.shopper, bill.outcome, bill.tracks) == ("ann", "charged", ("a",))
    assert lines(bill) == {("tea", "charged"): 1}
    assert (bill.total_minor, bill.amount_minor) == (1500, 1500)
    assert bill.charge is not None
    assert (bill.entered_ns, bill.left_ns) == (1 * S, round(7.9 * S))


def test_two_of_one_product_are_two() -> None:
    feeder = Feeder()
    visit_with(feeder, grams=-1041.0)
    assert lines(feeder.bills()[0]) == {("tea", "charged"): 2}


def test_an_unknown_face_is_told_so_and_nothing_else_happens() -> None:
    feeder = Feeder()
    feeder.shows(1, None, reason="unknown")
    orders = feeder.tick(3 * S)
    assert orders == (commands.ShowMessage(issued_ns=S, gate="gate", message="refused-unknown"),)


def test_a_face_that_turns_away_after_being_admitted_is_not_refused() -> None:
    feeder = Feeder()
    feeder.shows(1, "ann")
    feeder.feed(events.CredentialShown(captured_ns=2 * S, source="gatecam", gate="gate", method="face", shopper=None))
    feeder.tick(4 * S)
    assert [o.message for o in feeder.orders if isinstance(o, commands.ShowMessage)] == ["welcome"]


def test_a_door_that_falls_back_to_its_safe_levels_is_news_and_one_that_boots_on_them_is_not() -> None:
    feeder = Feeder()
    for at_s, safe in ((1, True), (2, False), (3, True), (4, False)):
        feeder.feed(
            events.DoorChanged(
                captured_ns=at_s * S, source="gate", door="gate", entry="locked", egress="released", safe=safe
            )
        )
    feeder.tick(6 * S)
    alarms = [o for o in feeder.orders if isinstance(o, commands.RaiseAlarm | commands.ClearAlarm)]
    assert [(type(o).__name__, o.alarm, o.issued_ns) for o in alarms] == [
        ("RaiseAlarm", "door-safe", 3 * S),
        ("ClearAlarm", "door-safe", 4 * S),
    ]


def test_a_weight_that_fits_nothing_goes_to_review() -> None:
    feeder = Feeder()
    visit_with(feeder, grams=-333.0)
    (bill,) = feeder.bills()
    assert bill.outcome == "review"
    assert bill.charge is None
    assert bill.amount_minor == 0


def test_products_of_equal_weight_go_to_review_unless_a_camera_saw_which() -> None:
    feeder = Feeder()
    visit_with(feeder, plate="p3", hand=P3)
    assert feeder.bills()[0].outcome == "review"

    seen = Feeder()
    seen.feed(events.PlateSteady(captured_ns=0, source="scale", plate="p3", level_mg=5_000_000))
    seen.shows(0.5, "ann")
    seen.walk(1, 5, a=P3)
    seen.step(5.0, "p3", -520.5)
    seen.walk(5, 7, a=P3)
    seen.feed(events.ShelfChanged(captured_ns=7 * S, source="cam", camera="cam", slot="s3", change="take",
                                  began_ns=4 * S, ended_ns=6 * S))  # fmt: skip
    seen.walk(7, 8, a=FAR)
    seen.walk(8, 12)
    seen.tick(20 * S)
    assert lines(seen.bills()[0]) == {("twin", "charged"): 1}


def test_two_hands_at_one_place_send_the_line_to_review() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 5, a=P1, b=(2050, 2000, 1000))
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 8, a=P1, b=(2050, 2000, 1000))
    feeder.walk(8, 12)
    feeder.tick(20 * S)
    assert [bill.outcome for bill in feeder.bills()] == ["review", "review"]
    assert all(bill.amount_minor == 0 for bill in feeder.bills())


def test_the_nearer_hand_pays_when_the_other_is_clearly_farther() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 5, a=P1, b=FAR)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 8, a=P1, b=FAR)
    feeder.walk(8, 12)
    feeder.tick(20 * S)
    assert {bill.shopper: bill.outcome for bill in feeder.bills()} == {"ann": "charged", "bob": "nothing"}


def test_what_is_put_back_anywhere_is_not_paid() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 7, a=P2)
    feeder.step(7.0, "p2", 519)
    feeder.walk(7, 9, a=P2)
    feeder.walk(9, 14)
    feeder.tick(20 * S)
    (bill,) = feeder.bills()
    assert (bill.outcome, bill.lines) == ("nothing", ())


def test_a_bag_put_down_and_lifted_again_is_nobodys_purchase() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", 1800)
    feeder.walk(5, 7, a=P1)
    feeder.step(7.0, "p1", -1802)
    feeder.walk(7, 9, a=P1)
    feeder.walk(9, 14)
    feeder.tick(20 * S)
    assert feeder.bills()[0].outcome == "nothing"


def test_goods_that_move_with_nobody_near_go_to_the_loss_account() -> None:
    feeder = Feeder()
    visit_with(feeder, hand=FAR)
    losses = [order for order in feeder.orders if isinstance(order, commands.BookLoss)]
    assert [(loss.sku, loss.quantity, loss.reason) for loss in losses] == [("tea", 1, "nobody-near")]
    assert feeder.bills()[0].outcome == "nothing"


def test_a_body_without_a_credential_is_never_charged_and_never_held() -> None:
    feeder = Feeder()
    feeder.walk(1, 7, x=P1)
    feeder.step(7.0, "p1", -520)
    feeder.walk(7, 9, x=P1)
    feeder.walk(9, 14)
    feeder.tick(20 * S)
    (bill,) = feeder.bills()
    assert (bill.shopper, bill.outcome, bill.charge) == (None, "unpaid", None)
    assert [o.alarm for o in feeder.orders if isinstance(o, commands.RaiseAlarm)] == ["tailgate"]


def test_somebody_who_does_not_come_in_has_a_void_visit() -> None:
    feeder = Feeder()
    feeder.shows(1, "ann")
    feeder.tick(30 * S)
    (bill,) = feeder.bills()
    assert (bill.outcome, bill.reason) == ("nothing", "not-entered")


def test_a_silent_door_is_an_alarm_and_not_a_lost_visit() -> None:
    feeder = Feeder()
    visit_with(feeder)
    raised = [order.alarm for order in feeder.orders if isinstance(order, commands.RaiseAlarm)]
    assert raised == ["door-silent"]
    assert feeder.bills()[0].outcome == "charged"


def test_a_tag_at_the_portal_settles_what_weight_could_not() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P3)
    feeder.step(5.0, "p3", -520.5)
    feeder.walk(5, 8, a=P3)
    for k in range(12):
        feeder.feed(events.TagRead(captured_ns=8 * S + k, source="portal", reader="portal", antenna=1, epc="AA01FF"))
    feeder.walk(8.1, 12)
    feeder.tick(20 * S)
    assert lines(feeder.bills()[0]) == {("tea", "charged"): 1}


def test_a_tag_nobody_saw_taken_is_reviewed_not_charged() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=FAR)
    for k in range(12):
        feeder.feed(events.TagRead(captured_ns=5 * S + k, source="portal", reader="portal", antenna=1, epc="AA01FF"))
    feeder.walk(5.1, 12)
    feeder.tick(20 * S)
    (bill,) = feeder.bills()
    assert (bill.outcome, lines(bill)) == ("review", {("tea", "review"): 1})


def test_a_broken_track_near_by_stays_the_same_visit() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 4, a=P1)
    feeder.walk(4, 4.5)
    feeder.walk(4.5, 6, b=P1)
    feeder.step(6, "p1", -520)
    feeder.walk(6, 8, b=P1)
    feeder.walk(8, 13)
    feeder.tick(20 * S)
    (bill,) = feeder.bills()
    assert (bill.tracks, bill.outcome) == (("a", "b"), "charged")


def test_a_restart_keeps_cart_and_finds_what_moved_while_it_was_down() -> None:
    feeder = Feeder()
    feeder.feed(events.PlateSteady(captured_ns=0, source="scale", plate="p1", level_mg=5_200_000))
    feeder.feed(events.PlateSteady(captured_ns=0, source="scale", plate="p2", level_mg=400_000))
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", -520, 4680)
    feeder.walk(5, 8, a=P1)
    saved, died_ns = feeder.store.state(), feeder.store.now_ns

    again = Feeder.__new__(Feeder)
    again.layout, again.orders, again.seen, again.seq = feeder.layout, [], [], 1000
    again.store = Store(feeder.layout)
    again.store.restore(saved)
    again.run(10 * S, resumed=True, down_from_ns=died_ns)
    again.feed(events.PlateSteady(captured_ns=round(10.5 * S), source="scale", plate="p1", level_mg=4_680_500))
    again.feed(events.PlateSteady(captured_ns=round(10.5 * S), source="scale", plate="p2", level_mg=360_200))
    again.walk(10.5, 13, a=FAR)
    again.walk(13, 18)
    again.tick(30 * S)
    (bill,) = again.bills()
    assert lines(bill) == {("gum", "charged"): 1, ("tea", "charged"): 1}
    assert bill.visit == next(o.visit for o in feeder.orders if isinstance(o, commands.OpenVisit))


def test_who_was_out_of_sight_before_the_box_went_down_is_not_asked() -> None:
    feeder = Feeder()
    feeder.feed(events.PlateSteady(captured_ns=0, source="scale", plate="p1", level_mg=5_200_000))
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 4.5, b=B)  # ann was last seen at 1.9 s; her visit has not settled yet
    feeder.run(7 * S, resumed=True, down_from_ns=round(4.5 * S))
    feeder.feed(events.PlateSteady(captured_ns=round(7.5 * S), source="scale", plate="p1", level_mg=4_680_000))
    feeder.walk(7.5, 10, b=B)
    feeder.walk(10, 15)
    feeder.tick(30 * S)
    assert {bill.shopper: bill.outcome for bill in feeder.bills()} == {"ann": "nothing", "bob": "charged"}


def test_what_moved_unseen_with_two_people_inside_is_reviewed() -> None:
    feeder = Feeder()
    feeder.feed(events.PlateSteady(captured_ns=0, source="scale", plate="p1", level_mg=5_200_000))
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 6, a=P1, b=FAR)
    feeder.run(8 * S, resumed=True, down_from_ns=6 * S)
    feeder.feed(events.PlateSteady(captured_ns=round(8.5 * S), source="scale", plate="p1", level_mg=4_680_000))
    feeder.walk(8.5, 10, a=P1, b=FAR)
    feeder.walk(10, 15)
    feeder.tick(30 * S)
    assert [bill.outcome for bill in feeder.bills()] == ["review", "review"]


def test_a_new_run_ends_old_visits_without_charging_doubt() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 8, a=P1)
    feeder.feed(events.RunStarted(captured_ns=9 * S, source="box", run_id="r2"))
    feeder.tick(12 * S)
    assert [(bill.outcome, bill.reason) for bill in feeder.bills()] == [("review", "run-ended")]


@pytest.mark.parametrize("seed", range(20))
def test_arrival_order_inside_the_window_changes_no_byte(seed: int) -> None:
    feeder = Feeder()
    visit_with(feeder)
    body = [event for event in feeder.seen[1:] if not isinstance(event, events.Tick)]
    chance = random.Random(seed)
    delayed = sorted(((event.captured_ns + chance.randrange(0, 480_000_000), k, event) for k, event in enumerate(body)))
    other = Feeder()
    for received_ns, _, event in delayed:
        other.feed(event, received_ns - event.captured_ns)
        if chance.random() < 0.1:
            other.feed(event, received_ns - event.captured_ns)  # a repeat
    other.tick(20 * S)
    assert msgspec.json.encode(other.orders) == msgspec.json.encode(feeder.orders)


def test_state_survives_a_round_trip() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 8, a=P1)
    again = Store(feeder.layout)
    again.restore(feeder.store.state())
    assert again.state() == feeder.store.state()


def test_policy_comes_from_the_file() -> None:
    feeder = Feeder(SHOP, **{"picks.review_below": 0.9999})
    visit_with(feeder)
    assert feeder.bills()[0].outcome == "review"


def test_numbers_that_a_tracker_exchanges_are_put_right() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 4, a=P1, b=(1000, 1000, 1000))
    feeder.walk(4, 6, b=P1, a=(1000, 1000, 1000))  # nobody moved, the tracker mixed them up
    feeder.step(6.0, "p1", -520)
    feeder.walk(6, 8, b=P1, a=(1000, 1000, 1000))
    feeder.walk(8, 13)
    feeder.tick(20 * S)
    assert {bill.shopper: bill.outcome for bill in feeder.bills()} == {"ann": "charged", "bob": "nothing"}


def test_two_equal_surprises_on_one_plate_correct_the_catalogue() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", -388)
    feeder.walk(5, 8, a=P1)
    feeder.step(8.0, "p1", -391)
    feeder.walk(8, 10, a=P1)
    feeder.walk(10, 15)
    feeder.tick(25 * S)
    alarms = [o for o in feeder.orders if isinstance(o, commands.RaiseAlarm) and o.alarm == "wrong-weight"]
    assert [alarm.place for alarm in alarms] == ["p1"]
    assert "tea weighs 389 g" in alarms[0].detail
    assert lines(feeder.bills()[0]) == {("tea", "charged"): 2}


def test_a_portal_that_was_deaf_during_a_restart_says_nothing_by_its_silence() -> None:
    feeder = Feeder()
    feeder.feed(events.TagRead(captured_ns=100, source="portal", reader="portal", antenna=1, epc="AA01EE"))
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", -1041)
    feeder.walk(5, 8, a=P1)
    feeder.run(10 * S, resumed=True, down_from_ns=8 * S)
    feeder.walk(10, 16)
    feeder.tick(25 * S)
    assert lines(feeder.bills()[0]) == {("tea", "charged"): 2}


def test_who_was_gone_before_a_new_run_pays_as_usual() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=P1)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 8, a=P1)
    feeder.run(11 * S, resumed=True, down_from_ns=round(7.9 * S))
    feeder.feed(events.RunStarted(captured_ns=12 * S, source="box", run_id="r2"))
    feeder.tick(15 * S)
    assert [(bill.outcome, bill.reason) for bill in feeder.bills()] == [("charged", "")]


def test_a_credential_that_is_reported_twice_lets_nobody_else_in() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=B)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 4, a=P1, b=B)
    assert {visit.shopper: visit.tracks for visit in feeder.store._shop.open_visits()} == {"ann": ["a"], "bob": ["b"]}


def test_two_pieces_at_once_are_not_blindly_one_persons_where_another_hand_was_not_seen() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 4, a=P1, b=(1_700, 2_000, 1_000))
    feeder.walk(4, 5.5, a=P1)  # the tracker misses Bob, who stands beside her
    feeder.step(5.0, "p1", -1041)
    feeder.walk(5.6, 8, a=P1, b=(1_700, 2_000, 1_000))
    feeder.walk(8, 9, a=FAR, b=(600, -600, 1_000))
    feeder.walk(9, 14)
    feeder.tick(22 * S)
    bills = {bill.shopper: lines(bill) for bill in feeder.bills()}
    assert bills["ann"].get(("tea", "charged")) == 1
    assert bills["bob"] == {("tea", "review"): 1}


def test_what_one_puts_back_and_another_takes_at_once_is_the_others() -> None:
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 5, a=P1, b=FAR)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 8, a=FAR, b=(600, -600, 1_000))
    feeder.walk(8, 9, a=P1, b=(600, -600, 1_000))  # puts it back ...
    feeder.walk(9, 11, a=FAR, b=P1)  # ... and Bob takes it soon
    for at_s, began_s, grams in ((11.0, 8.4, 520), (11.1, 10.4, -520)):
        feeder.feed(
            events.WeightStep(
                captured_ns=round(at_s * S), source="scale", plate="p1", delta_mg=grams * 1000, level_mg=0,
                began_ns=round(began_s * S), ended_ns=round((began_s + 0.2) * S), noise_mg=800,
            )
        )  # fmt: skip
    feeder.walk(11.1, 17)
    feeder.tick(30 * S)
    assert {bill.shopper: bill.outcome for bill in feeder.bills()} == {"ann": "nothing", "bob": "charged"}
