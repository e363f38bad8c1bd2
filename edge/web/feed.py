"""The newest snapshot of the shop, for any number of pages. Slow pages skip snapshots; the shop never waits.

Must not: know what a snapshot means.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec


class Feed:
    """`publish` replaces the newest snapshot; `follow` yields it whenever it changed."""

    def __init__(self) -> None:
        self.newest: bytes = b"{}"
        self._changed = asyncio.Condition()

    async def publish(self, snapshot: object) -> None:
        """Offer a snapshot (JSON-able). An unchanged one wakes nobody."""
        encoded = msgspec.json.encode(snapshot)
        if encoded == self.newest:
            return
        async with self._changed:
            self.newest = encoded
            self._changed.notify_all()

    async def follow(self) -> AsyncIterator[bytes]:
        """The newest snapshot now, and then each newer one."""
        sent = b""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda seen=sent: self.newest != seen)  # type: ignore[misc]
                sent = self.newest
            yield sent
