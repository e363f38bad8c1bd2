"""Box, embedded broker and hub in one process: the first run, without a server to install."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_sync.embedded_broker import EmbeddedBroker
from edge.core.events import HealthChanged
from tests.integration.cloud_bench import DEVICE, closing, running_box, running_hub, until


def test_a_visit_is_charged_and_answered(tmp_path: Path) -> None:
    broker = EmbeddedBroker()
    address = broker.start()

    async def scene() -> None:
        with running_hub(tmp_path / "hub.db", address) as hub:
            async with running_box(tmp_path, address) as box:
                await box.commit(closing(1))
                await until(lambda: box.answers() == {"charge-1": ["confirmed"]}, "the answer")
                await until(lambda: _is_empty(box), "an empty outbox")
                [charge] = hub.store.charges(DEVICE)
                assert (charge.state, charge.amount_minor, charge.visit) == ("confirmed", 250, "v1")
                assert box.link.status.protocol == hub.status.protocol == "MQTT 3.1.1"
                assert [e.state for e in box.of(HealthChanged)] == ["ok"]
                assert hub.store.is_on(DEVICE)
            await until(lambda: hub.store.is_on(DEVICE) is False, "the death")

    try:
        asyncio.run(scene())
    finally:
        broker.stop()


def test_the_embedded_broker_may_stop_and_come_back(tmp_path: Path) -> None:
    broker = EmbeddedBroker()
    address = broker.start()

    async def scene() -> None:
        with running_hub(tmp_path / "hub.db", address) as hub:
            async with running_box(tmp_path, address, receipt_timeout_s=0.3) as box:
                for number in range(3):
                    await box.commit(closing(number))
                    await until(lambda: box.link.status.connected, "the connection")
                    await asyncio.to_thread(broker.stop)
                    await until(lambda: not box.link.status.connected, "the loss to be seen")
                    await asyncio.to_thread(broker.start)
                await until(lambda: len(box.answers()) == 3, "the answers")
                assert [charge.state for charge in hub.store.charges()] == ["confirmed"] * 3

    try:
        asyncio.run(scene())
    finally:
        broker.stop()


def test_strangers_at_the_door_do_not_hold_it(tmp_path: Path) -> None:
    broker = EmbeddedBroker()
    address = broker.start()
    for greeting in (b"", b"\x10", b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\xff\xff", b"\x10\x0d\x00\x04MQTT\x05"):
        with socket.create_connection((address.host, address.port), 5.0) as caller:
            caller.sendall(greeting)
            caller.shutdown(socket.SHUT_WR)
            assert caller.recv(10) in (b"", b"\x20\x02\x00\x01")

    async def scene() -> None:
        with running_hub(tmp_path / "hub.db", address):
            async with running_box(tmp_path, address) as box:
                await box.commit(closing(1))
                await until(lambda: len(box.answers()) == 1, "the answer")

    try:
        asyncio.run(scene())
        second = EmbeddedBroker(address.port)
        with pytest.raises(RuntimeError, match="does not start"):
            second.start()
    finally:
        broker.stop()


def test_one_sqlite_library_serves_box_and_hub() -> None:
    code = (
        "import sys, sqlcipher3.dbapi2, cloud_sync.link, cloud_sync.hub.main, cloud_sync.embedded_broker, amqtt.broker;"
        "print([name for name in sys.modules if name.split('.')[0] in ('sqlite3', '_sqlite3', 'apsw', 'pysqlite3')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


async def _is_empty(box: object) -> bool:
    return await box.outbox() == 0  # type: ignore[attr-defined]
