"""Which adapter is plugged in for which row of store.toml, and the embedded cloud of a first run.

Together with edge.daemon the only place that sees everyone; apart from it so that the loop stays readable.
Must not: decide anything at run time.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any, Final

from cloud_sync.address import Address, make_login, parse_addresses
from cloud_sync.conversation import Settings
from cloud_sync.link import CloudLink
from cloud_sync.status import LinkStatus
from devices.door.live import LiveDoor
from devices.rfid_reader.live import LiveReader
from devices.shelf_scale.live import LiveScale
from devices.shelf_scale.steps import StepFilter
from devices.turnstile.live import LiveTurnstile
from edge.clock import SystemClock, wall_now_ns
from edge.daemon import Daemon
from edge.web.feed import Feed
from edge.web.server import Page
from edge.web.snapshot import plan, snapshot
from vision.process import VisionWorker
from vision.retention import Retention

SHOW_S: Final = 0.2
RECEIPTS_SHOWN: Final = 6


def plug_scales(daemon: Daemon) -> None:
    """A step filter for each gondola that has plates; boards where a port is configured."""
    for gondola in sorted({plate.gondola for plate in daemon.config.plate}):
        plates = [plate for plate in daemon.config.plate if plate.gondola == gondola]
        daemon.sample_senses[gondola] = StepFilter.from_config(daemon.config.scales, plates)
    for row in daemon.config.scale:
        if row.port is not None:
            names = [plate.id for plate in daemon.config.plate if plate.gondola == row.gondola]
            daemon.plug(LiveScale(row, names, daemon.clock.now))


def plug_gates(daemon: Daemon) -> None:
    """Doors and turnstiles with a port."""
    for door in daemon.config.door:
        if door.port is not None:
            daemon.plug_gate(door.id, LiveDoor(door, door.id, daemon.clock.now))
    for turnstile in daemon.config.turnstile:
        if turnstile.port is not None:
            daemon.plug_gate(turnstile.id, LiveTurnstile(turnstile, turnstile.id, daemon.clock.now))


def plug_readers(daemon: Daemon) -> None:
    """RFID readers with an address."""
    for row in daemon.config.rfid_reader:
        if row.host is not None:
            daemon.plug(LiveReader(row, daemon.clock.now))


def plug_retention(daemon: Daemon, state: Path) -> None:
    """Where faces may be kept, the worker that erases those whose last day is over."""
    if any(row.role == "gate" for row in daemon.config.camera):
        daemon.plug(Retention(state, wall_now_ns))


def cameras(
    daemon: Daemon, state: Path, clips: dict[str, Path] | None = None, anchor_ns: int | None = 0, loop_ns: int = 0
) -> list[VisionWorker]:
    """A vision worker for each camera with a url; `clips` take its place and play on the run's loop."""
    assert isinstance(daemon.clock, SystemClock)
    clips = clips or {}
    urls = {row.id: str(clips[row.id]) if row.id in clips else row.url for row in daemon.config.camera}
    return [
        VisionWorker(
            daemon.config,
            row.id,
            daemon.clock,
            url=urls[row.id],
            anchor_ns=anchor_ns,
            loop_ns=loop_ns,
            record=None if daemon.recorder is None else daemon.recorder.video_path(row.id),
            gallery={"state": str(state)} if row.role == "gate" else None,
        )
        for row in daemon.config.camera
        if urls[row.id] is not None
    ]


class Cloud:
    """The link to the hub; without a configured broker also the broker and the hub themselves."""

    def __init__(self, daemon: Daemon, state: Path) -> None:
        self._daemon = daemon
        self._state = state
        self._broker: Any = None
        self.hub: Any = None
        self.link: CloudLink | None = None

    async def start(self) -> None:
        """Start what is embedded, then plug the link in."""
        settings = self._daemon.config.cloud
        if settings.broker is None:
            addresses: tuple[Address, ...] = (await asyncio.to_thread(self._start_embedded),)
        else:
            addresses = parse_addresses(settings.broker)
        self.link = CloudLink(
            self._daemon.books,
            Settings(
                device=self._daemon.device,
                epoch=self._daemon.epoch,
                batch_events=settings.batch_events,
                receipt_timeout_s=settings.receipt_timeout_ms / 1000,
            ),
            addresses=addresses,
            now=self._daemon.clock.now,
            wall_now_ns=wall_now_ns,
            rng=random.Random(),
            login=make_login(
                settings.username, settings.password_file, settings.ca_file, tls=any(a.tls for a in addresses)
            ),
        )
        self._daemon.on_rows(self.link.wake)
        self._daemon.plug(self.link)

    def status(self) -> dict[str, Any]:
        """What the page shows of the link."""
        found: LinkStatus = self.link.status if self.link is not None else LinkStatus()
        return {
            "connected": found.connected,
            "protocol": found.protocol,
            "broker": "embedded" if self._broker is not None else found.broker,
            "in_flight": found.in_flight,
            "acked": found.acked,
            "last_error": found.last_error,
        }

    async def stop(self) -> None:
        """End what is embedded."""
        if self.hub is not None:
            await asyncio.to_thread(self.hub.stop)
            self.hub.store.close()
        if self._broker is not None:
            await asyncio.to_thread(self._broker.stop)

    def _start_embedded(self) -> Address:
        from cloud_sync.embedded_broker import EmbeddedBroker
        from cloud_sync.hub.payments import ReferenceProvider
        from cloud_sync.hub.server import Hub
        from cloud_sync.hub.store import HubStore

        self._broker = EmbeddedBroker()
        address: Address = self._broker.start()
        store = HubStore(self._state / "hub.db")
        self.hub = Hub(store, ReferenceProvider(), addresses=[address], now=wall_now_ns, rng=random.Random())
        self.hub.start()
        return address


class LivePage:
    """Keeps the page's snapshot fresh and serves it."""

    def __init__(self, daemon: Daemon, cloud: Cloud, host: str, port: int) -> None:
        self._daemon = daemon
        self._cloud = cloud
        self._feed = Feed()
        self.page = Page(self._feed, plan(daemon.config), host, port)

    def start(self) -> None:
        """Serve and refresh under the supervisor."""
        self._daemon.plug(self.page)
        self._daemon.supervisor.start("page-feed", self._refresh)

    async def _refresh(self) -> None:
        daemon = self._daemon
        while True:
            books = await daemon.writer.call("counts")
            receipts = await daemon.writer.call("receipts", RECEIPTS_SHOWN)
            await self._feed.publish(
                snapshot(
                    daemon.config,
                    daemon.store.view(),
                    doors=daemon.doors,
                    messages=list(daemon.messages),
                    alarms=list(daemon.alarms.values()),
                    cloud=self._cloud.status(),
                    books=books,
                    receipts=receipts,
                )
            )
            await asyncio.sleep(SHOW_S)
