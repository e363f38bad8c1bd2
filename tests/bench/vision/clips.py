"""Real clips as pictures with times, looped. Must not: hold a whole clip in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
CUT = ("stage-faces",)  # has cuts: another view each time


def clip_names(folder: Path) -> list[str]:
    """All clips of one unmoved camera, by name."""
    return sorted(path.stem for path in folder.glob("*.mp4") if path.stem not in CUT)


def looped(path: Path, length_s: float, rate_hz: float = 10.0) -> Iterator[tuple[float, Image]]:
    """(seconds, picture) at `rate_hz`, beginning anew at the end of the clip, for `length_s`."""
    zero_s, due_s = 0.0, 0.0
    while True:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            clip_s = float((stream.duration or 0) * (stream.time_base or 0))
            for frame in container.decode(stream):
                at_s = zero_s + float(frame.time or 0)
                if at_s + 1e-6 < due_s:
                    continue
                if due_s >= length_s:
                    return
                yield due_s, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                due_s += 1 / rate_hz * max(1, round((at_s - due_s) * rate_hz))
        zero_s += clip_s
