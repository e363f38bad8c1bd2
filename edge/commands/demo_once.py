"""`muin demo --once`: the bundled day at full speed, in step: each reading is decided and carried out before the next.

The real pipeline, ledger, broker and hub; only time is simulated, so two runs give the same bytes. Must not: serve
a page, or take anything from the clock of the box.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import Any, Final

from cloud_sync.status import LinkStatus
from devices.door.simulated import ClockedDoor
from edge import config
from edge.clock import SimClock, rfc3339
from edge.commands import demo_parts
from edge.core.errors import BadInput
from edge.core.ports import PictureSense
from edge.core.receipts import receipts
from edge.core.signals import VideoFrame
from edge.daemon import Daemon
from edge.recorded_video import Pictures
from edge.recorder import Recorder
from edge.simulation.players import RecordedWorld
from edge.wiring import Cloud, plug_scales

RUN_ID: Final = "demo-once"
STEP_NS: Final = 100_000_000
PATIENCE: Final = 300  # looks at the ledger, 0.1 s apart, before the hub counts as gone
LOOK_S: Final = 0.1


async def play(found: config.StoreConfig, state: Path, record: Path | None) -> dict[str, Any]:
    """Run the bundled day once in an empty state folder; returns receipts in the form of `replay --json`."""
    origin_ns = demo_parts.started_wall_ns()
    demo_parts.introduce(state, found, rfc3339(origin_ns))
    recorder = None
    if record is not None:
        text = demo_parts.shop_text()
        recorder = Recorder(record, store_id=found.store.id, config_text=text, started_at=rfc3339(origin_ns))
        for name, clip in demo_parts.clips().items():
            shutil.copyfile(clip, recorder.video_path(name))
    clock = SimClock(0, origin_ns)
    daemon = Daemon(found, state)
    daemon.record(recorder)
    daemon.decided = []
    daemon.use_clock(clock)
    plug_scales(daemon)
    await daemon.start()
    daemon.begin(RUN_ID)
    cloud = Cloud(daemon, state)
    await cloud.start()
    day = Day(daemon, clock, found, state)
    await day.play()
    await _hub_has_all(daemon, cloud)
    await daemon.stop()
    await cloud.stop()
    if daemon.recording_lost:
        raise BadInput("--record", daemon.recording_lost)
    return receipts(daemon.decided, 0)


class Day:
    """The bundled day, fed in step with a simulated clock."""

    def __init__(self, daemon: Daemon, clock: SimClock, found: config.StoreConfig, state: Path) -> None:
        self._daemon = daemon
        self._clock = clock
        self._senses = _picture_senses(found, state, clock.origin_wall_ns)
        self._clips = {name: Pictures(path) for name, path in demo_parts.clips().items()}
        self._doors = [ClockedDoor(row, row.id, clock.now) for row in found.door]
        for door in self._doors:
            door.start(daemon.emit)
            daemon.use_gate(door.name, door)

    async def play(self) -> None:
        """From opening to the moment after the last visit settled."""
        for due_ns, item in self._items():
            await self._reach(due_ns)
            self._daemon.emit(item)  # type: ignore[arg-type]
            if isinstance(item, VideoFrame):
                picture = self._clips[item.camera].at(item.pts)
                if picture is not None:
                    for event in self._senses[item.camera].see(picture, item.captured_ns):
                        self._daemon.emit(event)
            await self._daemon.quiet()
        for sense in self._senses.values():
            for event in sense.flush():
                self._daemon.emit(event)
        await self._reach(demo_parts.LOOP_NS)
        for clip in self._clips.values():
            clip.close()

    def _items(self) -> Iterator[tuple[int, object]]:
        readings = demo_parts.readings()
        world = RecordedWorld(readings, origin_ns=0, loop_ns=demo_parts.LOOP_NS)
        frames = ((item.captured_ns, item) for item in readings if isinstance(item, VideoFrame))
        return merge(world.once(), frames, key=lambda pair: pair[0])

    async def _reach(self, at_ns: int) -> None:
        """Let doors live and the core hear the time, in steps, up to a moment."""
        while self._clock.now() < at_ns:
            self._clock.advance_to(min(at_ns, self._clock.now() + STEP_NS))
            for door in self._doors:
                door.advance(self._clock.now())
            self._daemon.tick()
            await self._daemon.quiet()


def _picture_senses(found: config.StoreConfig, state: Path, origin_ns: int) -> dict[str, PictureSense]:
    from vision.senses import make_sense

    roster = {"state": str(state), "origin_wall_ns": origin_ns}
    return {camera.id: make_sense(found, camera.id, roster) for camera in found.camera}


async def _hub_has_all(daemon: Daemon, cloud: Cloud) -> None:
    """Wait until every row is receipted and every charge is answered."""
    for _ in range(PATIENCE):
        books = await daemon.writer.call("counts")
        waiting = books["outbox"] + books["charges_ready"] + books["charges_sent"] + books["charges_unknown"]
        await daemon.quiet()
        if waiting == 0:
            return
        await asyncio.sleep(LOOK_S)
    status = cloud.link.status if cloud.link is not None else LinkStatus()
    raise BadInput("hub", f"has not receipted all rows of the day ({status.last_error or 'no error told'})")
