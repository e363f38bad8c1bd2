"""What a scale board sends: one frame a sample, in the framing of firmware_bridge.frames (COBS, CRC16).

Payload of kind 0x60, little-endian: `u32 number` of the sample (counts on, wraps), `u16 rate` in tenths of Hz,
`u8 first` column, `u8 count`, then `count` times `i32` milligrams; -2**31 = this plate gave no value. A board
with more plates than fit in a frame sends several frames with the same number. Must not: know plate ids or time.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

import msgspec

from firmware_bridge.frames import MAX_PAYLOAD, Dropped, Frame, encode

ROW_KIND: Final = 0x60
NO_VALUE: Final = -(2**31)
NUMBERS: Final = 2**32
_HEAD: Final = struct.Struct("<IHBB")
MOST_VALUES: Final = (MAX_PAYLOAD - _HEAD.size) // 4


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Part of one sample: `grams` of the plates from column `first` on, None = no value."""

    number: int
    rate_hz: float
    first: int
    grams: tuple[float | None, ...]


def read_row(frame: Frame) -> Row | Dropped:
    """The row in a frame; `Dropped` with the reason where it holds none."""
    size = len(frame.payload)
    if frame.kind != ROW_KIND:
        return Dropped(f"kind 0x{frame.kind:02x} is not a scale's", size)
    if size < _HEAD.size:
        return Dropped("short row", size)
    number, rate, first, count = _HEAD.unpack_from(frame.payload)
    if size != _HEAD.size + 4 * count:
        return Dropped(f"row of {count} values in {size} bytes", size)
    if rate == 0:
        return Dropped("rate 0", size)
    values = struct.unpack_from(f"<{count}i", frame.payload, _HEAD.size)
    grams = tuple(None if value == NO_VALUE else value / 1000 for value in values)
    return Row(number=number, rate_hz=rate / 10, first=first, grams=grams)


def write_sample(number: int, rate_hz: float, grams: Sequence[float | None]) -> bytes:
    """The bytes a board sends for one sample of all its plates (simulator and tests; the firmware does the same)."""
    sent = b""
    for first in range(0, len(grams), MOST_VALUES):
        part = [NO_VALUE if g is None or g != g else round(g * 1000) for g in grams[first : first + MOST_VALUES]]
        head = _HEAD.pack(number % NUMBERS, round(rate_hz * 10), first, len(part))
        sent += encode(Frame(ROW_KIND, number % 256, head + struct.pack(f"<{len(part)}i", *part)))
    return sent
