"""A broker without a server: amqtt in a thread of its own, on loopback, for the demo and for tests.

MQTT 3.1.1, not durable, which is harmless: nothing is done until the hub's receipt. Must not: be reachable from
another machine, or be used for a fleet.
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
NOISY: Final = ("amqtt", "transitions")


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
        """Where it listens; known after `start`."""
        return Address(LOOPBACK, self._port, is_mqtt_311=True)

    def start(self) -> Address:
        """Listen. Raises RuntimeError where it cannot."""
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._port = self._port or _free_port()
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
        finally:
            self._up.set()

    async def _serve(self) -> None:
        from amqtt.broker import Broker
        from amqtt.errors import BrokerError

        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_silent)
        broker = Broker(_config(self._port), loop=self._loop)
        try:
            await broker.start()
        except BrokerError as error:
            self._failure = error
            return
        self._up.set()
        await self._stopping.wait()
        await broker.shutdown()


def _config(port: int) -> dict[str, Any]:
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _silent(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """Connections that break are the broker's daily bread, not news for the log."""
