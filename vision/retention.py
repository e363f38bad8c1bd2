"""Faces whose last day is over are erased by the running shop itself, at its start and every hour.

Must not: read a clock (it is handed in), touch the ledger, or erase a code: who has one still comes in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from edge.core.errors import BadInput
from edge.core.ports import Check, Emit
from vision.gallery import Erased, Gallery, day_of

EVERY_S: Final = 3_600.0

log = logging.getLogger(__name__)


class Retention:
    """Keeps the promise made with each consent, as a worker of the daemon (edge.core.ports.Source).

    `wall_now_ns` is the wall clock in Unix ns; `pause` waits some seconds (simulated time hands in its own).
    """

    name = "retention"

    def __init__(
        self,
        state: Path,
        wall_now_ns: Callable[[], int],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._state, self._wall_now_ns, self._pause = state, wall_now_ns, pause

    async def run(self, emit: Emit) -> None:
        """Erase what is due, for ever."""
        while True:
            await asyncio.to_thread(self.erase_due)
            await self._pause(EVERY_S)

    def erase_due(self) -> list[Erased]:
        """Erase now. A store that cannot be changed is told in the log and tried again an hour later."""
        try:
            done = Gallery(self._state).expire(day_of(self._wall_now_ns()), search=False)
        except BadInput as error:
            log.error("faces whose retention has ended could not be erased: %s", error)
            return []
        for one in done:
            log.info(
                "the retention of %s has ended: %d face record(s) and their keys are destroyed", one.shopper, one.faces
            )
        return done

    async def self_check(self) -> Check:
        """Whether anything is overdue."""
        problems = Gallery(self._state).problems
        if problems:
            return Check(device=self.name, state="failed", detail=problems[0].text, cure=f"see {problems[0].place}")
        return Check(device=self.name, state="ok", detail="faces are erased on the day after their last one")
