"""`muin demo`: the bundled shop at the pace of the world, again and again, with its page.

The world goes on while the box is down: after a restart the readings of the dead time are lost, as in a real shop.
Must not: bend time or hold readings back for a box that was away.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from devices.door.simulated import SimulatedDoor
from edge import config, wiring
from edge.clock import SystemClock, rfc3339, wall_now_ns
from edge.commands import demo_parts
from edge.commands.run import listen, new_recorder, new_run_id, until_told
from edge.core.ports import Check, Emit
from edge.daemon import Daemon
from edge.ledger.rows import Saved
from edge.simulation.players import RecordedWorld
from vision.process import VisionWorker

NS: Final = 1_000_000_000
LEAD_NS: Final = 2 * NS  # from cameras that are ready to a world that begins

log = logging.getLogger(__name__)


class World:
    """The readings of all simulated devices as one source, and the seams between two loops of the day."""

    def __init__(self, daemon: Daemon, origin_ns: int, name: str) -> None:
        self.name = "world"
        self._daemon = daemon
        self._world = RecordedWorld(demo_parts.readings(), origin_ns=origin_ns, loop_ns=demo_parts.LOOP_NS)
        self._run = name

    def run_id(self, at_ns: int) -> str:
        """The run that a moment belongs to: each loop of the day is one."""
        return f"{self._run}-{self._world.loop_start_ns(0) // NS}-{self._world.loop_at(at_ns)}"

    async def run(self, emit: Emit) -> None:
        """Carry readings when they are due; begin a new run at each seam."""
        now = self._daemon.clock.now
        loop = self._world.loop_at(now())
        async for due_ns, reading in self._world.live(now, self._until):
            if self._world.loop_at(due_ns) != loop:
                loop = self._world.loop_at(due_ns)
                self._daemon.next_run(self.run_id(due_ns))
            emit(reading)

    async def self_check(self) -> Check:
        """Always there."""
        return Check(device=self.name, state="ok", detail="the bundled day")

    async def _until(self, at_ns: int) -> None:
        left_ns = at_ns - self._daemon.clock.now()
        if left_ns > 0:
            await asyncio.sleep(left_ns / NS)


async def serve(found: config.StoreConfig, state: Path, record: Path | None, port: int) -> None:
    """Run until told to stop. A shop that was left less than a day's length ago goes on where the world is now."""
    told = listen()
    daemon = Daemon(found, state)  # a ledger or a port in use is told before anything is written or runs
    saved = daemon.saved
    cloud = wiring.Cloud(daemon, state)
    page = wiring.LivePage(daemon, cloud, found.web.host, port)
    demo_parts.introduce(state, found, rfc3339(wall_now_ns()))
    daemon.record(new_recorder(found, demo_parts.shop_text(), record))
    clock = SystemClock(saved.origin_wall_ns, saved.lived_ns + 1) if saved else SystemClock()
    daemon.use_clock(clock)
    cameras = wiring.cameras(daemon, state, demo_parts.clips(), None, demo_parts.LOOP_NS)
    wiring.plug_scales(daemon)
    await daemon.start()
    try:
        name, origin_ns = _place_in_world(saved, clock.now()) or await _new_world(cameras, clock, told)
        world = World(daemon, origin_ns, name)
        daemon.begin(world.run_id(clock.now()))
        for door in found.door:
            daemon.plug_gate(door.id, SimulatedDoor(door, door.id, clock.now))
        await cloud.start()
        for camera in cameras:
            await camera.begin(origin_ns)
            daemon.plug(camera)
        daemon.plug(world)
        page.start()
        daemon.keep_time()
        print(f"muin: the bundled shop runs; its page is at {page.page.url} (Ctrl-C stops it)", flush=True)
        await until_told(daemon, told)
    finally:
        try:
            await daemon.stop()
        finally:
            await cloud.stop()


async def _new_world(cameras: list[VisionWorker], clock: SystemClock, told: asyncio.Event) -> tuple[str, int]:
    """A world that begins when all cameras can see it, so that on a slow box, too, its first visitor is not missed."""
    log.info("the cameras of the bundled shop get ready")
    ready = [asyncio.create_task(camera.get_ready()) for camera in cameras]
    stop = asyncio.create_task(told.wait())
    everybody = asyncio.gather(*ready)
    stop.add_done_callback(lambda _: everybody.cancel())
    await asyncio.gather(everybody, return_exceptions=True)
    stop.cancel()
    return new_run_id(), (clock.now() + LEAD_NS) // NS * NS


def _place_in_world(saved: Saved | None, now_ns: int) -> tuple[str, int] | None:
    """Name of the shop's life and the run time at which its first day began; None where a new life begins."""
    if saved is not None and now_ns - saved.lived_ns < demo_parts.LOOP_NS and saved.run_id.count("-") == 2:
        name, began_s, _ = saved.run_id.split("-")
        return name, int(began_s) * NS
    return None
