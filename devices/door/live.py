"""A door behind one of our boards. What it promises is in rules.md.

Must not: decide who may pass, or ever lock the way out.
"""

from __future__ import annotations

from devices.board_passage import BoardPassage
from edge.config import Door
from edge.core.ports import Now


class LiveDoor(BoardPassage):
    """Grants release entry or egress for `row.open_ms`; `port` overrides the port of the row."""

    def __init__(self, row: Door, gate: str, now: Now, port: str | None = None) -> None:
        super().__init__(
            gate,
            now,
            port or row.port,
            baud=row.baud,
            entry_safe=row.entry_safe,
            grant_ms=row.open_ms,
            table="door",
            board=row.board,
        )
