"""What a vision worker is told at its start, and the form of what it says: one JSON line each.

Must not: do the work.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from edge.core.events import Event
from edge.core.signals import Signal

Item: TypeAlias = Event | Signal


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One camera's work. `config` is a checked StoreConfig as plain values.

    `clock_offset_ns` joins the daemon's time line (edge.clock). A file url is played at its own pace on a
    loop that began at run time `anchor_ns` and takes `loop_ns` (0 = the clip's own length); a worker that
    starts late begins where the world is. `anchor_ns` None = the world has not begun: when it does is told as
    one more line of stdin, a JSON number, once the worker has said with an empty line that it is ready.
    `record` is where packets are copied to. `gallery` says to a gate's sense where people are known
    (vision.gate); `origin_wall_ns` tells it what day it is.
    """

    camera: str
    config: dict[str, Any]
    url: str
    clock_offset_ns: int
    anchor_ns: int | None = 0
    loop_ns: int = 0
    record: str | None = None
    gallery: dict[str, Any] | None = None
    origin_wall_ns: int | None = None


def encode(item: Item) -> bytes:
    """One line, newline included."""
    return msgspec.json.encode(item) + b"\n"


_decoder = msgspec.json.Decoder(Item)


def decode(line: bytes) -> Item | None:
    """The item of a line; None for an empty line, which only says that the worker lives.

    Raises msgspec.DecodeError (its ValidationError included) for anything else.
    """
    return _decoder.decode(line) if line.strip() else None
