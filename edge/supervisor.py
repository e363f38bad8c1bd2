"""Keeps the adapters running: a worker that fails is reported, waits, and starts again.

The table says what the shop does without each kind of worker. Must not: decide about visits, or give up.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from edge.core.errors import BadInput
from edge.core.events import HealthChanged
from edge.core.ports import Emit, Now

BACKOFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
LONG_RUN_NS: Final = 30_000_000_000  # a worker that lived this long starts again without delay

WITHOUT: Final[dict[str, str]] = {
    "camera": "slots of this camera are judged by scales and tags alone",
    "gate camera": "no face entry; codes and cards at other readers still open",
    "scale": "slots of this gondola are judged by cameras and tags alone; doubt goes to review",
    "tracker": "with one visit inside it is charged, with several doubt goes to review",
    "rfid": "tags do not speak; nothing is charged by tags alone anyway",
    "door": "the board holds its safe levels; egress is released",
    "cloud": "charges wait in the ledger; nothing is lost and nothing is sent twice",
    "page": "the shop goes on without its page",
}

log = logging.getLogger(__name__)


class Supervisor:
    """Owns the tasks of all workers."""

    def __init__(self, now: Now, emit: Emit) -> None:
        self._now = now
        self._emit = emit
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run a worker for as long as the daemon lives."""
        self._tasks.append(asyncio.create_task(self._keep(name, run), name=name))

    async def stop(self) -> None:
        """Cancel all workers and wait for them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        fails = 0
        while True:
            began_ns = self._now()
            try:
                await run()
                detail = "stopped by itself"
            except asyncio.CancelledError:
                raise
            except BadInput as error:  # known, with its cure: a full disk, a setting
                log.error("worker %s failed: %s", name, error)
                detail = str(error)
            except Exception as error:
                log.exception("worker %s failed", name)
                detail = f"{type(error).__name__}: {error}"
            fails = 0 if self._now() - began_ns > LONG_RUN_NS else fails + 1
            self._say(name, "lost", f"{detail}; it is started again")
            await asyncio.sleep(BACKOFF_S[min(fails, len(BACKOFF_S) - 1)])
            self._say(name, "ok", "")

    def _say(self, name: str, state: str, detail: str) -> None:
        self._emit(
            HealthChanged(
                captured_ns=self._now(),
                source="supervisor",
                device=f"worker-{name}",
                state="ok" if state == "ok" else "lost",
                detail=detail,
            )
        )


def notify(message: str) -> None:
    """Tell systemd (sd_notify(3): a datagram to $NOTIFY_SOCKET); nothing happens where there is none."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)
