"""How often somebody's hands were in shelves, where some places have no scale that speaks.

A camera misses one change in twelve, and most packs that are put where they do not belong; at a dead plate nothing is
felt at all, and a pack of thirty grams may be laid down and lifted again between two hands that press. So who was in
shelves more often than anything was seen to move may have put something back unseen: what a camera saw taken, what is
light, or, where a hand was at a dead plate, anything. Must not: change a story.
"""

from __future__ import annotations

from typing import Final

import msgspec

from edge.core.commands import Line
from edge.core.events import PointMm, TracksSeen
from edge.core.shop import Shop
from edge.core.trails import distance3
from edge.core.visits import Visit

LOOK_NS: Final = 200_000_000
IN_SHELF_MM: Final = 180  # from a slot or plate, seen from above
APART_NS: Final = 800_000_000  # a hand that is missed for a moment has not left
AT_PLATE_MM: Final = 220  # a hand that holds a pack over a plate
LIGHT_MG: Final = 40_000  # a plate at which hands press does not tell so little
UNSEEN_PUT_PPM: Final = 60_000  # of one reach after which nothing was seen


def watch(shop: Shop, frame: TracksSeen) -> None:
    """Count reaches, five times a second."""
    now_ns = frame.captured_ns
    if 0 <= now_ns - shop.counted_ns < LOOK_NS:
        return
    shop.counted_ns = now_ns
    dead = _unfelt(shop)
    for person in frame.people:
        hands = [hand for hand in person.hands_mm if not shop.planogram.is_free(hand, IN_SHELF_MM)]
        visit = shop.visit_of(shop.tracks.name_of(person)) if hands else None
        if visit is not None:
            visit.reaches += now_ns - visit.reached_ns > APART_NS
            visit.reached_ns = now_ns
            near = {
                plate
                for hand in hands
                for plate, place in dead
                if abs(hand[0] - place[0]) <= AT_PLATE_MM and distance3(hand, place) <= AT_PLATE_MM
            }
            visit.reached_silent += sorted(near.difference(visit.reached_silent))


def _unfelt(shop: Shop) -> list[tuple[str, PointMm]]:
    """Plates that never spoke and where a hand is at them."""
    known, spoke = shop.unfelt, len(shop.state.levels)
    if known is None or known[0] > spoke:
        targets = [(plate, shop.planogram.target_of([plate])) for plate in shop.planogram.plates]
        known = (-1, [(plate, target.place_mm) for plate, target in targets if target is not None])
    if known[0] != spoke:
        known = shop.unfelt = (spoke, [row for row in known[1] if row[0] not in shop.state.levels])
    return known[1]


def doubted(shop: Shop, visit: Visit, line: Line) -> Line:
    """A line that may have been put back unseen."""
    proof = shop.state.proof.get(visit.id, {}).get(line.sku, [])
    by_camera = bool(proof) and all(row.sensor == "camera" for row in proof)
    at_dead = any(plate not in shop.state.levels for plate in visit.reached_silent)
    product = shop.planogram.products.get(line.sku)
    light = product is not None and product.weight_mg is not None and product.weight_mg <= LIGHT_MG
    if line.status != "charged" or not (by_camera or at_dead or light) or visit.reaches <= visit.touches:
        return line
    sure_ppm = line.confidence_ppm * (1_000_000 - UNSEEN_PUT_PPM) // 1_000_000
    status = line.status if sure_ppm >= shop.policy.review_below_ppm else "review"
    return msgspec.structs.replace(line, confidence_ppm=sure_ppm, status=status)
