"""The shapes adapters have. Live, simulated and recorded adapters satisfy the same Protocols.

Must not: import an adapter, or grow a method that only one adapter could honour.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from edge.core.commands import GrantPassage
from edge.core.events import Event
from edge.core.signals import Signal


class Emit(Protocol):
    """Where an adapter puts what it saw. Safe from the event loop only; never blocks, never drops an event."""

    def __call__(self, item: Event | Signal) -> None: ...


class Now(Protocol):
    """The run's time line in ns. The only way an adapter learns the time."""

    def __call__(self) -> int: ...


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `muin doctor`: what was asked, what it answered, and the cure where it is not well."""

    device: str
    state: Literal["ok", "absent", "failed"]
    detail: str
    cure: str = ""


class Source(Protocol):
    """Something that reports events until it is cancelled: scale, reader, camera, tracker, door contact."""

    name: str

    async def run(self, emit: Emit) -> None: ...

    async def self_check(self) -> Check: ...


class Passage(Protocol):
    """A door or turnstile: a Source that can also let one person through."""

    name: str

    async def run(self, emit: Emit) -> None: ...

    async def grant(self, command: GrantPassage) -> None:
        """Carry out once; the answer comes as GrantAnswered through `emit`. Never raises for a lost device."""
        ...

    async def self_check(self) -> Check: ...
