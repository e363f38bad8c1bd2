"""What the pages show about the link, and the health report made from it.

Must not: decide what to do about a state; that is the link's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.core.events import HealthChanged, InputRejected
from edge.core.ports import Emit, Now

FIRST_REJECTIONS = 20
LATER_REJECTIONS = 100


@dataclass
class LinkStatus:
    """A live view: read it at any time. `in_flight` counts batches, `acked` is the receipted event number."""

    connected: bool = False
    protocol: str = ""
    broker: str = ""
    in_flight: int = 0
    acked: int = 0
    connections: int = 0
    rejected: int = 0
    last_error: str = ""


class Reporter:
    """Turns what happens to the link into events, each state once and a flood of bad input thinned out."""

    def __init__(self, name: str, emit: Emit, now: Now, status: LinkStatus) -> None:
        self.name, self.emit, self.now, self.status = name, emit, now, status
        self._state: tuple[str, str] = ("", "")

    def health(self, state: Literal["ok", "lost", "degraded"], detail: str = "") -> None:
        """Report a state; the same state is reported once, a worse reason within it is not news."""
        if state != "ok":
            self.status.last_error = detail
        if state == self._state[0]:
            return
        self._state = (state, detail)
        self.emit(HealthChanged(captured_ns=self.now(), source=self.name, device=self.name, state=state, detail=detail))

    def rejected(self, detail: str) -> None:
        """Report bytes that are not ours: the first ones each, then every hundredth with the count."""
        self.status.rejected += 1
        self.status.last_error = detail
        count = self.status.rejected
        if count <= FIRST_REJECTIONS or count % LATER_REJECTIONS == 0:
            self.emit(
                InputRejected(
                    captured_ns=self.now(), source=self.name, device=self.name, detail=f"{detail} (number {count})"
                )
            )
