"""One ordered queue in front of the core: stamps `seq` and `received_ns`, records, then lets the core decide.

An event is written to the recording before it is handled. Nothing is dropped here: a queue beyond its bound is
reported as degraded and goes on. Must not: look at what an event says, or decide anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from edge.core.channels import CHANNELS
from edge.core.events import Event, HealthChanged, Tick
from edge.core.ports import Now
from edge.core.signals import PlateSamples, Signal, VideoFrame

BOUND: Final = max(channel.bound for channel in CHANNELS if channel.full == "wait")
RECORDED: Final = frozenset(channel.name for channel in CHANNELS if channel.recorded)


class Record(Protocol):
    """Where items are kept; the recorder satisfies it."""

    def write(self, item: Event | Signal) -> None: ...

    def flush_if_due(self, now_ns: int) -> None: ...


class Inbox:
    """`put` from anywhere on the event loop; `run` feeds `decide` one event at a time, in order of arrival."""

    def __init__(
        self, now: Now, decide: Callable[[Event], Awaitable[None]], record: Record | None = None, last_seq: int = 0
    ) -> None:
        self._now = now
        self._decide = decide
        self._record = record
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        self.seq = last_seq
        self._crowded = False

    def put(self, item: Event | Signal) -> None:
        """Take in one event or raw signal. A sensor ahead of the box's clock is set back to now."""
        now_ns = self._now()
        if isinstance(item, PlateSamples | VideoFrame):
            if self._record is not None:
                self._record.write(item)
            return
        self.seq += 1
        self._queue.put_nowait(
            msgspec.structs.replace(
                item, seq=self.seq, received_ns=now_ns, captured_ns=max(0, min(item.captured_ns, now_ns))
            )
        )
        self._watch_length(now_ns)

    def _watch_length(self, now_ns: int) -> None:
        crowded = self._queue.qsize() > BOUND
        if crowded != self._crowded and (crowded or self._queue.qsize() < BOUND // 2):
            self._crowded = crowded
            state = HealthChanged(
                captured_ns=now_ns,
                source="inbox",
                device="inbox",
                state="degraded" if crowded else "ok",
                detail="more events wait than one second brings" if crowded else "",
            )
            self.put(state)

    async def run(self) -> None:
        """Feed the core until cancelled."""
        while True:
            await self._one(await self._queue.get())
            self._queue.task_done()

    async def idle(self) -> None:
        """Return when everything put so far has been decided and carried out."""
        await self._queue.join()

    async def _one(self, event: Event) -> None:
        if self._record is not None:
            if type(event).__name__ in RECORDED or (isinstance(event, Tick) and event.source == "end"):
                self._record.write(event)
            self._record.flush_if_due(event.received_ns)
        await self._decide(event)
