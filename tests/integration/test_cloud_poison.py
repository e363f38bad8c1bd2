"""Bytes that are not ours, sent to a running box and a running hub by a stranger: nothing changes, the day goes on."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_sync import topics, wire
from cloud_sync.address import Address
from cloud_sync.embedded_broker import EmbeddedBroker
from cloud_sync.messages import Receipt
from edge.core.events import ChargeAnswered, HealthChanged, InputRejected
from tests.integration.cloud_bench import DEVICE, Box, Stranger, closing, running_box, running_hub, until

FUZZED = 300
ROWS_OF_A_VISIT = 4


@pytest.fixture(name="address")
def _address() -> Iterator[Address]:
    broker = EmbeddedBroker()
    yield broker.start()
    broker.stop()


def poison(seed: int) -> list[bytes]:
    """Random, huge, nested, cut and wrongly typed payloads."""
    luck = random.Random(seed)
    found = [luck.randbytes(luck.randint(0, 200)) for _ in range(FUZZED)]
    settled = {"charge": "c", "state": "confirmed"}
    command: dict[str, Any] = {"cseq": 1, "id": "x", "op": "charge.settled", "args": settled}
    wrong: list[Any] = [
        command | {"cseq": "1"},
        command | {"cseq": 0},
        command | {"cseq": 2**62},
        command | {"cseq": 2**70},
        command | {"id": ""},
        command | {"id": 7},
        command | {"op": "door.open"},
        command | {"e": 5},
        command | {"args": settled | {"state": "paid"}},
        command | {"args": []},
        command | {"args": None},
        {"epoch": 5, "upto": 1, "hash": "00" * 32},
        {"epoch": 1, "upto": -1, "hash": "00" * 32},
        {"epoch": 1, "upto": 1, "hash": "zz" * 32},
        {"epoch": 1, "upto": 1},
        [],
        None,
        "text",
    ]
    found += [json.dumps(message).encode() for message in wrong]
    found += [b"[" * 60_000, b'{"args":' * 9_000, b"0" * (wire.MAX_WIRE_BYTES + 1), b"\x1f\x8b" + luck.randbytes(50)]
    return found


async def books(box: Box) -> tuple[Any, ...]:
    """What must not move."""
    return (
        await box.port.head(),
        await box.port.acknowledged(),
        await box.port.command_cursor(),
        await box.outbox(),
        box.answers(),
    )


def test_poison_on_its_topics_does_not_move_a_box(tmp_path: Path, address: Address) -> None:
    async def scene() -> None:
        stranger = Stranger(address)
        with running_hub(tmp_path / "hub.db", address) as hub:
            async with running_box(tmp_path, address) as box:
                await box.commit(closing(1))
                await until(lambda: len(box.answers()) == 1, "the first answer")
                await until(lambda: _settled(box), "all of the visit to be acknowledged")
                before, sent = await books(box), poison(1)
                for leaf in (topics.COMMAND, topics.RECEIPT):
                    for payload in sent:
                        await asyncio.to_thread(stranger.publish, topics.topic(DEVICE, leaf), payload)
                await until(lambda: box.link.status.rejected >= 2 * len(sent), "all to be refused")
                assert await books(box) == before
                assert 20 <= len(box.of(InputRejected)) <= 40
                assert box.link.status.connections == 1
                await box.commit(closing(2))
                await until(lambda: len(box.answers()) == 2, "the second answer")
                assert [charge.state for charge in hub.store.charges()] == ["confirmed", "confirmed"]
        stranger.close()

    asyncio.run(scene())


def test_poison_on_its_topics_does_not_move_the_hub(tmp_path: Path, address: Address) -> None:
    async def scene() -> None:
        stranger = Stranger(address)
        with running_hub(tmp_path / "hub.db", address) as hub:
            async with running_box(tmp_path, address) as box:
                await box.commit(closing(1))
                await until(lambda: len(box.answers()) == 1, "the first answer")
                await until(lambda: _settled(box), "all of the visit to be acknowledged")
                before, sent = (hub.store.charges(), hub.store.receipts(), hub.store.alarms()), poison(2)
                for leaf in (topics.LEDGER, topics.SYNC, topics.STATE):
                    for payload in sent:
                        await asyncio.to_thread(stranger.publish, topics.topic(DEVICE, leaf), payload)
                await until(lambda: hub.status.rejected >= 3 * len(sent), "all to be refused")
                assert (hub.store.charges(), hub.store.receipts(), hub.store.alarms()) == before
                await box.commit(closing(2))
                await until(lambda: len(box.answers()) == 2, "the second answer")
                assert box.link.status.connections == 1
        stranger.close()

    asyncio.run(scene())


def test_a_receipt_for_other_events_acknowledges_nothing_and_heals(tmp_path: Path, address: Address) -> None:
    async def scene() -> None:
        stranger = Stranger(address)
        async with running_box(tmp_path, address, receipt_timeout_s=0.3) as box:
            await box.commit(closing(1))
            await until(lambda: box.link.status.connected, "the connection")
            for upto in (1, 10**9):
                forged = Receipt(epoch=box.epoch, upto=upto, hash="ab" * 32)
                payload = wire.pack(forged, "receipt")
                await asyncio.to_thread(stranger.publish, topics.topic(DEVICE, topics.RECEIPT), payload)
            await until(lambda: "degraded" in [e.state for e in box.of(HealthChanged)], "the alarm")
            assert (await box.port.acknowledged(), await box.outbox()) == (0, 3)
            with running_hub(tmp_path / "hub.db", address):
                await until(lambda: len(box.answers()) == 1, "the answer")
                assert [e.state for e in box.of(HealthChanged)][-1] == "ok"
        stranger.close()

    asyncio.run(scene())


def test_a_stored_answer_is_told_again_after_a_restart(tmp_path: Path, address: Address) -> None:
    async def scene() -> None:
        with running_hub(tmp_path / "hub.db", address):
            async with running_box(tmp_path, address) as box:
                box.deaf = True
                await box.commit(closing(1))
                await until(lambda: len(box.answers()) == 1, "the answer")
            async with running_box(tmp_path, address) as box:
                await until(lambda: box.of(ChargeAnswered), "the answer again")
                await until(lambda: _handled(box), "the answer to be booked")
            async with running_box(tmp_path, address) as box:
                await until(lambda: box.link.status.connected, "the connection")
                assert box.answers() == {}

    asyncio.run(scene())


async def _settled(box: Box) -> bool:
    """Visit, bill, charge and its answer are written, and the hub has them all."""
    head, _ = await box.port.head()
    return head >= ROWS_OF_A_VISIT and await box.port.acknowledged() == head and await box.outbox() == 0


async def _handled(box: Box) -> bool:
    return len(await box.port.unhandled()) == 0
