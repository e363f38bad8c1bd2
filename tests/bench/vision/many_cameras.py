"""Section `cameras`: the workers of 1, 2, 4 and 8 cameras as a shop runs them, a process each, at 10 pictures a second.

CPU is read from the processes; a picture counts as dropped when its moment is over and no worker has told of it.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psutil

from edge.clock import SystemClock
from edge.core.signals import VideoFrame
from tests.bench.vision.table import Section
from tests.bench.vision.ten_hz import LENGTH_S, RATE_HZ, Watched, watched
from vision.process import VisionWorker

COUNTS: Final = (1, 2, 4, 8)
MIX: Final = ("floor", "shelf", "gate", "shelf")
WARM_S, WINDOW_S, LATE_S = 4.0, 15.0, 1.0
NS: Final = 1_000_000_000


class Heard:
    """When each picture of one camera was told, by its captured time; ns of the run."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self.told: dict[int, int] = {}
        self.first = asyncio.Event()

    def __call__(self, item: Any) -> None:
        if isinstance(item, VideoFrame):
            self.told[item.captured_ns] = self._clock.now()
            self.first.set()


async def run(cameras: Sequence[Watched]) -> tuple[float, int, int, float]:
    """CPU seconds a second of all workers; pictures due and told; their median delay in ms."""
    clock = SystemClock()
    heard = [Heard(clock) for _ in cameras]
    workers = [VisionWorker(each.shop, each.kind, clock, url=str(each.clip), loop_ns=LENGTH_S * NS) for each in cameras]
    tasks = [asyncio.create_task(worker.run(hear)) for worker, hear in zip(workers, heard, strict=True)]
    try:
        async with asyncio.timeout(120):
            for each in heard:
                await each.first.wait()
        await asyncio.sleep(WARM_S)
        begin_ns, before = clock.now(), _cpu_s()
        await asyncio.sleep(WINDOW_S)
        end_ns, after = clock.now(), _cpu_s()
        await asyncio.sleep(LATE_S)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    step = NS // RATE_HZ
    due = len(range(-(-begin_ns // step), -(-end_ns // step))) * len(cameras)
    in_time = [
        told_ns - at_ns
        for each in heard
        for at_ns, told_ns in each.told.items()
        if -(-begin_ns // step) * step <= round(at_ns / step) * step < end_ns
    ]
    return (after - before) / ((end_ns - begin_ns) / NS), due, len(in_time), statistics.median(in_time) / 1e6


def _cpu_s() -> float:
    return sum(
        times.user + times.system for times in (child.cpu_times() for child in psutil.Process(os.getpid()).children())
    )


def section(clips: Path) -> Section:
    """One row a number of cameras."""
    rows = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        kinds = {each.kind: each for each in watched(clips, Path(folder))}
        for count in COUNTS:
            mix = [MIX[number % len(MIX)] for number in range(count)]
            cpu, due, told, delay_ms = asyncio.run(run([kinds[kind] for kind in mix]))
            words = ", ".join(f"{mix.count(kind)} {kind}" for kind in dict.fromkeys(mix))
            rows.append([str(count), words, f"{100 * cpu / count:.0f} %", f"{100 * cpu:.0f} %", str(due),
                         f"{due - told} ({100 * (due - told) / due:.1f} %)", f"{delay_ms:.0f} ms"])  # fmt: skip
    return Section(
        name="Cameras at 10 pictures a second, a worker process each",
        columns=["cameras", "which", "CPU a camera", "CPU in all", "pictures due", "dropped", "median delay"],
        rows=rows,
        notes=[
            f"100 % = one core, of {os.cpu_count()}; {WINDOW_S:.0f} s each; load of the machine before: {load:.1f}",
            "a picture that is older than 0.4 s is dropped, never an event",
        ],
    )
