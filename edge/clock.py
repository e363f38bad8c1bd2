"""The only file that reads a clock. A run's time line is nanoseconds since the run began.

Must not: be imported by edge.core; adapters get `now` handed in.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Live time. `origin_wall_ns` is the wall clock at the run's zero; a restart passes the stored one.

    Inside a process time comes from the monotonic clock alone, so a jump of the wall clock cannot reorder
    a visit. `not_before_ns` keeps the line rising over a restart even if the wall clock was set back.
    """

    def __init__(self, origin_wall_ns: int | None = None, not_before_ns: int = 0) -> None:
        wall = time.time_ns()
        self.origin_wall_ns = wall if origin_wall_ns is None else origin_wall_ns
        start = max(wall - self.origin_wall_ns, not_before_ns)
        self._offset_ns = start - time.monotonic_ns()

    @classmethod
    def joined(cls, offset_ns: int) -> SystemClock:
        """The line of another process of this machine; `offset_ns` is that process's own."""
        clock = cls()
        clock._offset_ns = offset_ns
        clock.origin_wall_ns = time.time_ns() - clock.now()
        return clock

    @property
    def offset_ns(self) -> int:
        """Run time minus the machine's monotonic clock, which all its processes share."""
        return self._offset_ns

    def now(self) -> int:
        """Nanoseconds since the run began."""
        return time.monotonic_ns() + self._offset_ns

    def wall_ns(self, at_ns: int) -> int:
        """Wall clock (Unix ns) of a moment of the run; for people only."""
        return self.origin_wall_ns + at_ns


class SimClock:
    """Time that moves only when told: replays, `demo --once` and tests."""

    def __init__(self, at_ns: int = 0, origin_wall_ns: int = 0) -> None:
        self._at_ns = at_ns
        self.origin_wall_ns = origin_wall_ns

    def now(self) -> int:
        """Nanoseconds since the run began."""
        return self._at_ns

    def advance_to(self, at_ns: int) -> None:
        """Move forward; a moment in the past is ignored, time never goes back."""
        self._at_ns = max(self._at_ns, at_ns)

    def wall_ns(self, at_ns: int) -> int:
        """Wall clock (Unix ns) of a moment of the run; for people only."""
        return self.origin_wall_ns + at_ns


def wall_now_ns() -> int:
    """Wall clock in Unix ns, for time stamps that people read and for nothing else."""
    return time.time_ns()


def cpu_now_ns() -> int:
    """CPU time of this process in ns, for cost figures (`ms_per_frame`)."""
    return time.process_time_ns()


def rfc3339(wall_ns: int) -> str:
    """Unix ns as RFC 3339 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(wall_ns / 1e9, tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{wall_ns // 1_000_000 % 1000:03d}Z"
