"""The shapes adapters have. Live, simulated and recorded adapters satisfy the same Protocols.

Must not: import an adapter, or grow a method that only one adapter could honour.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from edge.core.commands import GrantPassage
from edge.core.events import Event
from edge.core.signals import PlateSamples, Signal


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


class SampleSense(Protocol):
    """Turns raw plate samples of one gondola into events. A pure function of what it was fed so far."""

    def feed(self, samples: PlateSamples) -> list[Event]: ...

    def flush(self) -> list[Event]:
        """Events that were still waiting for more samples; called once at the end of a stream."""
        ...


class PictureSense(Protocol):
    """Turns the pictures of one camera into events. A pure function of the pictures and times it was shown."""

    def see(self, picture: Any, captured_ns: int) -> list[Event]:
        """`picture` is a uint8 array [height, width, 3], BGR. Times rise from call to call."""
        ...

    def flush(self) -> list[Event]:
        """Events that were still waiting for confirmation; called once at the end of a stream."""
        ...
