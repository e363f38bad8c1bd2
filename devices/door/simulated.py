"""A door with a simulated board: in its own process (`SimulatedDoor`) or on the run's clock (`ClockedDoor`).

Must not: answer for the board.
"""

from __future__ import annotations

from devices.board_on_clock import ClockedPassage
from devices.board_process import ProcessPassage, SimulatorProcess
from devices.door.live import LiveDoor
from edge.config import Door
from edge.core.ports import Now

WALK_MS = 700  # from grant to body in the door


class SimulatedDoor(ProcessPassage):
    """The live code against a board simulator behind a pseudo terminal. `auto_pass_ms` None = nobody walks."""

    def __init__(self, row: Door, gate: str, now: Now, auto_pass_ms: int | None = WALK_MS) -> None:
        board = SimulatorProcess("door", auto_pass_ms)
        row = row.model_copy(update={"board": board.board_id})  # a reused pty of another board is not ours
        super().__init__(board, LiveDoor(row, gate, now, board.link))


class ClockedDoor(ClockedPassage):
    """The board inside this process, on the run's own time line: the same run gives the same events."""

    def __init__(self, row: Door, gate: str, now: Now, auto_pass_ms: int | None = WALK_MS) -> None:
        super().__init__(gate, "door", now, entry_safe=row.entry_safe, grant_ms=row.open_ms, auto_pass_ms=auto_pass_ms)
