"""Section `stages`: CPU milliseconds of each stage of vision, per picture of a camera at 10 pictures a second.

Each stage without those that run inside of it. Must not: change what a stage does.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import av

from edge.clock import cpu_now_ns
from tests.bench.vision.table import Section
from tests.bench.vision.ten_hz import RATE_HZ, Watched, watched
from vision import gate
from vision.camera_health.watch import HealthWatch
from vision.cameras import to_picture
from vision.faces import sightings
from vision.faces.liveness import Liveness
from vision.faces.onnx_engine import OnnxEngine
from vision.floor import FloorWatch
from vision.foreground import Foreground
from vision.gate import GateWatch
from vision.hand_watch import HandWatch
from vision.job import encode
from vision.looks import NetworkLooks
from vision.people import NetworkFinder
from vision.planes import Picture
from vision.recognition import Recognition
from vision.senses import SeeingSense, make_sense
from vision.shelf_watch import ShelfWatch
from vision.slots import SlotWatch
from vision.tracker import Tracker

STAGES: Final[list[tuple[Any, str, str]]] = [
    (HealthWatch, "see", "camera's eye"),
    (NetworkFinder, "find", "people: network"),
    (Foreground, "see", "people: background"),
    (Tracker, "see", "people: tracker"),
    (NetworkLooks, "looks", "people: looks"),
    (Recognition, "see", "people: recognition"),
    (FloorWatch, "see", "people: the rest"),
    (SlotWatch, "see", "slots"),
    (HandWatch, "look", "hands"),
    (ShelfWatch, "see", "shelf: the rest"),
    (gate.codes, "read", "codes"),
    (OnnxEngine, "_find", "faces: detect"),
    (OnnxEngine, "_align", "faces: align"),
    (OnnxEngine, "_embed", "faces: embed"),
    (Liveness, "of", "faces: liveness"),
    (sightings, "identify", "faces: match"),
    (GateWatch, "see", "gate: the rest"),
]


class StageClock:
    """CPU time by stage, each without what other stages took inside of it."""

    def __init__(self) -> None:
        self.spent_ns: Counter[str] = Counter()
        self.runs: Counter[str] = Counter()
        self._inside = [0]

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        self._inside.append(0)
        began = cpu_now_ns()
        try:
            yield
        finally:
            took = cpu_now_ns() - began
            self.spent_ns[stage] += took - self._inside.pop()
            self._inside[-1] += took
            self.runs[stage] += 1

    def timed(self, work: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """`work`, watched."""

        def watched_work(*words: Any, **named: Any) -> Any:
            with self(stage):
                return work(*words, **named)

        return watched_work


def frames(clip: Path) -> Iterator[Any]:
    """Decoded frames on one thread."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        yield from container.decode(stream)


def play(camera: Watched, clock: StageClock) -> int:
    """One camera's clip through its sense, as a worker does it; how many pictures there were."""
    sense: SeeingSense = make_sense(camera.shop, camera.kind)
    stream, count = frames(camera.clip), 0
    with ExitStack() as undo, Path(os.devnull).open("wb", buffering=0) as pipe:
        for owner, name, stage in STAGES:
            undo.enter_context(patch.object(owner, name, clock.timed(getattr(owner, name), stage)))
        while True:
            with clock("decode"):
                frame = next(stream, None)
            if frame is None:
                return count
            with clock("to BGR"):
                picture: Picture = to_picture(frame)
            events = sense.see(picture, count * 1_000_000_000 // RATE_HZ)
            with clock("encode and pipe"):
                for event in events:
                    pipe.write(encode(event))
            count += 1


def section(clips: Path) -> Section:
    """One row a stage and camera."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for camera in watched(clips, Path(folder)):
            clock = StageClock()
            count = play(camera, clock)
            total = sum(clock.spent_ns.values())
            for stage, spent_ns in clock.spent_ns.most_common():
                runs = clock.runs[stage]
                share = f"{100 * spent_ns / total:.0f} %"
                rows.append([camera.kind, stage, f"{spent_ns / count / 1e6:.2f}", share,
                             f"{spent_ns / runs / 1e6:.2f}", f"{runs / count:.2f}"])  # fmt: skip
            rows.append([camera.kind, "**all**", f"{total / count / 1e6:.2f}", "100 %", "", ""])
    return Section(
        name="Stages: CPU of each, 10 pictures a second",
        columns=["camera", "stage", "ms a picture", "share", "ms each time", "times a picture"],
        rows=rows,
        notes=["each without the stages inside of it; floor 768x432, shelf 640x360, gate 480x270, 20 s each"],
    )
