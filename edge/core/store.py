"""`Store.handle(event) -> commands`: the one entrance to the core.

Arrivals wait in a bounded window and are handled in the order in which they happened; deadlines fire between
them at their own time. So the orders depend on the facts alone, not on how they arrived.
Must not: read a clock, do IO, or keep anything that `state()` would lose and a bill would miss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from edge.core import doors, events, eyes, gestures, handing, presence, reaches, shelves
from edge.core.carts import show_carts
from edge.core.commands import BeginRun, Command, SettleCharge
from edge.core.events import Event
from edge.core.layout import Layout
from edge.core.ordering import Window
from edge.core.same_body import SameBody
from edge.core.shop import Shop, ShopState
from edge.core.view import ShopView, view
from edge.core.visits import OPEN, State, Stimulus

END_OF_TIME = 2**62
AGAIN_NS = 1_500_000_000  # after a restart somebody who is still there is seen again within this
STORIES_SAVED = 24


class Store:
    """One shop's decisions. Not thread-safe: one owner feeds it."""

    def __init__(self, layout: Layout) -> None:
        self._shop = Shop(layout)
        self._window = Window()
        self._bodies = SameBody(layout.helper_cameras)
        self._window_ns = layout.policy.ordering_window_ns
        self.late = 0
        self._handlers: dict[type[events.Base], Callable[[Any], None]] = {
            events.RunStarted: self._on_run,
            events.TracksSeen: self._on_tracks,
            events.LineCrossed: lambda event: presence.on_line(self._shop, event),
            events.CredentialShown: lambda event: doors.on_credential(self._shop, event),
            events.ClaimMade: lambda event: doors.on_claim(self._shop, event),
            events.GrantAnswered: lambda event: doors.on_grant_answered(self._shop, event),
            events.DoorChanged: lambda event: doors.on_door(self._shop, event),
            events.PassageCounted: lambda event: doors.on_passage(self._shop, event),
            events.WeightStep: lambda event: shelves.on_step(self._shop, event),
            events.PlateSteady: lambda event: shelves.on_steady(self._shop, event),
            events.ShelfChanged: self._on_shelf_changed,
            events.ShelfReached: lambda event: None,
            events.TagRead: lambda event: presence.on_tag(self._shop, event),
            events.HealthChanged: lambda event: eyes.on_health(self._shop, event),
            events.InputRejected: lambda event: self._shop.order(*self._shop.state.alarms.on_rejected(event)),
            events.ChargeAnswered: self._on_charge,
            events.Tick: lambda event: None,
        }

    def handle(self, event: Event) -> tuple[Command, ...]:
        """Take in one event (stamped by the inbox) and return the orders that are now certain.

        Time goes on first and lateness is judged afterwards, so ticks, which no recording keeps, change nothing.
        """
        is_tick = isinstance(event, events.Tick)
        reached_ns = max(event.received_ns, event.captured_ns if is_tick else 0) - self._window_ns
        self._shop.out = []
        self._advance(reached_ns)
        if not is_tick:
            if event.captured_ns < self._shop.state.now_ns:
                self.late += 1
                self._dispatch(event)
            else:
                self._window.push(event)
                self._advance(reached_ns)
        return tuple(self._shop.out)

    def finish(self) -> tuple[Command, ...]:
        """The end of a recording: nothing more will come. Open visits end with what is known."""
        self._shop.out = []
        while self._window.first_ns() is not None:
            self._advance(self._window.first_ns() or 0)
        for grasp in list(self._shop.state.grasps.values()):
            self._shop.timers.cancel("grasp", grasp.id)
            shelves.on_grasp_timer(self._shop, grasp, self._shop.state.now_ns)
        shelves.hear_words(self._shop)
        for visit in self._shop.open_visits():
            visit.step(Stimulus.RUN_ENDED)
            presence.end_visit(self._shop, visit, self._shop.state.now_ns)
        return tuple(self._shop.out)

    @property
    def wake_at_ns(self) -> int | None:
        """When the shell should send a Tick at the latest; None = nothing is waiting.

        A property, not a command: it depends on arrival, and orders must not.
        """
        times = [found for found in (self._window.first_ns(), self._shop.timers.first_ns()) if found is not None]
        return min(times) + self._window_ns if times else None

    def state(self) -> bytes:
        """The durable state as JSON; of the stories the likeliest, because it is written with every decision."""
        kept = msgspec.structs.replace(self._shop.state, stories=self._shop.state.stories[:STORIES_SAVED])
        return msgspec.json.encode(kept)

    def restore(self, state: bytes) -> None:
        """Take over a durable state; the next event must be RunStarted(resumed=True). Raises on other data."""
        self._shop.state = msgspec.json.decode(state, type=ShopState)

    @property
    def now_ns(self) -> int:
        """The moment up to which everything has been decided."""
        return self._shop.state.now_ns

    def view(self) -> ShopView:
        """What a page shows: people, carts, alarms. A copy."""
        return view(self._shop)

    def _advance(self, until_ns: int) -> None:
        shop = self._shop
        while True:
            event_ns, timer_ns = self._window.first_ns(), shop.timers.first_ns()
            first = min(
                event_ns if event_ns is not None else END_OF_TIME, timer_ns if timer_ns is not None else END_OF_TIME
            )
            if first > until_ns:
                break
            shop.state.now_ns = max(shop.state.now_ns, first)
            if timer_ns is not None and timer_ns == first and (event_ns is None or timer_ns < event_ns):
                self._fire(*shop.timers.pop())
            else:
                event = self._window.pop()
                if event is not None:
                    self._dispatch(event)
        shop.state.now_ns = max(shop.state.now_ns, until_ns)

    def _dispatch(self, event: Event) -> None:
        known = self._bodies.rename(event)
        if known is not None:
            self._handlers[type(known)](known)

    def _fire(self, at_ns: int, name: str, key: str) -> None:
        shop = self._shop
        visit = shop.state.visits.get(key)
        if name == "grasp" and key in shop.state.grasps:
            shelves.on_grasp_timer(shop, shop.state.grasps[key], at_ns)
        elif name == "word" and key in shop.state.words:
            shelves.on_word_timer(shop, key)
        elif name == "gone":
            presence.on_gone_timer(shop, key, at_ns)
        elif name == "loner":
            presence.on_loner_timer(shop, key, at_ns)
        elif visit is not None:
            {"settle": presence.on_settle_timer, "grant": doors.on_grant_timer, "entry": doors.on_entry_timer}[name](
                shop, visit, at_ns
            )

    def _on_run(self, event: events.RunStarted) -> None:
        """A new run knows nobody and no weight; a resumed one knows what the ledger saved."""
        shop = self._shop
        same = event.resumed and event.run_id == shop.state.run_id
        if not same:
            shelves.hear_words(shop)
            for visit in shop.open_visits():
                unseen_ns = event.captured_ns - visit.last_seen_ns
                if visit.state is State.INSIDE and unseen_ns >= shop.policy.gone_after_ns:
                    visit.step(Stimulus.LEFT)  # gone already, only nobody has said so yet
                    visit.left_ns = visit.last_seen_ns
                if visit.state is not State.LEAVING:
                    visit.reason = "run-ended"
                visit.step(Stimulus.RUN_ENDED)
                presence.end_visit(shop, visit, event.captured_ns)
            learned = shop.state.learned  # what products weigh does not change with the run
            shop.state = ShopState(
                run_id=event.run_id,
                now_ns=event.captured_ns,
                alarms=shop.state.alarms,
                learned=learned,
                unseen=eyes.still_unseen(shop, event.captured_ns),
            )
            shop.timers.clear()
            shop.tracks.clear()
            self._bodies.clear()
            shop.loners.clear()
            shop.joined.clear()
        shop.order(BeginRun(issued_ns=event.captured_ns, run_id=event.run_id, resumed=event.resumed))
        if same:
            self._resume(event)

    def _resume(self, event: events.RunStarted) -> None:
        """Set again what lives only in memory: the deadlines of open visits and waiting grasps."""
        shop, at_ns, policy = self._shop, event.captured_ns, self._shop.policy
        shop.state.blind_from_ns = event.down_from_ns
        shop.state.blind_to_ns = at_ns
        for grasp in shop.state.grasps.values():
            shop.timers.set(max(at_ns, grasp.ended_ns + policy.join_ns), "grasp", grasp.id)
        for key in shop.state.words:
            shop.timers.set(at_ns + policy.join_ns, "word", key)
        for visit in shop.state.visits.values():
            visit.gap = visit.state in OPEN
            if visit.state is State.GRANTED:
                shop.timers.set(
                    max(at_ns + policy.gone_after_ns, visit.opened_ns + policy.entry_timeout_ns), "entry", visit.id
                )
            elif visit.state is State.LEAVING:
                shop.timers.set(at_ns + policy.settle_ns, "settle", visit.id)
            for track in visit.tracks:
                gone_ns = max(at_ns + AGAIN_NS, visit.last_seen_ns + policy.gone_after_ns)
                shop.timers.set(gone_ns, "gone", track)

    def _on_tracks(self, frame: events.TracksSeen) -> None:
        presence.on_tracks(self._shop, frame)
        reaches.watch(self._shop, frame)
        for gesture in gestures.watch(self._shop, frame):
            if handing.on_gesture(self._shop, gesture):
                show_carts(self._shop, set(gesture.visits), frame.captured_ns)

    def _on_shelf_changed(self, event: events.ShelfChanged) -> None:
        """A camera that cannot be trusted says nothing; what it sees after its recovery covers the blind time."""
        if not self._shop.state.alarms.blind(event.camera):
            shelves.on_shelf_changed(self._shop, event)

    def _on_charge(self, event: events.ChargeAnswered) -> None:
        self._shop.order(
            SettleCharge(
                issued_ns=event.captured_ns,
                charge=event.charge,
                state=event.state,
                reason=event.reason,
                provider_ref=event.provider_ref,
            )
        )
