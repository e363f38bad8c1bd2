"""Raw streams: what a sensor said before a sense made an event of it.

They are recorded beside the events so that a replay can start from either. They never reach the core's
decisions. Must not: hold pictures (those stay in the video files).
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class PlateSamples(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """A block of load-cell samples of one gondola.

    `captured_ns` is the time of the first sample; sample k is at `captured_ns + k * 1e9 / rate_hz`.
    `plates` are the plate ids of the columns. `grams` is float32 little-endian, row-major, shape
    [samples, len(plates)]; NaN = this plate gave no value.
    """

    captured_ns: int
    source: str
    rate_hz: float
    plates: tuple[str, ...]
    grams: bytes


class VideoFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="frame"):
    """Index entry of one video frame: `pts` is the stream's own time stamp in units of its time base."""

    captured_ns: int
    source: str
    camera: str
    pts: int


Signal: TypeAlias = PlateSamples | VideoFrame
