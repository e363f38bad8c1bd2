"""A scale of which a part is dead, and cameras that speak of what was felt already, or of somebody who is gone."""

from __future__ import annotations

from edge.core import events, shelves
from edge.core.evidence import Grasp
from tests.unit.core_shop import SHOP, Feeder, S

P1, P2, GATE = (2_000, 2_000, 1_000), (2_400, 2_000, 1_000), (1_500, -600, 1_000)
HALF = SHOP.replace('plates = ["p1"]', 'plates = ["p1", "p9"]').replace(
    '[[plate]]\nid = "p2"',
    '[[plate]]\nid = "p9"\nindex = 9\nskus = ["tea"]\nposition_mm = [2050, 2000, 1000]\n[[plate]]\nid = "p2"',
)
ALONE = SHOP + '[[slot]]\nid = "s9"\ncamera = "cam"\nbox_px = [40, 0, 50, 10]\nsku = "gum"\n'


def take(feeder: Feeder, slot: str, at_s: float, told_s: float, sku: str | None = None, began_s: float = 1.0) -> None:
    feeder.feed(
        events.ShelfChanged(
            captured_ns=round(told_s * S), source="cam", camera="cam", slot=slot, change="take", sku=sku,
            began_ns=round(began_s * S), ended_ns=round(at_s * S),
        )
    )  # fmt: skip


def lines(feeder: Feeder, shopper: str) -> dict[tuple[str, str], int]:
    (bill,) = [bill for bill in feeder.bills() if bill.shopper == shopper]
    return {(line.sku, line.status): line.quantity for line in bill.lines}


def leave(feeder: Feeder, at_s: float) -> None:
    feeder.walk(at_s, at_s + 1, a=GATE)
    feeder.walk(at_s + 1, at_s + 8)
    feeder.tick(round((at_s + 20) * S))


def test_one_pack_that_a_half_dead_scale_and_a_camera_tell_is_one_pack() -> None:
    """The camera speaks first: what is left of the scale is only slower."""
    feeder = Feeder(HALF)
    feeder.alive("p1", "p2", "p3")
    feeder.shows(0.5, "ann")
    feeder.walk(1, 6.2, a=P1)
    take(feeder, "s1", 5.0, 6.2, "tea")
    step = events.WeightStep(
        captured_ns=round(6.3 * S), source="scale", plate="p1", delta_mg=-520_000, level_mg=0,
        began_ns=round(4.8 * S), ended_ns=5 * S, noise_mg=800,
    )  # fmt: skip
    feeder.feed(step)
    feeder.walk(6.4, 10, a=P1)
    leave(feeder, 10)
    assert lines(feeder, "ann") == {("tea", "charged"): 1}


def test_a_camera_is_believed_where_what_is_left_of_the_scale_felt_nothing() -> None:
    feeder = Feeder(HALF)
    feeder.alive("p1", "p2", "p3")
    feeder.shows(0.5, "ann")
    feeder.walk(1, 6.2, a=P1)
    take(feeder, "s1", 5.0, 6.2, "tea", 4.0)
    assert not feeder.store._shop.state.stories[0].carts
    feeder.walk(6.2, 12, a=P1)
    assert feeder.store._shop.state.stories[0].held(next(iter(feeder.store._shop.state.visits))) == {"tea": 1}
    assert feeder.store._shop.state.words == {}


def test_a_camera_that_names_a_pack_which_a_scale_felt_elsewhere_has_the_wrong_slot() -> None:
    feeder = Feeder(ALONE)
    feeder.alive("p1", "p2", "p3")
    feeder.shows(0.5, "ann")
    feeder.walk(1, 6, a=P1)
    feeder.step(5.0, "p1", -520)
    feeder.walk(6, 9, a=P1)
    take(feeder, "s9", 5.2, 9.0, "tea", 4.5)
    feeder.walk(9, 10, a=P1)
    leave(feeder, 10)
    assert lines(feeder, "ann") == {("tea", "charged"): 1}


def seen_late(began_s: float) -> dict[tuple[str, str], int]:
    """Ann leaves at 7 s; at 15 s a camera tells of a take at Bob's place, unseen since `began_s`."""
    feeder = Feeder(ALONE)
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P2)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 6, a=P2, b=(2_500, 1_900, 1_000))
    feeder.walk(6, 7, a=GATE, b=P2)
    feeder.walk(7, 15, b=P2)
    take(feeder, "s9", 14.0, 15.0, "gum", began_s)
    feeder.walk(15, 16, b=P2)
    feeder.walk(16, 17, b=GATE)
    feeder.walk(17, 24)
    feeder.tick(40 * S)
    return lines(feeder, "bob")


def test_who_has_left_since_may_have_taken_what_a_camera_could_not_see() -> None:
    assert seen_late(13.0) == {("gum", "charged"): 1}
    assert seen_late(4.0) == {("gum", "review"): 1}


def test_a_visit_does_not_end_while_a_word_of_its_time_waits() -> None:
    """Ann puts back on the dead half of the place what she took from the live one; the camera tells as she goes."""
    feeder = Feeder(HALF)
    feeder.alive("p1", "p2", "p3")
    feeder.shows(0.5, "ann")
    feeder.walk(1, 3, a=P1)
    feeder.step(3.0, "p1", -520)
    feeder.walk(3, 9, a=P1)
    feeder.walk(9, 10, a=GATE)
    feeder.feed(events.LineCrossed(captured_ns=10 * S, source="floor", line="l", track="a", direction="out"))
    put = events.ShelfChanged(
        captured_ns=round(10.5 * S), source="cam", camera="cam", slot="s1", change="put", sku="tea",
        began_ns=round(7.5 * S), ended_ns=round(8.8 * S),
    )  # fmt: skip
    feeder.feed(put)
    feeder.walk(10.6, 16)
    feeder.tick(30 * S)
    assert ("tea", "charged") not in lines(feeder, "ann")


def test_how_far_a_dead_plate_bent_the_one_beside_it_is_not_known() -> None:
    gum = Grasp(id="g", deltas_mg={"p2": -40_000}, began_ns=S, ended_ns=2 * S, noise_mg=800)
    for plates, bent_mg in ((("p2",), 520_000 * shelves.CROSS_TALK_PPM // 1_000_000), (("p1", "p2"), 0)):
        feeder = Feeder()
        feeder.alive(*plates)
        feeder.tick(5 * S)
        assert shelves._bent_mg(feeder.store._shop, gum) == bent_mg


def waiting() -> Feeder:
    """Ann at the tea of a half-dead scale; a camera's word of a take waits."""
    feeder = Feeder(HALF)
    feeder.alive("p1", "p2", "p3")
    feeder.shows(0.5, "ann")
    feeder.walk(1, 6.2, a=P1)
    take(feeder, "s1", 5.0, 6.2, "tea", 4.0)
    feeder.tick(7 * S)
    assert feeder.store._shop.state.words
    return feeder


def test_a_word_that_waits_is_heard_at_the_end_of_a_recording() -> None:
    feeder = waiting()
    feeder.orders += feeder.store.finish()
    assert [line.sku for bill in feeder.bills() for line in bill.lines] == ["tea"]


def test_a_word_that_waits_is_heard_after_a_restart() -> None:
    feeder = waiting()
    again = Feeder(HALF)
    again.tick(S)  # its own run has begun
    again.store.restore(feeder.store.state())
    again.run(7 * S, resumed=True, down_from_ns=7 * S)
    again.walk(7.2, 12, a=P1)
    assert [visit.shopper for visit in again.store._shop.open_visits()] == ["ann"], "the run goes on"
    assert again.store._shop.state.words == {}
