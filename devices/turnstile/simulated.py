"""A turnstile with a simulated board: in its own process (`SimulatedTurnstile`) or on the run's clock.

Must not: answer for the board.
"""

from __future__ import annotations

from devices.board_on_clock import ClockedPassage
from devices.board_process import ProcessPassage, SimulatorProcess
from devices.turnstile.live import GRANT_MS, LiveTurnstile
from edge.config import Turnstile
from edge.core.ports import Now

WALK_MS = 700  # from grant to body in the turnstile


class SimulatedTurnstile(ProcessPassage):
    """The live code against a board simulator behind a pseudo terminal. `auto_pass_ms` None = nobody walks."""

    def __init__(self, row: Turnstile, gate: str, now: Now, auto_pass_ms: int | None = WALK_MS) -> None:
        board = SimulatorProcess("turnstile", auto_pass_ms)
        row = row.model_copy(update={"board": board.board_id})  # a reused pty of another board is not ours
        super().__init__(board, LiveTurnstile(row, gate, now, board.link))


class ClockedTurnstile(ClockedPassage):
    """The board inside this process, on the run's own time line: the same run gives the same events."""

    def __init__(self, row: Turnstile, gate: str, now: Now, auto_pass_ms: int | None = WALK_MS) -> None:
        super().__init__(gate, "turnstile", now, entry_safe="locked", grant_ms=GRANT_MS, auto_pass_ms=auto_pass_ms)
