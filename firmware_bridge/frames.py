"""Frames on the wire: COBS, ended by 0x00, holding `ver | type | seq | payload | CRC16-CCITT`.

COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999. CRC: polynomial 0x1021, start 0xFFFF, not
reflected, stored little-endian, over everything before it. Must not: know what a payload means, or fail on any
input: what is not a frame is dropped, counted and named.
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass
from typing import Final

from cobs import cobs

FRAME_VERSION: Final = 1
MAX_PAYLOAD: Final = 240
END: Final = b"\x00"
_HEAD: Final = struct.Struct("<BBB")
_CRC: Final = struct.Struct("<H")
_MIN_RAW: Final = _HEAD.size + _CRC.size
_MAX_RAW: Final = _MIN_RAW + MAX_PAYLOAD
MAX_ENCODED: Final = _MAX_RAW + 1  # COBS adds one byte for up to 254 bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `kind` says what the payload is, `seq` (0..255) ties an answer to its request."""

    kind: int
    seq: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Dropped:
    """Bytes that were not a frame: how many, and why ("cobs", "short", "long", "crc", "version")."""

    reason: str
    size: int


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE; check value 0x29B1 for b"123456789"."""
    return binascii.crc_hqx(data, 0xFFFF)


def encode(frame: Frame) -> bytes:
    """The bytes of a frame, its ending 0x00 included. Raises ValueError for a payload that is too long."""
    if len(frame.payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload has at most {MAX_PAYLOAD} bytes, not {len(frame.payload)}")
    body = _HEAD.pack(FRAME_VERSION, frame.kind, frame.seq) + frame.payload
    return bytes(cobs.encode(body + _CRC.pack(crc16(body)))) + END


def decode(encoded: bytes) -> Frame | Dropped:
    """One frame from the bytes between two 0x00."""
    if len(encoded) > MAX_ENCODED:
        return Dropped("long", len(encoded))
    try:
        raw = bytes(cobs.decode(encoded))
    except cobs.DecodeError:
        return Dropped("cobs", len(encoded))
    if not _MIN_RAW <= len(raw) <= _MAX_RAW:
        return Dropped("short" if len(raw) < _MIN_RAW else "long", len(encoded))
    body = raw[: -_CRC.size]
    if _CRC.unpack(raw[-_CRC.size :])[0] != crc16(body):
        return Dropped("crc", len(encoded))
    version, kind, seq = _HEAD.unpack(body[: _HEAD.size])
    if version != FRAME_VERSION:
        return Dropped("version", len(encoded))
    return Frame(kind, seq, body[_HEAD.size :])


class StreamDecoder:
    """Cuts a byte stream into frames however it was split; finds the next frame after any garbage.

    Holds at most one frame of bytes, so a line that never sends 0x00 cannot fill the memory.
    """

    def __init__(self) -> None:
        self._part = bytearray()
        self._overlong = 0  # bytes of the present piece that were thrown away already

    def feed(self, data: bytes) -> list[Frame | Dropped]:
        """Frames and drops, in wire order, that `data` completes."""
        found: list[Frame | Dropped] = []
        *complete, rest = data.split(END)
        for piece in complete:
            self._take(piece)
            found += self._finish()
        self._take(rest)
        return found

    def _take(self, piece: bytes) -> None:
        room = max(MAX_ENCODED - len(self._part), 0) if not self._overlong else 0
        self._part += piece[:room]
        self._overlong += len(piece) - room if len(piece) > room else 0

    def _finish(self) -> list[Frame | Dropped]:
        part, overlong = bytes(self._part), self._overlong
        self._part.clear()
        self._overlong = 0
        if overlong:
            return [Dropped("long", len(part) + overlong)]
        return [decode(part)] if part else []
