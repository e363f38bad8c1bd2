"""Section `overhead`: our path from a clip to events, beside a bare loop that decodes and runs the same networks.

The bare loop gets the very same calls of networks, with inputs that are ready, but for the picture that people are
looked for in: that one it scales itself. It tracks nobody, judges nothing and watches no eye.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import cv2
import numpy as np

from edge.clock import cpu_now_ns
from tests.bench.vision.stage_times import frames
from tests.bench.vision.table import Section
from tests.bench.vision.ten_hz import RATE_HZ, Watched, watched
from vision.cameras import to_picture
from vision.hands import MediaPipeHands
from vision.job import encode
from vision.models import Network
from vision.planes import Picture
from vision.senses import make_sense

PAIRS: Final = 3
Call = Callable[[Picture], object]


def ours(camera: Watched) -> float:
    """CPU milliseconds a picture; opening networks is not counted."""
    sense = make_sense(camera.shop, camera.kind)
    with Path(os.devnull).open("wb", buffering=0) as pipe:
        began, count = cpu_now_ns(), 0
        for count, frame in enumerate(frames(camera.clip), 1):
            for event in sense.see(to_picture(frame), count * 1_000_000_000 // RATE_HZ):
                pipe.write(encode(event))
        return (cpu_now_ns() - began) / 1e6 / count


def calls(camera: Watched) -> list[list[Call]]:
    """Which networks run on each picture."""
    found: list[list[Call]] = []
    run, find = Network.run, MediaPipeHands.find

    def noted_run(self: Network, *arrays: Any) -> Any:
        side = arrays[0].shape[-1]
        people = arrays[0].shape == (1, 3, side, side) and "yolox" in self.path.name
        found[-1].append(
            (lambda picture: run(self, scaled(picture, side))) if people else (lambda _: run(self, *arrays))
        )
        return run(self, *arrays)

    def noted_find(self: MediaPipeHands, picture: Picture, part: tuple[int, int, int, int]) -> Any:
        found[-1].append(lambda now: find(self, now, part))
        return find(self, picture, part)

    sense = make_sense(camera.shop, camera.kind)
    with patch.object(Network, "run", noted_run), patch.object(MediaPipeHands, "find", noted_find):
        for count, frame in enumerate(frames(camera.clip), 1):
            found.append([])
            sense.see(to_picture(frame), count * 1_000_000_000 // RATE_HZ)
    return found


def scaled(picture: Picture, side: int) -> Any:
    """A picture as a square network takes it: float32 [1, 3, side, side]."""
    scale = side / max(picture.shape[:2])
    sheet = np.full((side, side, 3), 114, np.float32)
    small = cv2.resize(picture, None, fx=scale, fy=scale)
    sheet[: small.shape[0], : small.shape[1]] = small
    return np.ascontiguousarray(sheet.transpose(2, 0, 1)[None])


def bare(camera: Watched, wanted: list[list[Call]]) -> float:
    """CPU milliseconds a picture of a loop that decodes and infers, and that is all."""
    began = cpu_now_ns()
    for frame, now in zip(frames(camera.clip), wanted, strict=True):
        picture = to_picture(frame)
        for call in now:
            call(picture)
    return (cpu_now_ns() - began) / 1e6 / len(wanted)


def section(clips: Path) -> Section:
    """One row a kind of camera; medians of paired runs."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for camera in watched(clips, Path(folder)):
            wanted = calls(camera)
            pairs = [(ours(camera), bare(camera, wanted)) for _ in range(PAIRS)]
            mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
            over = statistics.median(100 * (one / other - 1) for one, other in pairs)
            runs = sum(map(len, wanted)) / len(wanted)
            rows.append(
                [camera.kind, f"{mine:.2f}", f"{theirs:.2f}", f"{runs:.2f}", f"{mine - theirs:.2f}", f"{over:.1f} %"]
            )
    return Section(
        name="Overhead over a bare loop of decoding and inference",
        columns=["camera", "ours, ms a picture", "bare loop", "networks run a picture", "ms more", "overhead"],
        rows=rows,
        notes=["CPU time; the target of 10 % is for cameras whose work is done by networks at each picture"],
    )
