"""Everything a conversation has to react to, in one queue: signals of paho's thread, wake-ups and deadlines.

Must not: drop anything but messages, which the hub repeats.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from cloud_sync import mqtt

MAX_MESSAGES: Final = 1_000

Due: TypeAlias = Literal["wake", "hello", "overdue"]


class Mailbox:
    """Used by one conversation. `shed` is called for each message that found the queue full."""

    def __init__(self, shed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[mqtt.Signal | Due] = asyncio.Queue()
        self._timers: dict[Due, asyncio.TimerHandle] = {}
        self._rung: set[Due] = set()
        self._shed = shed
        self._wake_waits = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._queue.empty()

    async def next(self) -> mqtt.Signal | Due:
        """Wait for the next thing to react to."""
        while True:
            item = await self._queue.get()
            if item == "wake":
                self._wake_waits = False
            elif item == "hello" or item == "overdue":
                if item not in self._rung:
                    continue  # what it was waiting for came while it stood in the queue
                self._rung.discard(item)
            return item

    def post(self, signal: mqtt.Signal) -> None:
        """Put a signal in. Safe from any thread."""
        self._from_anywhere(lambda: self._take(signal))

    def wake(self) -> None:
        """Put one wake-up in, however often it is called. Safe from any thread."""
        self._from_anywhere(self._take_wake)

    def is_armed(self, due: Due) -> bool:
        """Whether this deadline runs."""
        return due in self._timers or due in self._rung

    def arm(self, due: Due, delay_s: float) -> None:
        """Start a deadline, or start it again."""
        self.disarm(due)
        self._timers[due] = self._loop.call_later(delay_s, self._ring, due)

    def disarm(self, due: Due) -> None:
        """Stop a deadline."""
        self._rung.discard(due)
        timer = self._timers.pop(due, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Stop all deadlines."""
        for due in list(self._timers):
            self.disarm(due)

    def _from_anywhere(self, action: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(action)
        except RuntimeError:  # the loop is closed: the process is going down and nobody waits for this
            return

    def _take(self, signal: mqtt.Signal) -> None:
        if isinstance(signal, mqtt.Arrived) and self._queue.qsize() >= MAX_MESSAGES:
            self._shed()
            return
        self._queue.put_nowait(signal)

    def _take_wake(self) -> None:
        if not self._wake_waits:
            self._wake_waits = True
            self._queue.put_nowait("wake")

    def _ring(self, due: Due) -> None:
        self._timers.pop(due, None)
        self._rung.add(due)
        self._queue.put_nowait(due)
