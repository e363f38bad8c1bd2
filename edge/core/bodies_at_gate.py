"""Bodies that a camera counts over a gate's line, against those that were let in: two on one credential is tailgating.

Must not: hold anybody, or bind a body to a visit (presence does that).
"""

from __future__ import annotations

from typing import Final

from edge.core.events import PassageCounted
from edge.core.shop import Shop

KEPT: Final = 16
LATE_NS: Final = 1_000_000_000  # a line lies behind the door: it may be crossed when the time to enter is just over


def on_bodies(shop: Shop, event: PassageCounted) -> None:
    """Count one body, and tell where more came in than were let in. Who goes back out makes room again."""
    key = f"{event.gate}|{event.source}"
    step = event.captured_ns if event.direction == "in" else -event.captured_ns
    passed = shop.state.passed[key] = [*shop.state.passed.get(key, []), step][-KEPT:]
    since_ns = event.captured_ns - shop.policy.entry_timeout_ns - LATE_NS
    let_in = [visit for visit in shop.state.visits.values() if visit.gate == event.gate and visit.opened_ns >= since_ns]
    if event.direction == "out":
        return
    first_ns = min((visit.opened_ns for visit in let_in), default=event.captured_ns)
    bodies = sum(1 if at_ns > 0 else -1 for at_ns in passed if abs(at_ns) >= first_ns)
    allowed = sum(visit.party for visit in let_in)
    if bodies > allowed:
        detail = f"{bodies} bodies came in, {allowed} were let in"
        shop.order(*shop.state.alarms.mention("tailgate", event.gate, detail, event.captured_ns))
