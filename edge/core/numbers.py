"""The tracker's numbers that a bill names, where the tracker exchanged the numbers of two bodies on the way.

A number is told with one visit only: the one whose body had it longest. Must not: decide who is who.
"""

from __future__ import annotations

from edge.core.shop import Shop
from edge.core.visits import Visit

TOLD_KEPT = 64


def tell(shop: Shop, visit: Visit) -> tuple[str, ...]:
    """The numbers of the bodies of a visit that ends; from now on they are its own."""
    if not visit.spells:
        return tuple(visit.tracks)
    others = [_worn_ns(other) for other in shop.open_visits() if other is not visit]
    own = _worn_ns(visit)
    free = [number for number in own if number not in shop.state.numbers_told] or list(own)
    ahead_ns = {number: own[number] - max((other.get(number, 0) for other in others), default=0) for number in free}
    found = [number for number in free if ahead_ns[number] > 0] or [max(free, key=lambda number: ahead_ns[number])]
    shop.state.numbers_told = [*shop.state.numbers_told, *found][-TOLD_KEPT:]
    return tuple(found)


def _worn_ns(visit: Visit) -> dict[str, int]:
    """How long the bodies of a visit had each number."""
    worn: dict[str, int] = {}
    for track in visit.tracks:
        came_ns = visit.opened_ns if visit.entered_ns is None else visit.entered_ns
        from_ns, until_ns = visit.seen.get(track, (came_ns, visit.last_seen_ns))
        spells = [(from_ns, track)]
        spells += [(spell.since_ns, spell.number) for spell in visit.spells if spell.track == track]
        ends = [since_ns for since_ns, _ in spells[1:]] + [max(until_ns, spells[-1][0])]
        for (since_ns, number), end_ns in zip(spells, ends, strict=True):
            worn[number] = worn.get(number, 0) + max(0, end_ns - since_ns)
    return worn
