"""What a frame's payload means: fixed little-endian structs, the same in the board's firmware.

Within one major version fields are only appended, so a longer payload is read and the rest ignored. HELLO and
its answer keep their layout for ever. Must not: keep state, touch a port, or know shops.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from typing import ClassVar, Final, Self

from firmware_bridge.errors import MessageError
from firmware_bridge.frames import Frame

MAJOR: Final = 1
MINOR: Final = 0
HOST_HEARTBEAT_MS: Final = 200  # at most 250 by the protocol
STATUS_PERIOD_MS: Final = 200
HEARTBEAT_TIMEOUT_MS: Final = 500  # the board, by its own clock


class Output(IntEnum):
    """The two outputs of a passage. They are never one relay."""

    ENTRY = 0
    EGRESS = 1


class Level(IntEnum):
    """What an output holds."""

    LOCKED = 0
    RELEASED = 1


class Contact(IntEnum):
    """The door leaf's contact; a turnstile has none."""

    CLOSED = 0
    OPEN = 1
    NONE = 2


class BootReason(IntEnum):
    """Why the board last started."""

    POWER = 0
    WATCHDOG = 1
    REQUEST = 2
    UNKNOWN = 3


class Result(IntEnum):
    """Answer to a request."""

    OK = 0
    VERSION = 1
    NOT_ARMED = 2
    NOT_ALLOWED = 3
    BUSY = 4
    BAD_VALUE = 5


class What(IntEnum):
    """What an input event reports; `value` is the new state or the counter's total."""

    CONTACT = 0
    PASSED_IN = 1
    PASSED_OUT = 2
    REFUSED = 3
    HOST_SILENT = 4


class Fault(IntEnum):
    """Content of ERROR: the board could not read or carry out something that has no request id."""

    BAD_FRAME = 0
    BAD_MESSAGE = 1
    UNKNOWN_KIND = 2


class Capability(IntFlag):
    """What a board has."""

    ENTRY = 1
    EGRESS = 2
    CONTACT = 4
    COUNTERS = 8


class Message:
    """Base: `kind` is the frame type, `layout` the struct, `enums` the fields with named values."""

    kind: ClassVar[int]
    layout: ClassVar[struct.Struct]
    enums: ClassVar[dict[str, type[IntEnum]]] = {}

    def pack(self) -> bytes:
        """The payload."""
        return self.layout.pack(*(getattr(self, item.name) for item in fields(self)))  # type: ignore[arg-type]

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        """Raises MessageError for a short payload or a value without a name."""
        if len(payload) < cls.layout.size:
            raise MessageError(f"{cls.__name__}: {len(payload)} bytes where {cls.layout.size} are needed")
        values = dict(
            zip((item.name for item in fields(cls)), cls.layout.unpack_from(payload), strict=True)  # type: ignore[arg-type]
        )
        try:
            named = {name: enum(values[name]) for name, enum in cls.enums.items()}
        except ValueError as error:
            raise MessageError(f"{cls.__name__}: {error}") from None
        return cls(**{**values, **named})


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """Box -> board: begins a session. A new `nonce` ends the old session and disarms all outputs."""

    kind = 0x01
    layout = struct.Struct("<BBI")
    major: int
    minor: int
    nonce: int


@dataclass(frozen=True, slots=True)
class Welcome(Message):
    """Board -> box: the answer to HELLO. `board_id` is 8 bytes, `capabilities` bits of Capability."""

    kind = 0x81
    layout = struct.Struct("<BBII8sBHI")
    enums = {"boot_reason": BootReason}
    major: int
    minor: int
    nonce: int
    build: int
    board_id: bytes
    boot_reason: BootReason
    capabilities: int
    board_ms: int


@dataclass(frozen=True, slots=True)
class Config(Message):
    """Box -> board: level of an output at rest and when the box is silent. Arms the output for this session."""

    kind = 0x02
    layout = struct.Struct("<IBBB")
    enums = {"output": Output, "idle": Level, "safe": Level}
    request: int
    output: Output
    idle: Level
    safe: Level


@dataclass(frozen=True, slots=True)
class SetOutput(Message):
    """Box -> board: hold an output at a level until told otherwise."""

    kind = 0x03
    layout = struct.Struct("<IBB")
    enums = {"output": Output, "level": Level}
    request: int
    output: Output
    level: Level


@dataclass(frozen=True, slots=True)
class Pulse(Message):
    """Box -> board: let one person through; the board ends the release by itself after `duration_ms`."""

    kind = 0x04
    layout = struct.Struct("<IBH")
    enums = {"output": Output}
    request: int
    output: Output
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Heartbeat(Message):
    """Box -> board, at least every 250 ms. Keeps an armed board armed; arms nothing. No answer."""

    kind = 0x05
    layout = struct.Struct("<I")
    count: int


@dataclass(frozen=True, slots=True)
class Answer(Message):
    """Board -> box: what became of the request with the same seq and id."""

    kind = 0x82
    layout = struct.Struct("<IB")
    enums = {"result": Result}
    request: int
    result: Result


@dataclass(frozen=True, slots=True)
class Status(Message):
    """Board -> box every 200 ms and at once on a change: the whole state, so a lost event heals itself.

    `armed` and `safe` are 0 or 1; the counters are totals since the board's start; `bad_frames` counts what the
    board could not read; `board_ms` is its own clock.
    """

    kind = 0x41
    layout = struct.Struct("<IBBBBBIIIHH")
    enums = {"entry": Level, "egress": Level, "contact": Contact}
    board_ms: int
    entry: Level
    egress: Level
    contact: Contact
    armed: int
    safe: int
    passed_in: int
    passed_out: int
    refused: int
    bad_frames: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Input(Message):
    """Board -> box: one thing happened at `board_ms` of the board's clock."""

    kind = 0x42
    layout = struct.Struct("<IBI")
    enums = {"what": What}
    board_ms: int
    what: What
    value: int


@dataclass(frozen=True, slots=True)
class Error(Message):
    """Board -> box: something that came in could not be used; `detail` is the frame type or 0."""

    kind = 0x7F
    layout = struct.Struct("<BB")
    enums = {"fault": Fault}
    fault: Fault
    detail: int


ALL: Final[tuple[type[Message], ...]] = (
    Hello,
    Welcome,
    Config,
    SetOutput,
    Pulse,
    Heartbeat,
    Answer,
    Status,
    Input,
    Error,
)
_BY_KIND: Final = {each.kind: each for each in ALL}


def to_frame(message: Message, seq: int) -> Frame:
    """The frame that carries a message."""
    return Frame(message.kind, seq, message.pack())


def from_frame(frame: Frame) -> Message:
    """The message in a frame. Raises MessageError for an unknown type or unusable content."""
    known = _BY_KIND.get(frame.kind)
    if known is None:
        raise MessageError(f"message type 0x{frame.kind:02x} is not known")
    return known.unpack(frame.payload)
