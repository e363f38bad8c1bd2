"""Drawn pictures become a clip as a camera would have sent it: H.264 in fragmented mp4, with its frame index.

Must not: choose what is drawn. The same pictures give the same file only with the same version of the encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from edge.core.signals import VideoFrame

Pixels = NDArray[np.uint8]  # RGB, [height, width, 3]
RATE_HZ = 10
TICKS_HZ = 90_000
NS = 1_000_000_000
ENCODER = {"bf": "0", "g": str(RATE_HZ), "keyint_min": str(RATE_HZ), "sc_threshold": "0"}
CONTAINER = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "video_track_timescale": str(TICKS_HZ)}


def film(
    path: Path, camera: str, picture: Callable[[float], Pixels], length_s: float, crf: int, preset: str = "slow"
) -> list[VideoFrame]:
    """Draw and write a clip of `length_s`; picture k is captured at k / 10 s. Returns the index of the clip."""
    count = int(length_s * RATE_HZ)
    with av.open(str(path), "w", format="mp4", options=CONTAINER) as container:
        first = picture(0.0)
        stream = container.add_stream("libx264", rate=RATE_HZ, options={**ENCODER, "preset": preset, "crf": str(crf)})
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # several threads would give other bytes each time
        stream.codec_context.time_base = Fraction(1, TICKS_HZ)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(first if number == 0 else picture(number / RATE_HZ), format="rgb24")
            frame.pts, frame.time_base = number * TICKS_HZ // RATE_HZ, Fraction(1, TICKS_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    index = [
        VideoFrame(captured_ns=round(number * NS / RATE_HZ), source=camera, camera=camera, pts=pts)
        for number, pts in enumerate(_stamps(path))
    ]
    if len(index) != count:
        raise RuntimeError(f"{path}: {len(index)} of {count} pictures were written")
    return index


def _stamps(path: Path) -> list[int]:
    """Time stamps of all pictures, as a reader of the file sees them."""
    with av.open(str(path)) as container:
        stamps = [packet.pts for packet in container.demux(video=0) if packet.size]
    return sorted(stamp for stamp in stamps if stamp is not None)
