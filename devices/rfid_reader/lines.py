"""Text lines of a simple reader: `epc;antenna;rssi`, one read a line. What is not a read is named, never guessed.

`epc` is hex (whole bytes, 4 to 124 digits), `antenna` 0 to 255, `rssi` in dBm, e.g. `3034F4A1B2C3D4E5F6071829;1;-63.5`.
Must not: keep more than one line in memory, or know products.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

LONGEST: Final = 256  # bytes of a line
READ: Final = re.compile(r"^\s*([0-9A-Fa-f]{4,124})\s*;\s*(\d{1,3})\s*;\s*(-?\d{1,3}(?:\.\d{1,3})?)\s*$")


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `epc` is upper-case hex, `rssi_cdbm` hundredths of dBm."""

    epc: str
    antenna: int
    rssi_cdbm: int


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is no read: why, and its length in bytes."""

    reason: str
    size: int


def parse(line: bytes) -> Read | Refused:
    """One line without its end."""
    try:
        text = line.decode("ascii")
    except UnicodeDecodeError:
        return Refused(reason="not text", size=len(line))
    found = READ.match(text)
    if found is None:
        return Refused(reason=f"{text[:60]!r} is not epc;antenna;rssi", size=len(line))
    epc, antenna, rssi = found.groups()
    if len(epc) % 2 or int(antenna) > 255:
        return Refused(reason=f"{text[:60]!r} has half a byte in its EPC or no such antenna", size=len(line))
    return Read(epc=epc.upper(), antenna=int(antenna), rssi_cdbm=round(float(rssi) * 100))


class LineReader:
    """Cuts a byte stream into reads however it was split; a line that never ends cannot fill the memory."""

    def __init__(self) -> None:
        self._part = b""
        self._overlong = 0

    def feed(self, data: bytes) -> list[Read | Refused]:
        """Reads and refused lines, in order, that `data` completes. Empty lines are keep-alives and skipped."""
        found: list[Read | Refused] = []
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._take(piece)
            line, overlong = self._part.strip(b"\r"), self._overlong
            self._part, self._overlong = b"", 0
            if overlong:
                found.append(Refused(reason=f"a line longer than {LONGEST} bytes", size=overlong + len(line)))
            elif line.strip():
                found.append(parse(line))
        self._take(rest)
        return found

    def _take(self, piece: bytes) -> None:
        room = LONGEST - len(self._part)
        self._part += piece[:room]
        self._overlong += max(len(piece) - room, 0)
