"""A reader that sends text lines over TCP -> TagRead. What it promises is in rules.md.

Must not: decide what a read means, raise for a reader that is not there, or read a clock.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from devices.rfid_reader.lines import LineReader, Refused
from devices.source_health import SourceHealth
from edge.config import Reader
from edge.core.errors import BadInput
from edge.core.events import TagRead
from edge.core.ports import Check, Emit, Now

DEFAULT_PORT: Final = 10001
CONNECT_S: Final = 5.0
FIRST_RETRY_S: Final = 0.2
LAST_RETRY_S: Final = 5.0
READ_SIZE: Final = 4096
# A reader with no tag in front of it says nothing: the kernel asks it whether it is still there.
KEEP_ALIVE: Final = ((socket.TCP_KEEPIDLE, 3), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3))


class LiveReader:
    """A `Source` of tag reads. `host` of the row is `name` or `name:port`. Raises BadInput for another form."""

    def __init__(self, row: Reader, now: Now, host: str | None = None) -> None:
        self.name = row.id
        self._host, self._port = _address(row.id, host or row.host)
        self._now = now
        self._connected = False
        self._heard = 0

    async def run(self, emit: Emit) -> None:
        """Report reads until cancelled; a lost reader is called again by itself."""
        health = SourceHealth(self.name, self._now, emit)
        retry_s = FIRST_RETRY_S
        while True:
            try:
                stream, writer = await self._connect()
            except (OSError, TimeoutError) as error:
                health.is_now("lost", self._lost(error))
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)
                continue
            before = self._heard
            health.is_now("ok")
            self._connected = True
            try:
                reason = await self._listen(stream, emit, health)
            finally:
                self._connected = False
                writer.close()
            health.is_now("lost", reason)
            # a reader that hangs up before it said anything is not called ever faster
            retry_s = FIRST_RETRY_S if self._heard > before else min(2 * retry_s, LAST_RETRY_S)
            await asyncio.sleep(retry_s)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(CONNECT_S):
            stream, writer = await asyncio.open_connection(self._host, self._port)
        plug: socket.socket = writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE:
            plug.setsockopt(socket.IPPROTO_TCP, option, value)
        return stream, writer

    async def _listen(self, stream: asyncio.StreamReader, emit: Emit, health: SourceHealth) -> str:
        lines = LineReader()
        while True:
            try:
                data = await stream.read(READ_SIZE)
            except OSError as error:
                return self._lost(error)
            if not data:
                return f"{self._host}:{self._port}: the reader closed the connection; check its power and its log"
            self._heard += 1
            at_ns = self._now()
            for item in lines.feed(data):
                if isinstance(item, Refused):
                    health.rejected(item.reason, item.size)
                else:
                    emit(self._event(at_ns, item.epc, item.antenna, item.rssi_cdbm))

    def _event(self, at_ns: int, epc: str, antenna: int, rssi_cdbm: int) -> TagRead:
        return TagRead(
            captured_ns=at_ns, source=self.name, reader=self.name, antenna=antenna, epc=epc, rssi_cdbm=rssi_cdbm
        )

    def _lost(self, error: OSError | TimeoutError) -> str:
        reason = str(error) or "no answer"
        return f"{self._host}:{self._port}: {reason}; check cable, power and address of the reader"

    async def self_check(self) -> Check:
        """Does the reader take a connection? While `run` has one, it is well."""
        if self._connected:
            return Check(device=self.name, state="ok", detail="connected")
        try:
            _, writer = await self._connect()
        except (OSError, TimeoutError) as error:
            return Check(
                device=self.name,
                state="failed",
                detail=self._lost(error),
                cure=f"see host of reader {self.name} in store.toml",
            )
        writer.close()
        return Check(device=self.name, state="ok", detail=f"{self._host}:{self._port} answers")


def _address(reader: str, host: str | None) -> tuple[str, int]:
    place = f"[[rfid_reader]] {reader}"
    if not host:
        raise BadInput(place, "has no host; give host = name or name:port of the reader")
    name, colon, port = host.rpartition(":")
    if not colon:
        return host, DEFAULT_PORT
    if not name or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadInput(place, f"host {host!r} is not name or name:port; give one like reader.local:10001")
    return name.strip("[]"), int(port)
