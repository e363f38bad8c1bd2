"""One table of everything that flows: rate, when it counts as stale, whether it is recorded, queue bound.

Staleness alarms, the status page and the recorder are derived from this table. Must not: contain behaviour.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `rate_hz` is the usual rate per source (0 = on change only); `stale_after_ms` 0 = never stale.

    `bound` is the longest queue kept for it; `full` says what happens there: an event is never dropped
    ("wait"), a frame or raw sample is ("drop-oldest").
    """

    name: str
    rate_hz: float
    stale_after_ms: int
    recorded: bool
    bound: int
    full: str


CHANNELS: Final[tuple[Channel, ...]] = (
    Channel(name="RunStarted", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="TracksSeen", rate_hz=15, stale_after_ms=2_000, recorded=True, bound=1024, full="wait"),
    Channel(name="LineCrossed", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="CredentialShown", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="ClaimMade", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="WeightStep", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="PlateSteady", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="ShelfChanged", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="ShelfReached", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="TagRead", rate_hz=14, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="DoorChanged", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="GrantAnswered", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="PassageCounted", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="HealthChanged", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="InputRejected", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="ChargeAnswered", rate_hz=0, stale_after_ms=0, recorded=True, bound=1024, full="wait"),
    Channel(name="Tick", rate_hz=2, stale_after_ms=0, recorded=False, bound=4, full="wait"),
    Channel(name="PlateSamples", rate_hz=5, stale_after_ms=2_000, recorded=True, bound=256, full="drop-oldest"),
    Channel(name="frame", rate_hz=10, stale_after_ms=2_000, recorded=True, bound=64, full="drop-oldest"),
)
