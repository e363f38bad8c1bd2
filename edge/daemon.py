"""Wiring: ledger -> core -> adapters, and the loop that carries decisions out. The only file that sees everyone.

A decision's durable orders are on the disk before any of its other orders is carried out. Start is recovery: the
saved state is restored, the dead time is named, the outbox goes on where it was. Must not: contain a rule.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, Literal

from cloud_sync.called_ledger import CalledLedger
from edge.clock import SimClock, SystemClock
from edge.config import StoreConfig, to_layout
from edge.core import commands, events
from edge.core.commands import DURABLE, Command, GrantPassage, ShowMessage
from edge.core.errors import BadInput
from edge.core.events import DoorChanged, Event
from edge.core.ports import Passage, SampleSense, Source
from edge.core.signals import PlateSamples, Signal
from edge.core.store import Store
from edge.inbox import Inbox
from edge.ledger.keys import load_or_create_key
from edge.ledger.ledger import Ledger
from edge.ledger.rows import Saved
from edge.ledger.writer import LedgerWriter
from edge.recorder import BestEffort, Recorder
from edge.supervisor import Supervisor, notify

TICK_S: Final = 0.1
SAVE_S: Final = 1.0
MESSAGES_KEPT: Final = 12

log = logging.getLogger(__name__)


class Daemon:
    """One running shop. Plug adapters in, `start`, `begin`; everything else happens by itself."""

    def __init__(self, config: StoreConfig, state: Path) -> None:
        """Open the ledger in folder `state`. Raises BadInput where it cannot be used."""
        self.config = config
        self.layout = to_layout(config)
        state.mkdir(parents=True, exist_ok=True)
        path = state / config.ledger.path
        key = load_or_create_key(state / config.ledger.key_file, ledger=path)
        ledger = Ledger.open(path, key, device=config.store.id, currency=config.store.currency)
        self.device, self.epoch = ledger.device, ledger.epoch
        self.saved: Saved | None = ledger.saved()
        self._has_run = self.saved is not None
        self.writer = LedgerWriter(ledger)
        self.books = CalledLedger(self.writer.call)
        self.store = Store(self.layout)
        self.recorder: BestEffort | None = None
        self.recording_lost = ""  # why nothing more is recorded
        self.clock: SystemClock | SimClock = SimClock()
        self.doors: dict[str, DoorChanged] = {}
        self.messages: deque[ShowMessage] = deque(maxlen=MESSAGES_KEPT)
        self.alarms: dict[tuple[str, str], commands.RaiseAlarm] = {}
        self.decided: list[Command] | None = None  # set to a list to keep all orders
        self.failed: asyncio.Future[None] | None = None
        self.sample_senses: dict[str, SampleSense] = {}  # by gondola
        self._gondolas = {plate.id: plate.gondola for plate in self.layout.plates}
        self._passages: dict[str, Passage] = {}
        self._wakers: list[Any] = []
        self._grants: set[asyncio.Task[None]] = set()

    def record(self, recorder: Recorder | None) -> None:
        """Record this run; before `use_clock`."""
        self.recorder = None if recorder is None else BestEffort(recorder, self._recording_lost)

    def use_clock(self, clock: SystemClock | SimClock) -> None:
        """The time line of this run; before `start`."""
        self.clock = clock
        last_seq = self.saved.seq if self.saved is not None else 0
        self.inbox = Inbox(clock.now, self.decide, self.recorder, last_seq)
        self.supervisor = Supervisor(clock.now, self.emit)

    def emit(self, item: Event | Signal) -> None:
        """Where every adapter puts what it saw: raw samples go through their sense, events straight on."""
        self.inbox.put(item)
        if isinstance(item, PlateSamples) and item.plates:
            sense = self.sample_senses.get(self._gondolas.get(item.plates[0], ""))
            try:
                for event in sense.feed(item) if sense is not None else ():
                    self.inbox.put(event)
            except BadInput as error:
                now_ns = self.clock.now()
                self.inbox.put(
                    events.InputRejected(captured_ns=now_ns, source=item.source, device=error.place, detail=error.text)
                )

    def plug(self, source: Source | Passage) -> None:
        """Start a source of events under the supervisor."""
        self.supervisor.start(source.name, lambda: source.run(self.emit))

    def use_gate(self, gate: str, passage: Passage) -> None:
        """Send the grants of a gate to a door or turnstile that runs already."""
        self._passages[gate] = passage

    def plug_gate(self, gate: str, passage: Passage) -> None:
        """Start a door or turnstile and send its grants there."""
        self.use_gate(gate, passage)
        self.plug(passage)

    def on_rows(self, wake: Any) -> None:
        """Call `wake` whenever the ledger has new rows."""
        self._wakers.append(wake)

    async def start(self) -> None:
        """Begin to feed the core. A decision that cannot be written ends the daemon: start is recovery."""
        self.failed = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self.inbox.run(), name="inbox")
        task.add_done_callback(self._inbox_ended)
        self._inbox_task = task

    def keep_time(self) -> None:
        """Live only: tick, save and report progress to the service manager."""
        self.supervisor.start("ticker", self._tick)
        self.supervisor.start("saver", self._save)

    def begin(self, run_id: str) -> None:
        """Say which run this is: the saved one goes on, another one starts."""
        saved = self.saved
        resumed = saved is not None and saved.run_id == run_id and saved.state is not None
        if saved is not None and saved.state is not None:
            self.store.restore(saved.state)
        self.saved = None
        now_ns = self.clock.now()
        self.inbox.put(
            events.RunStarted(
                captured_ns=now_ns,
                source="box",
                run_id=run_id,
                wall_ns=self.clock.wall_ns(now_ns),
                resumed=resumed,
                down_from_ns=saved.lived_ns if resumed and saved is not None else 0,
            )
        )
        if saved is not None:  # a recording that ended is no worry of the run that follows
            self._tell_recording("ok", "")

    def next_run(self, run_id: str) -> None:
        """A new run on the same time line (the demo's next loop)."""
        now_ns = self.clock.now()
        self.inbox.put(
            events.RunStarted(captured_ns=now_ns, source="box", run_id=run_id, wall_ns=self.clock.wall_ns(now_ns))
        )

    async def decide(self, event: Event) -> None:
        """One event through the core; durable orders first, then the others."""
        if isinstance(event, DoorChanged):
            self.doors[event.door] = event
        orders = self.store.handle(event)
        if not orders:
            return
        if self.recorder is not None:
            for order in orders:
                self.recorder.write(order)
        if self.decided is not None:
            self.decided.extend(orders)
        await self._book(orders, event.seq)
        for order in orders:
            self._carry_out(order)

    def tick(self) -> None:
        """Tell the core the time if it waits for it."""
        wake_ns, now_ns = self.store.wake_at_ns, self.clock.now()
        if wake_ns is not None and wake_ns <= now_ns:
            self.inbox.put(events.Tick(captured_ns=now_ns, source="box"))

    async def quiet(self) -> None:
        """Return when all orders given so far are carried out (grants answered or given up)."""
        await self.inbox.idle()
        while self._grants:
            await asyncio.gather(*self._grants, return_exceptions=True)
            await self.inbox.idle()

    async def stop(self) -> None:
        """Stop the adapters, let the core hear the time once more, close recording and ledger.

        Raises LedgerFull where the last state cannot be kept; everything is closed all the same.
        """
        await self.supervisor.stop()
        self.inbox.put(events.Tick(captured_ns=self.clock.now(), source="end"))
        try:
            await self._last_words()
        finally:
            self._inbox_task.cancel()
            await asyncio.gather(self._inbox_task, return_exceptions=True)
            if self.failed is not None and self.failed.done():
                self.failed.exception()  # who waits for it has it; nobody else need hear that nobody did
            if self.recorder is not None:
                self.recorder.close()
            self.writer.close()

    async def _last_words(self) -> None:
        """Until all is decided and kept, or a decision cannot be carried out: then the queue never runs dry."""
        words = asyncio.create_task(self._quiet_and_kept(), name="last words")
        await asyncio.wait({words, self._inbox_task}, return_when=asyncio.FIRST_COMPLETED)
        if words.done():
            words.result()
            return
        words.cancel()
        await asyncio.gather(words, return_exceptions=True)

    async def _quiet_and_kept(self) -> None:
        await self.quiet()
        await self._remember()

    async def _book(self, orders: tuple[Command, ...], seq: int) -> None:
        durable: list[Command] = []
        for order in orders:
            if isinstance(order, commands.BeginRun):
                await self._commit(durable, seq)
                durable = []
                await self.writer.call("begin", run_id=order.run_id, origin_wall_ns=self.clock.origin_wall_ns)
                self._has_run = True
            if isinstance(order, DURABLE):
                durable.append(order)
        await self._commit(durable, seq)

    async def _commit(self, durable: list[Command], seq: int) -> None:
        if not durable:
            return
        now_ns = self.store.now_ns
        state = self.store.state()
        await self.writer.commit(
            durable, state=state, seq=seq, mono_ns=max(0, now_ns), wall_ns=self.clock.wall_ns(max(0, now_ns))
        )
        for wake in self._wakers:
            wake()

    def _carry_out(self, order: Command) -> None:
        if isinstance(order, GrantPassage):
            passage = self._passages.get(order.gate)
            if passage is None:
                self.inbox.put(
                    events.GrantAnswered(
                        captured_ns=self.clock.now(), source="box", gate=order.gate, request=order.request, ok=True,
                        reason="no door is configured here",
                    )
                )  # fmt: skip
                return
            self._in_background(passage.grant(order))
        elif isinstance(order, ShowMessage):
            self.messages.append(order)
        elif isinstance(order, commands.RaiseAlarm):
            self.alarms[order.alarm, order.place] = order
            log.warning("alarm %s at %s: %s", order.alarm, order.place, order.detail)
        elif isinstance(order, commands.ClearAlarm):
            self.alarms.pop((order.alarm, order.place), None)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._grants.add(task)
        task.add_done_callback(self._grants.discard)

    def _inbox_ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and self.failed is not None and not self.failed.done():
            log.error("a decision could not be carried out: %s", error)
            self.failed.set_exception(error)

    def _recording_lost(self, why: str) -> None:
        log.error("%s", why)
        self.recording_lost = why
        self._tell_recording("lost", why)

    def _tell_recording(self, state: Literal["ok", "lost"], detail: str) -> None:
        now_ns = self.clock.now()
        self.inbox.put(
            events.HealthChanged(captured_ns=now_ns, source="box", device="recording", state=state, detail=detail)
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    async def _save(self) -> None:
        while True:
            await asyncio.sleep(SAVE_S)
            await self._remember()
            notify("WATCHDOG=1")  # after a save, so it proves progress of core and ledger

    async def _remember(self) -> None:
        if not self._has_run:
            return  # stopped before the first decision: there is nothing to remember
        now_ns = max(0, self.store.now_ns)
        await self.writer.commit(
            [], state=self.store.state(), seq=self.inbox.seq, mono_ns=now_ns, wall_ns=self.clock.wall_ns(now_ns)
        )
