"""What the link needs from the ledger, as a shape: the two are strangers and meet in the wiring.

Everything is async because one writer thread owns the database. Must not: import a ledger, or grow a method
that the link does not call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class OutboxRow(Protocol):
    """One ledger event that the hub has not receipted yet. `prev` and `hash` are 32 bytes, `body` is JSON text."""

    @property
    def seq(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def v(self) -> int: ...
    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def prev(self) -> bytes: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def boot(self) -> str: ...
    @property
    def clock_ok(self) -> bool: ...
    @property
    def mono_ns(self) -> int: ...
    @property
    def wall_ns(self) -> int: ...


class InboxRow(Protocol):
    """One stored command. `type` is its operation, `body` the JSON bytes as they arrived."""

    @property
    def id(self) -> str: ...
    @property
    def cseq(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class LedgerPort(Protocol):
    """The outbox and the inbox of the ledger."""

    async def pending(self, after: int, limit: int, max_bytes: int) -> Sequence[OutboxRow]:
        """Unreceipted rows with `seq > after` in order, without a hole; at least one where there is one."""
        ...

    async def acknowledged(self) -> int:
        """The highest sequence number that the hub has receipted, 0 before the first."""
        ...

    async def acknowledge(self, upto: int, hash: bytes) -> None:
        """The hub holds everything up to `upto`, whose hash is `hash`. Raises BadInput where ours differs (a fork)."""
        ...

    async def receive(self, *, id: str, cseq: int, type: str, body: bytes, now_ns: int) -> bool:
        """Store a command durably. False where its id is already there. Returns after the commit."""
        ...

    async def unhandled(self) -> Sequence[InboxRow]:
        """Commands that were stored but whose effect is not on the books yet, in order."""
        ...

    async def command_cursor(self) -> int:
        """The highest command number up to which nothing is missing."""
        ...

    async def head(self) -> tuple[int, bytes]:
        """Sequence number and hash of the newest event."""
        ...
