"""A box and a hub for the tests of the cloud: real ledger, real link, real hub, whatever broker the test brings."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho

from cloud_sync.address import Address, Login
from cloud_sync.called_ledger import CalledLedger
from cloud_sync.conversation import Settings
from cloud_sync.hub.payments import Provider, ReferenceProvider
from cloud_sync.hub.server import Hub
from cloud_sync.hub.store import HubStore
from cloud_sync.link import CloudLink
from edge.clock import SystemClock, wall_now_ns
from edge.core.commands import CloseVisit, Command, Line, OpenVisit, SettleCharge
from edge.core.events import ChargeAnswered, Event
from edge.ledger import Ledger, LedgerWriter

DEVICE = "acme_s0042_a"
KEY = bytes(range(32))
DEADLINE_S = 60.0
POLL_S = 0.02


async def until(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait on a condition (plain or awaitable); fails with `what` at the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        found = condition()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return
        assert time.monotonic() < end, f"not in time: {what}"
        await asyncio.sleep(POLL_S)


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def closing(number: int, *, amount_minor: int = 250, shopper: str = "p01") -> list[Command]:
    """Commands of one whole visit that ends with a charge."""
    visit, line = (
        f"v{number}",
        Line(sku="cola", quantity=1, unit_minor=amount_minor, confidence_ppm=990_000, status="charged"),
    )
    return [
        OpenVisit(issued_ns=number, visit=visit, shopper=shopper, method="qr"),
        CloseVisit(
            issued_ns=number + 1,
            visit=visit,
            shopper=shopper,
            tracks=("1",),
            entered_ns=number,
            left_ns=number + 1,
            outcome="charged",
            lines=(line,),
            total_minor=amount_minor,
            amount_minor=amount_minor,
            currency="KRW",
            charge=f"charge-{number}",
        ),
    ]


class Box:
    """One edge box: a real ledger behind its writer, a real link, and a stand-in for the core that books answers."""

    def __init__(self, folder: Path, address: Address, login: Login | None = None, **settings: Any) -> None:
        ledger = Ledger.open(folder / "ledger.db", KEY, device=DEVICE, currency="KRW")
        self.clock = SystemClock()
        ledger.begin(run_id="run-1", origin_wall_ns=self.clock.origin_wall_ns)
        self.epoch = ledger.epoch
        self.writer = LedgerWriter(ledger)
        self.port = CalledLedger(self.writer.call)
        values = {"receipt_timeout_s": 1.0, "hello_s": 60.0} | settings
        self.link = CloudLink(
            self.port,
            Settings(device=DEVICE, epoch=ledger.epoch, **values),
            addresses=[address],
            login=login,
            now=self.clock.now,
            wall_now_ns=wall_now_ns,
            rng=random.Random(1),
        )
        self.events: list[Event] = []
        self.deaf = False  # answers are stored but the core dies before it books them
        self._booked = asyncio.Queue[ChargeAnswered]()
        self._seq = 0

    async def run(self) -> None:
        """Link and core stand-in, until cancelled."""
        await asyncio.gather(self.link.run(self.emit), self._settle())

    def emit(self, item: Any) -> None:
        """What the inbox of the daemon would get."""
        self.events.append(item)
        if isinstance(item, ChargeAnswered) and not self.deaf:
            self._booked.put_nowait(item)

    def answers(self) -> dict[str, list[str]]:
        """charge -> states in the order they came."""
        found: dict[str, list[str]] = {}
        for event in self.events:
            if isinstance(event, ChargeAnswered):
                found.setdefault(event.charge, []).append(event.state)
        return found

    def of(self, kind: type) -> list[Any]:
        """Events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def commit(self, commands: list[Command]) -> None:
        """Book a decision and tell the link."""
        self._seq += 1
        now = self.clock.now()
        await self.writer.commit(commands, state=None, seq=self._seq, mono_ns=now, wall_ns=self.clock.wall_ns(now))
        self.link.wake()

    async def outbox(self) -> int:
        """Rows that have no receipt yet."""
        return int((await self.writer.call("counts"))["outbox"])

    async def _settle(self) -> None:
        while True:
            event = await self._booked.get()
            await self.commit(
                [
                    SettleCharge(
                        issued_ns=event.captured_ns,
                        charge=event.charge,
                        state=event.state,
                        reason=event.reason,
                        provider_ref=event.provider_ref,
                    )
                ]
            )


@contextlib.asynccontextmanager
async def running_box(folder: Path, address: Address, **settings: Any) -> AsyncIterator[Box]:
    """A box that runs inside the block; its ledger must be clean afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    box = Box(folder, address, **settings)
    task = asyncio.create_task(box.run())
    try:
        yield box
        assert not task.done(), task.exception()
        assert await box.writer.call("verify") == []
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.to_thread(box.writer.close)


@contextlib.contextmanager
def running_hub(db: Path, address: Address, provider: Provider | None = None, **more: Any) -> Iterator[Hub]:
    """A hub in this process."""
    hub = Hub(
        HubStore(db),
        provider or ReferenceProvider(),
        addresses=[address],
        now=wall_now_ns,
        rng=random.Random(2),
        payment_retry_s=0.05,
        **more,
    )
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()
        hub.store.close()


class Mosquitto:
    """A real Mosquitto as a child process on a port that stays the same over restarts."""

    def __init__(self, binary: str, folder: Path, *extra: str) -> None:
        self.address = Address("127.0.0.1", free_port())
        self._config = folder / "mosquitto.conf"
        # As root it would become another user, who cannot read files of the test's folder.
        extra = (*extra, "user root") if os.geteuid() == 0 else extra
        lines = [f"listener {self.address.port} 127.0.0.1", "allow_anonymous true", "persistence false", *extra]
        self._config.write_text("\n".join(lines) + "\n")
        self._binary = binary
        self._child: subprocess.Popen[bytes] | None = None

    def forbid_anonymous(self) -> None:
        """Ask everybody for a password."""
        self._config.write_text(self._config.read_text().replace("allow_anonymous true", "allow_anonymous false"))

    def start(self) -> None:
        """Start and wait until it takes connections."""
        self._child = subprocess.Popen(
            [self._binary, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + DEADLINE_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection((self.address.host, self.address.port), 1.0):
                return
            assert self._child.poll() is None, "mosquitto ended at its start"
            assert time.monotonic() < end, "mosquitto does not listen"
            threading.Event().wait(POLL_S)

    def stop(self, *, kill: bool = False) -> None:
        """End it, politely or not."""
        if self._child is not None:
            if kill:
                self._child.kill()
            else:
                self._child.terminate()
            self._child.wait(DEADLINE_S)
            self._child = None


class Relay:
    """A bad road between two brokers: carries messages both ways, loses, doubles and overtakes some of them."""

    def __init__(self, box_side: Address, hub_side: Address, seed: int) -> None:
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._held: list[tuple[Any, str, bytes]] = []
        self.lost = self.doubled = self.overtaken = 0
        self._box = self._client(box_side, "relay-box", "up", lambda: self._hub)
        self._hub = self._client(hub_side, "relay-hub", "down", lambda: self._box)
        for client in (self._box, self._hub):
            client.loop_start()

    def close(self) -> None:
        """Close the road."""
        for client in (self._box, self._hub):
            client.disconnect()
            client.loop_stop()

    def _client(self, address: Address, name: str, way: str, other: Callable[[], Any]) -> Any:
        module: Any = paho
        client = module.Client(module.CallbackAPIVersion.VERSION2, client_id=name)
        client.on_connect = lambda *_: client.subscribe(f"us/v1/+/{way}/#", qos=1)
        client.on_message = lambda _c, _d, message: self._carry(other(), message.topic, message.payload)
        client.connect(address.host, address.port)
        return client

    def _carry(self, to: Any, topic: str, payload: bytes) -> None:
        with self._lock:
            luck = self._rng.random()
            if luck < 0.1:
                self.lost += 1
                return
            if luck < 0.4:
                self.overtaken += 1
                self._held.append((to, topic, payload))
                return
            to.publish(topic, payload, qos=1)
            if luck < 0.7:
                self.doubled += 1
                to.publish(topic, payload, qos=1)
            self._rng.shuffle(self._held)
            for held in self._held:
                held[0].publish(held[1], held[2], qos=1)
            self._held.clear()


class Stranger:
    """A client of no special rights that publishes what it likes."""

    def __init__(self, address: Address, name: str = "stranger") -> None:
        client: Any = paho
        self._client = client.Client(client.CallbackAPIVersion.VERSION2, client_id=name)
        self._client.connect(address.host, address.port)
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish and wait for the PUBACK."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(DEADLINE_S)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()
