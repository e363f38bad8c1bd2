"""A reader that is not there: it carries given reads through the port, at the pace of the run.

Must not: make reads or change them; a simulated world or a recording does that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from edge.core.events import TagRead
from edge.core.ports import Check, Emit


class SimulatedReader:
    """A `Source` of reads that are already there; `until` waits for a moment of the run's time line."""

    def __init__(self, name: str, reads: Iterable[TagRead], until: Callable[[int], Awaitable[None]]) -> None:
        self.name = name
        self._reads = reads
        self._until = until

    async def run(self, emit: Emit) -> None:
        """Carry all reads, then end."""
        for read in self._reads:
            await self._until(read.captured_ns)
            emit(read)

    async def self_check(self) -> Check:
        """Always well."""
        return Check(device=self.name, state="ok", detail="simulated")
