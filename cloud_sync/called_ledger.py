"""The ledger port over a "call this method by name" function, which is how a writer thread is reached.

Must not: know whose methods they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

from cloud_sync.ports import InboxRow, OutboxRow


class Call(Protocol):
    """Runs a ledger method in the thread that owns it."""

    async def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any: ...


class CalledLedger:
    """A LedgerPort."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def pending(self, after: int, limit: int, max_bytes: int) -> Sequence[OutboxRow]:
        """See LedgerPort."""
        return cast(Sequence[OutboxRow], await self._call("pending", after, limit, max_bytes))

    async def acknowledged(self) -> int:
        """See LedgerPort."""
        return cast(int, await self._call("acknowledged"))

    async def acknowledge(self, upto: int, hash: bytes) -> None:
        """See LedgerPort."""
        await self._call("acknowledge", upto, hash)

    async def receive(self, *, id: str, cseq: int, type: str, body: bytes, now_ns: int) -> bool:
        """See LedgerPort."""
        return cast(bool, await self._call("receive", id=id, cseq=cseq, type=type, body=body, now_ns=now_ns))

    async def unhandled(self) -> Sequence[InboxRow]:
        """See LedgerPort."""
        return cast(Sequence[InboxRow], await self._call("unhandled"))

    async def command_cursor(self) -> int:
        """See LedgerPort."""
        return cast(int, await self._call("command_cursor"))

    async def head(self) -> tuple[int, bytes]:
        """See LedgerPort."""
        return cast(tuple[int, bytes], await self._call("head"))
