"""Events in the order in which they happened, although they arrive in another; and the timers between them.

An event waits until the bounded window behind the newest arrival has passed its captured time. What comes later
than that is late: kept and handled at once, but counted. Must not: look inside an event beyond its keys.
"""

from __future__ import annotations

import heapq
from typing import Any

from edge.core import events
from edge.core.events import Event

RANK = {kind: rank for rank, kind in enumerate(events.KINDS)}
PLACE = ("plate", "slot", "epc", "line", "gate", "device", "charge", "door")


def order_key(event: Event) -> tuple[int, int, str, str]:
    """Order by captured time; ties by kind, source and place, not by arrival.

    What one source says twice about one place at one moment stays as it came: the later word is the newer one.
    """
    place = ""
    for name in PLACE:
        found = getattr(event, name, None)
        if found is not None:
            place = str(found)
            break
    return event.captured_ns, RANK[type(event)], event.source, place


class Window:
    """A bounded wait: `push` what arrives, `pop` what is old enough. Exact repeats of an event are dropped."""

    def __init__(self) -> None:
        self._heap: list[tuple[tuple[int, int, str, str], int, Event]] = []
        self._last: tuple[Any, Event] | None = None

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, event: Event) -> None:
        """Keep an event until its time has come."""
        heapq.heappush(self._heap, (order_key(event), event.seq, event))

    def first_ns(self) -> int | None:
        """Captured time of the oldest event waiting."""
        return self._heap[0][0][0] if self._heap else None

    def pop(self) -> Event | None:
        """The oldest event, or None where it only repeats the one before."""
        key, _, event = heapq.heappop(self._heap)
        if self._last is not None and self._last[0] == key and _same_fact(self._last[1], event):
            return None
        self._last = (key, event)
        return event


def _same_fact(one: Event, other: Event) -> bool:
    names = [name for name in one.__struct_fields__ if name not in ("seq", "received_ns")]
    return all(getattr(one, name) == getattr(other, name) for name in names)


class Timers:
    """Deadlines on the run's time line, fired in order of time, then name, then key. Setting again moves them."""

    def __init__(self) -> None:
        self._due: dict[tuple[str, str], int] = {}
        self._heap: list[tuple[int, str, str]] = []

    def set(self, due_ns: int, name: str, key: str) -> None:
        """Fire (name, key) at `due_ns`; replaces an earlier setting."""
        self._due[name, key] = due_ns
        heapq.heappush(self._heap, (due_ns, name, key))

    def cancel(self, name: str, key: str) -> None:
        """Forget a deadline; nothing happens if there is none."""
        self._due.pop((name, key), None)

    def first_ns(self) -> int | None:
        """The next deadline."""
        while self._heap and self._due.get(self._heap[0][1:]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self) -> tuple[int, str, str]:
        """Take the next deadline out. Call only after `first_ns` gave one."""
        due_ns, name, key = heapq.heappop(self._heap)
        del self._due[name, key]
        return due_ns, name, key

    def clear(self) -> None:
        """Forget all deadlines."""
        self._due.clear()
        self._heap.clear()
