"""A scale that has no board: it carries given samples through the port, at the pace of the run.

Must not: make samples or change them; a simulated world or a recording does that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from edge.core.ports import Check, Emit
from edge.core.signals import PlateSamples


class SimulatedScale:
    """A `Source` of samples that are already there.

    `until` waits for a moment of the run's time line; a block goes out when its last sample would be measured.
    """

    def __init__(self, name: str, samples: Iterable[PlateSamples], until: Callable[[int], Awaitable[None]]) -> None:
        self.name = name
        self._samples = samples
        self._until = until

    async def run(self, emit: Emit) -> None:
        """Carry all samples, then end."""
        for block in self._samples:
            await self._until(complete_ns(block))
            emit(block)

    async def self_check(self) -> Check:
        """Always well."""
        return Check(device=self.name, state="ok", detail="simulated")


def complete_ns(block: PlateSamples) -> int:
    """When the last sample of a block has been measured."""
    count = len(block.grams) // (4 * max(len(block.plates), 1))
    return block.captured_ns + round(count * 1e9 / block.rate_hz)
