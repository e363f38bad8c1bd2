"""A recorded world that goes on by itself: its device streams, again and again, on the time line of a run.

Nobody waits for a reader who was away: who asks late gets what happens from now on. Must not: make or change a
reading (but for its place in time), read a clock, or play pictures (each camera plays its own clip).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from edge.core.errors import BadInput
from edge.core.events import TagRead, TracksSeen
from edge.core.signals import PlateSamples

Reading: TypeAlias = PlateSamples | TracksSeen | TagRead
Timed: TypeAlias = tuple[int, Reading]
NS = 1_000_000_000


class RecordedWorld:
    """Device streams of one recording, played in a loop.

    `readings` are items of a recording (others are left out), times from the start of the loop. Loop k begins at
    `origin_ns + k * loop_ns` of the run's time line. Raises BadInput where a loop is too short for its readings.
    """

    def __init__(self, readings: Iterable[object], *, origin_ns: int, loop_ns: int) -> None:
        kept = [item for item in readings if isinstance(item, PlateSamples | TracksSeen | TagRead)]
        self._timed: list[Timed] = sorted(((due_ns(item), item) for item in kept), key=lambda pair: pair[0])
        if not self._timed:
            raise BadInput("recording", "holds no readings of devices; give one with plate samples, tracks or tags")
        if self._timed[-1][0] > loop_ns:
            last_s = self._timed[-1][0] / NS
            raise BadInput("loop", f"is {loop_ns / NS:.3f} s long, but the recording has readings up to {last_s:.3f} s")
        self.origin_ns = origin_ns
        self.loop_ns = loop_ns

    def loop_at(self, at_ns: int) -> int:
        """The number of the loop that a moment of the run is in; before the first one 0."""
        return max(0, (at_ns - self.origin_ns) // self.loop_ns)

    def loop_start_ns(self, loop: int) -> int:
        """When a loop begins."""
        return self.origin_ns + loop * self.loop_ns

    def once(self, loop: int = 0) -> Iterator[Timed]:
        """All readings of one loop as (due, reading), by due time: when the device could have told it."""
        return self._from(loop, 0)

    def since(self, begin_ns: int, loops: int | None = None) -> Iterator[Timed]:
        """Readings whose whole time lies after `begin_ns`, for `loops` more seams (None = for ever).

        A block of samples that had begun before is lost with the rest of the past.
        """
        first = self.loop_at(begin_ns)
        loop = first
        while loops is None or loop <= first + loops:
            yield from self._from(loop, begin_ns)
            loop += 1

    async def live(self, now: Callable[[], int], until: Callable[[int], Awaitable[None]]) -> AsyncIterator[Timed]:
        """Readings from now on, each when it is due, for ever. `until` waits for a moment of the run."""
        for due, reading in self.since(now()):
            await until(due)
            yield due, reading

    def _from(self, loop: int, begin_ns: int) -> Iterator[Timed]:
        zero_ns = self.loop_start_ns(loop)
        for due, reading in self._timed:
            captured_ns = zero_ns + reading.captured_ns
            if captured_ns >= begin_ns:
                yield zero_ns + due, msgspec.structs.replace(reading, captured_ns=captured_ns)


def due_ns(reading: Reading) -> int:
    """When a device has a reading complete: a block of samples with its last sample, all else at once."""
    if not isinstance(reading, PlateSamples):
        return reading.captured_ns
    samples = len(reading.grams) // (4 * max(1, len(reading.plates)))
    return reading.captured_ns + round(samples * NS / reading.rate_hz)
