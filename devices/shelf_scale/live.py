"""A scale board on a serial port -> PlateSamples. What it promises is in rules.md.

Must not: judge weights (the step filter does), raise for a board that is not there, or read a clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from devices.shelf_scale.assembly import Assembly
from devices.shelf_scale.wire import read_row
from devices.source_health import SourceHealth
from edge.config import Scale
from edge.core.errors import BadInput
from edge.core.ports import Check, Emit, Now
from firmware_bridge.errors import LineBroken, PortUnusable
from firmware_bridge.frames import Dropped, StreamDecoder
from firmware_bridge.serial_port import SerialPipe, open_port

SILENT_S: Final = 2.0
FIRST_RETRY_S: Final = 0.1
LAST_RETRY_S: Final = 2.0


class LiveScale:
    """A `Source` of the samples of one gondola.

    `plates` are the plate ids in the order of the board's columns (the order of the [[plate]] rows); `port`
    overrides the port of the row. Raises BadInput where neither names a port.
    """

    def __init__(self, row: Scale, plates: Sequence[str], now: Now, port: str | None = None) -> None:
        path = port or row.port
        if path is None:
            raise BadInput(f"[[scale]] {row.id}", "has no port; give port = the path of its serial port")
        if not plates:
            raise BadInput(f"[[scale]] {row.id}", f"gondola {row.gondola!r} has no [[plate]]; add its plates")
        self.name = row.id
        self._gondola = row.gondola
        self._path = path
        self._baud = row.baud
        self._plates = tuple(plates)
        self._now = now
        self._rows = 0
        self._running = False

    async def run(self, emit: Emit) -> None:
        """Report samples until cancelled; a lost board is looked for again by itself."""
        health = SourceHealth(self.name, self._now, emit)
        retry_s = FIRST_RETRY_S
        self._running = True
        try:
            while True:
                before = self._rows
                try:
                    reason = await self._listen(emit, health)
                except PortUnusable as error:
                    reason = str(error)
                health.is_now("lost", reason)
                retry_s = FIRST_RETRY_S if self._rows > before else min(2 * retry_s, LAST_RETRY_S)
                await asyncio.sleep(retry_s)
        finally:
            self._running = False

    async def _listen(self, emit: Emit, health: SourceHealth) -> str:
        """One opening of the port; returns why it ended."""
        assembly = Assembly(self._gondola, self._plates)
        decoder = StreamDecoder()
        gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def came(data: bytes) -> None:
            for item in decoder.feed(data):
                row = item if isinstance(item, Dropped) else read_row(item)
                if isinstance(row, Dropped):
                    health.rejected(row.reason, row.size)
                    continue
                self._rows += 1
                health.is_now("ok")
                for block in assembly.add(row, self._now()):
                    emit(block)

        def broke(error: LineBroken) -> None:
            if not gone.done():
                gone.set_result(str(error))

        pipe = SerialPipe(open_port(self._path, self._baud), came, broke)
        try:
            return await self._until_gone(gone)
        finally:
            pipe.close()

    async def _until_gone(self, gone: asyncio.Future[str]) -> str:
        while True:
            before = self._rows
            done, _ = await asyncio.wait([gone], timeout=SILENT_S)
            if done:
                return gone.result()
            if self._rows == before:
                return f"{self._path}: no samples for {SILENT_S:g} s; check power and cable of the scale board"

    async def self_check(self) -> Check:
        """Can the port be used? While `run` holds it, whether samples have come."""
        if self._running:
            state = "ok" if self._rows else "failed"
            return Check(device=self.name, state="ok" if state == "ok" else "failed", detail=f"{self._rows} samples")
        try:
            open_port(self._path, self._baud).close()
        except PortUnusable as error:
            detail, _, cure = str(error).partition("; ")
            return Check(device=self.name, state="absent" if error.absent else "failed", detail=detail, cure=cure)
        return Check(device=self.name, state="ok", detail=f"{self._path} can be opened")
