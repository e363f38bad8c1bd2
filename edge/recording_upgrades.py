"""The form of a recording: file names, topics, schemas, and how an older form becomes today's.

Recorder and reader share this module and nothing else. Must not: open files.

A new field with a default needs no step here. A changed meaning does: raise `FORMAT`, and add to `STEPS` the
function that turns one message of the form before into one of the form after (or None to leave it out).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from edge.core.commands import Command
from edge.core.errors import BadInput
from edge.core.events import Event
from edge.core.signals import PlateSamples, Signal, VideoFrame

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
CONFIG: Final = "store.toml"
DEVICES: Final = "devices.mcap"
VIDEO: Final = "video"
TRUTH: Final = "truth.json"

Item = Event | Command | Signal
Step = Callable[[str, dict[str, Any]], dict[str, Any] | None]

# topic -> (schema name, what its messages are)
TOPICS: Final[Mapping[str, tuple[str, Any]]] = {
    "events": ("muin.Event", Event),
    "commands": ("muin.Command", Command),
    "plates": ("muin.PlateSamples", PlateSamples),
    "frame": ("muin.VideoFrame", VideoFrame),
}
# STEPS[n] turns a message of format n into one of format n + 1
STEPS: Final[dict[int, Step]] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """manifest.json. `files` maps names inside the folder to sha256 in hex; empty = not sealed."""

    format: int
    store_id: str
    started_at: str
    files: dict[str, str | None] = {}


def schema(topic: str) -> bytes:
    """JSON Schema (2020-12) of a topic's messages."""
    name, kind = TOPICS[topic]
    return msgspec.json.encode({"title": name, **msgspec.json.schema(kind)})


def decoders(written_as: int) -> dict[str, Callable[[bytes], Any]]:
    """One reader a topic for messages of format `written_as`; it gives None for a message that has no heir.

    Raises BadInput where that format is newer than this program.
    """
    check_format(written_as)
    return {topic: _decoder(topic, kind, written_as) for topic, (_, kind) in TOPICS.items()}


def check_format(written_as: int, place: str = MANIFEST) -> None:
    """Raises BadInput, about the file `place`, for a format that this program cannot read."""
    if written_as > FORMAT or written_as < min([FORMAT, *STEPS]):
        known = f"this muin reads {min([FORMAT, *STEPS])} to {FORMAT}"
        raise BadInput(place, f"format {written_as} is not known here ({known}); use the muin that recorded it")


def _decoder(topic: str, kind: Any, written_as: int) -> Callable[[bytes], Any]:
    today = msgspec.json.Decoder(kind).decode
    if written_as == FORMAT:
        return today

    def older(data: bytes) -> Any:
        message: dict[str, Any] | None = msgspec.json.decode(data)
        for number in range(written_as, FORMAT):
            message = STEPS[number](topic, message) if message is not None else None
        return None if message is None else msgspec.convert(message, kind)

    return older
