"""Which shelf cameras see, and what the shop does while one does not.

A blind camera is not believed. Goods that it alone watches may be taken or put back unseen, so a visit of that time
pays for them only after a person has looked. Must not: hold anybody, or judge a picture.
"""

from __future__ import annotations

from typing import Literal

from edge.core.events import HealthChanged
from edge.core.health import PICTURE_ALARMS
from edge.core.layout import Slot
from edge.core.shop import Shop, Unseen
from edge.core.visits import Visit

Mode = Literal["normal", "degraded", "closed"]
LEAST_NS = 3_000_000_000  # a worker that is started again is back sooner; a shelf camera is not asked more often
TAKES_A_SENSE_AWAY = ("device-lost", "device-stale", "device-degraded", *PICTURE_ALARMS)


def on_health(shop: Shop, event: HealthChanged) -> None:
    """Raise or end the alarm, and keep the times in which slots were not seen."""
    shop.order(*shop.state.alarms.on_health(event))
    if not any(slot.camera == event.device for slot in shop.layout.slots):
        return
    span = next((row for row in shop.state.unseen if row.camera == event.device and row.to_ns is None), None)
    gone = _gone(shop, event.device)
    if gone and span is None:
        _forget_old(shop)
        shop.state.unseen.append(Unseen(camera=event.device, from_ns=event.since_ns or event.captured_ns))
    elif span is not None and not gone:
        span.to_ns = event.captured_ns


def mode(shop: Shop) -> Mode:
    """What people at the gate and on the page are told of the shop."""
    if shop.policy.when_unwatched == "closed":
        for row in shop.state.unseen:
            if row.to_ns is None and any(
                camera_alone(shop, slot) for slot in shop.layout.slots if slot.camera == row.camera
            ):
                return "closed"
    kinds = {key.partition("|")[0] for key in shop.state.alarms.standing}
    return "degraded" if kinds.intersection(TAKES_A_SENSE_AWAY) else "normal"


def unwatched(shop: Shop, visit: Visit, at_ns: int) -> set[str]:
    """Products that nothing watched during some of a visit: only a camera sees their slot, and it was blind."""
    from_ns = visit.opened_ns if visit.entered_ns is None else visit.entered_ns
    until_ns = at_ns if visit.left_ns is None else visit.left_ns
    found: set[str] = set()
    for row in shop.state.unseen:
        overlap_ns = min(until_ns, at_ns if row.to_ns is None else row.to_ns) - max(from_ns, row.from_ns)
        if overlap_ns >= LEAST_NS:
            found |= {slot.sku for slot in shop.layout.slots if slot.camera == row.camera and camera_alone(shop, slot)}
    return found


def still_unseen(shop: Shop, at_ns: int) -> list[Unseen]:
    """What a new run begins with: a camera that is blind stays blind."""
    return [Unseen(camera=row.camera, from_ns=at_ns) for row in shop.state.unseen if row.to_ns is None]


def _gone(shop: Shop, camera: str) -> bool:
    return shop.state.alarms.blind(camera) or f"device-lost|{camera}" in shop.state.alarms.standing


def camera_alone(shop: Shop, slot: Slot) -> bool:
    """Whether nothing but its camera watches a slot: it has no plates, or one of them never spoke."""
    return not slot.plates or any(plate not in shop.state.levels for plate in slot.plates)


def _forget_old(shop: Shop) -> None:
    """Times before every open visit say nothing any more."""
    first_ns = min((visit.opened_ns for visit in shop.open_visits()), default=shop.state.now_ns)
    shop.state.unseen = [row for row in shop.state.unseen if row.to_ns is None or row.to_ns >= first_ns]
