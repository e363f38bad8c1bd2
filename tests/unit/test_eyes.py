"""A blind camera and the shop: it is not believed, what it alone watches goes to review, and the door may stay shut."""

from __future__ import annotations

from typing import Any, Literal

from edge.core import commands, events
from tests.unit.core_shop import SHOP, Feeder, S

ALONE = SHOP + '[[slot]]\nid = "s9"\ncamera = "cam"\nbox_px = [40, 0, 50, 10]\nsku = "gum"\n'
AT_SHELF = (2400, 2000, 1000)


def health(feeder: Feeder, at_s: float, state: Literal["ok", "degraded", "lost"], cause: str = "", **more: Any) -> None:
    feeder.feed(
        events.HealthChanged(captured_ns=round(at_s * S), source="cam", device="cam", state=state, cause=cause, **more)
    )


def take(feeder: Feeder, at_s: float, slot: str = "s9", change: Literal["take", "put"] = "take") -> None:
    at_ns = round(at_s * S)
    feeder.feed(
        events.ShelfChanged(
            captured_ns=at_ns + S,
            source="cam",
            camera="cam",
            slot=slot,
            change=change,
            began_ns=at_ns - S,
            ended_ns=at_ns,
        )
    )


def visit(feeder: Feeder, until_s: float = 20.0) -> None:
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=AT_SHELF)


def leave(feeder: Feeder, at_s: float) -> None:
    feeder.walk(5, at_s, a=AT_SHELF)
    feeder.walk(at_s, at_s + 4)
    feeder.tick(round((at_s + 12) * S))


def alarms(feeder: Feeder) -> list[tuple[str, str]]:
    kinds = commands.RaiseAlarm | commands.ClearAlarm
    return [(type(order).__name__, order.alarm) for order in feeder.orders if isinstance(order, kinds)]


def test_each_cause_is_an_alarm_of_its_own_and_a_learned_view_ends_all() -> None:
    feeder = Feeder()
    health(feeder, 1, "degraded", "covered", detail="uncover it")
    health(feeder, 2, "ok")  # the stream is well: that says nothing of the picture
    health(feeder, 3, "ok", "covered")
    health(feeder, 4, "degraded", "moved")
    health(feeder, 5, "ok", "view")
    feeder.tick(8 * S)
    assert alarms(feeder) == [
        ("RaiseAlarm", "camera-covered"),
        ("ClearAlarm", "camera-covered"),
        ("RaiseAlarm", "camera-moved"),
        ("ClearAlarm", "camera-moved"),
    ]


def test_a_blind_camera_is_not_believed() -> None:
    feeder = Feeder(ALONE)
    visit(feeder)
    health(feeder, 2, "degraded", "blurred")
    take(feeder, 4)
    leave(feeder, 6)
    assert feeder.bills()[0].lines == ()


def test_the_same_take_is_believed_with_open_eyes() -> None:
    feeder = Feeder(ALONE)
    visit(feeder)
    take(feeder, 4)
    leave(feeder, 6)
    [line] = feeder.bills()[0].lines
    assert (line.sku, line.status) == ("gum", "charged")
    assert feeder.bills()[0].reason == ""


def test_goods_that_nobody_watched_for_a_while_go_to_review() -> None:
    """After the take the camera is covered for five seconds: it may have been put back."""
    feeder = Feeder(ALONE)
    visit(feeder)
    take(feeder, 4)
    feeder.walk(5, 12, a=AT_SHELF)
    health(feeder, 12, "degraded", "covered", since_ns=6 * S)
    health(feeder, 13, "ok", "covered")
    feeder.walk(13, 14, a=AT_SHELF)
    feeder.walk(14, 18)
    feeder.tick(30 * S)
    [bill] = feeder.bills()
    assert [(line.sku, line.status) for line in bill.lines] == [("gum", "review")]
    assert (bill.outcome, bill.reason, bill.charge) == ("review", "unwatched", None)


def test_a_worker_that_is_back_at_once_costs_nobody_a_review() -> None:
    feeder = Feeder(ALONE)
    visit(feeder)
    take(feeder, 4)
    health(feeder, 5.5, "lost")
    health(feeder, 6.5, "ok")
    leave(feeder, 9)
    assert [line.status for line in feeder.bills()[0].lines] == ["charged"]


def test_goods_on_a_scale_are_charged_without_the_camera() -> None:
    feeder = Feeder(ALONE)
    feeder.feed(events.PlateSteady(captured_ns=1, source="scale", plate="p1", level_mg=9_000_000))
    feeder.feed(events.PlateSteady(captured_ns=2, source="scale", plate="p3", level_mg=9_000_000))
    health(feeder, 0.2, "degraded", "dark")
    feeder.shows(0.5, "ann")
    feeder.walk(1, 5, a=(2000, 2000, 1000))
    feeder.step(5.0, "p1", -520.0)
    feeder.walk(5, 8, a=(2000, 2000, 1000))
    feeder.walk(8, 12)
    feeder.tick(20 * S)
    assert [(line.sku, line.status) for line in feeder.bills()[0].lines] == [("tea", "charged")]


def test_the_mode_of_the_shop_follows() -> None:
    feeder = Feeder(ALONE)
    assert feeder.store.view().mode == "normal"
    health(feeder, 1, "degraded", "frozen")
    feeder.tick(3 * S)
    assert feeder.store.view().mode == "degraded"
    health(feeder, 4, "ok", "frozen")
    feeder.tick(6 * S)
    assert feeder.store.view().mode == "normal"


def test_a_shop_may_close_its_entry_and_nobody_inside_is_held() -> None:
    feeder = Feeder(ALONE, **{"visits.when_unwatched": "closed"})
    visit(feeder)
    health(feeder, 6, "degraded", "covered")
    feeder.shows(7, "bob")
    leave(feeder, 9)
    messages = [order.message for order in feeder.orders if isinstance(order, commands.ShowMessage)]
    assert messages == ["welcome", "closed", "thanks"] or messages == ["welcome", "closed"]
    assert len([order for order in feeder.orders if isinstance(order, commands.GrantPassage)]) == 1
    health(feeder, 30, "ok", "covered")
    feeder.shows(31, "bob")
    feeder.tick(33 * S)
    assert len([order for order in feeder.orders if isinstance(order, commands.GrantPassage)]) == 2


def test_a_blind_time_survives_a_restart_of_the_box() -> None:
    feeder = Feeder(ALONE)
    health(feeder, 1, "degraded", "moved")
    feeder.tick(3 * S)
    again = Feeder(ALONE)
    again.store.restore(feeder.store.state())
    again.run(10 * S, resumed=True, down_from_ns=3 * S)
    again.tick(12 * S)
    assert again.store.view().mode == "degraded"
    again.feed(events.RunStarted(captured_ns=20 * S, source="box", run_id="next"))
    again.tick(22 * S)
    assert again.store.view().mode == "degraded"
