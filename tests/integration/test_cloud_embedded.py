"""Box, embedded broker and hub in one process: the first run, without a server to install."""

from __future__ import annotations

import asyncio
from pathlib import Path

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


async def _is_empty(box: object) -> bool:
    return await box.outbox() == 0  # type: ignore[attr-defined]
