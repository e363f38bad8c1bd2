"""A turnstile behind one of our boards. What it promises is in rules.md.

Must not: decide who may pass, or ever lock the way out.
"""

from __future__ import annotations

from typing import Final

from devices.board_passage import BoardPassage
from edge.config import Turnstile
from edge.core.ports import Now

GRANT_MS: Final = 5_000  # an unused grant ends then; a used one ends with the body


class LiveTurnstile(BoardPassage):
    """Grants free the arm for one body; `port` overrides the port of the row."""

    def __init__(self, row: Turnstile, gate: str, now: Now, port: str | None = None) -> None:
        super().__init__(
            gate,
            now,
            port or row.port,
            baud=row.baud,
            entry_safe="locked",
            grant_ms=GRANT_MS,
            table="turnstile",
            board=row.board,
        )
