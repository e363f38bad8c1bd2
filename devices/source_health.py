"""How a sensor's adapter says that it is well, lost, or was fed rubbish: on change only, and never in a flood.

Must not: know a protocol, or read a clock (it is handed `now`).
"""

from __future__ import annotations

from typing import Final, Literal

from edge.core.events import HealthChanged, InputRejected
from edge.core.ports import Emit, Now

State = Literal["ok", "lost", "stale", "degraded"]

REJECT_EVERY_NS: Final = 1_000_000_000


class SourceHealth:
    """Speaks for one device through `emit`. `state` is None until something is known."""

    def __init__(self, device: str, now: Now, emit: Emit) -> None:
        self.state: State | None = None
        self._device = device
        self._now = now
        self._emit = emit
        self._dropped = 0
        self._quiet_until_ns: int | None = None

    def is_now(self, state: State, detail: str = "") -> None:
        """Report a change of state; the same state again is not said twice."""
        if state == self.state:
            return
        self.state = state
        self._emit(
            HealthChanged(captured_ns=self._now(), source=self._device, device=self._device, state=state, detail=detail)
        )

    def rejected(self, reason: str, size: int) -> None:
        """Report bytes that were dropped: at once, then at most once a second with the sum."""
        self._dropped += size
        now_ns = self._now()
        if self._quiet_until_ns is not None and now_ns < self._quiet_until_ns:
            return
        self._quiet_until_ns = now_ns + REJECT_EVERY_NS
        detail = f"{self._dropped} bytes dropped, the last because: {reason}"
        self._dropped = 0
        self._emit(InputRejected(captured_ns=now_ns, source=self._device, device=self._device, detail=detail))
