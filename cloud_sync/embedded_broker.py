"""A broker without a server: amqtt in a thread of its own, on loopback, for the demo and for tests.

MQTT 3.1.1, not durable, which is harmless: nothing is done until the hub's receipt. The sockets are ours, for two
reasons: amqtt waits for ever for the rest of an MQTT 5 CONNECT that it misreads, so we refuse that one ourselves
with the return code of MQTT 3.1.1 section 3.2.2.3; and its shutdown waits for clients that are just connecting. Must
not: be reachable from another machine, or be used for a fleet.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import Any, Final

from cloud_sync.address import Address

LOOPBACK: Final = "127.0.0.1"
START_TIMEOUT_S: Final = 10.0
SHUTDOWN_TIMEOUT_S: Final = 2.0
CONNECT_TIMEOUT_S: Final = 10.0
NOISY: Final = ("amqtt", "transitions")
LISTENER: Final = "default"
UNSUPPORTED_VERSION: Final = b"\x20\x02\x00\x01"
LEVEL_311: Final = b"\x00\x04MQTT\x04"


class EmbeddedBroker:
    """`start` returns when it listens; `stop` ends it. Both block and may be called from any thread."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._up = threading.Event()
        self._failure: Exception | None = None

    @property
    def address(self) -> Address:
        """Where it listens; known after the first `start`, the same after each."""
        return Address(LOOPBACK, self._port)

    def start(self) -> Address:
        """Listen. Raises RuntimeError where it cannot."""
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._up.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._work, name="embedded-broker", daemon=True)
        self._thread.start()
        if not self._up.wait(START_TIMEOUT_S) or self._failure is not None:
            raise RuntimeError(f"the embedded broker does not start on {self.address}: {self._failure}")
        return self.address

    def stop(self) -> None:
        """Close all connections and end the thread."""
        loop, stopping, thread = self._loop, self._stopping, self._thread
        if loop is not None and stopping is not None and not loop.is_closed():
            loop.call_soon_threadsafe(stopping.set)
        if thread is not None:
            thread.join(START_TIMEOUT_S)

    def _work(self) -> None:
        try:
            asyncio.run(self._serve())
        except (OSError, RuntimeError) as error:
            self._failure = error
        finally:
            self._up.set()

    async def _serve(self) -> None:
        from amqtt.broker import Broker

        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_silent)
        broker = Broker(_config(), loop=self._loop)
        await broker.start()
        door = _Door(broker)
        server = await asyncio.start_server(door.enter, sock=_listening(self._port))
        self._port = int(server.sockets[0].getsockname()[1])
        self._up.set()
        await self._stopping.wait()
        server.close()
        door.close()
        try:
            async with asyncio.timeout(SHUTDOWN_TIMEOUT_S):
                await broker.shutdown()
        except TimeoutError:  # all sockets are closed by now; what is left ends with the loop
            return


class _Door:
    """Takes connections, refuses what amqtt cannot read, hands on the rest, and closes all of them at the end."""

    def __init__(self, broker: Any) -> None:
        self._broker = broker
        self._writers: set[asyncio.StreamWriter] = set()

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its first byte to its last."""
        from amqtt.adapters import StreamWriterAdapter

        self._writers.add(writer)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                first, level = await _first_bytes(reader)
            if level == LEVEL_311:
                adapter = _reader(first + level, reader)
                await self._broker.external_connected(adapter, StreamWriterAdapter(writer), LISTENER)
            elif level.startswith(LEVEL_311[:-1]):
                writer.write(UNSUPPORTED_VERSION)
                await writer.drain()
        except (OSError, EOFError, TimeoutError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    def close(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()


async def _first_bytes(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Fixed header (type, remaining length of 1 to 4 bytes) and protocol name with level of the first packet."""
    header = await reader.readexactly(2)
    while header[-1] & 0x80 and len(header) < 5:
        header += await reader.readexactly(1)
    return header, await reader.readexactly(len(LEVEL_311))


def _reader(seen: bytes, reader: asyncio.StreamReader) -> Any:
    from amqtt.adapters import StreamReaderAdapter

    class Again(StreamReaderAdapter):  # type: ignore[misc]
        """Gives the bytes that were looked at once more, then the stream."""

        _seen = seen

        async def read(self, n: int = -1) -> bytes:
            head, self._seen = (self._seen, b"") if n < 0 else (self._seen[:n], self._seen[n:])
            return head + (await reader.readexactly(n - len(head)) if n > len(head) else b"")

    return Again(reader)


def _config() -> dict[str, Any]:
    return {
        "listeners": {LISTENER: {"type": "external", "bind": f"{LOOPBACK}:0"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


def _listening(port: int) -> socket.socket:
    """A socket on loopback, on this port or (0) on a free one."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((LOOPBACK, port))
    except OSError:
        found.close()
        raise
    return found


def _silent(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """Connections that break are the broker's daily bread, not news for the log."""
