"""What really happened, out of the world alone, in the form of truth.json. Must not: look at a sensor."""

from __future__ import annotations

from collections import Counter
from typing import Any

from edge.simulation.world import OUT, World


def truth_of(world: World) -> dict[str, Any]:
    """The truth of a world whose time 0 is the start of the recording."""
    names = {person.track: chr(ord("A") + number) for number, person in enumerate(world.people)}
    places = world.places(world.length_s)
    visits = []
    for person in world.people:
        items = Counter(good.sku for good in world.goods if places[good.number] == OUT + person.track)
        total = sum(world.shop.product(sku).price_minor * count for sku, count in items.items())
        visits.append(
            {
                "visit": names[person.track],
                "shopper": person.shopper,
                "tracks": [person.track],
                "entered_s": round(person.body.enters_s, 3),
                "left_s": round(person.body.leaves_s, 3),
                "items": dict(sorted(items.items())),
                "total_minor": total,
            }
        )
    return {"format": 1, "visits": visits, "events": _events(world, names), "counts": []}


def _events(world: World, names: dict[str, str]) -> list[dict[str, Any]]:
    """One event per facing and moment; a place that no camera watches goes by the name of its plate."""
    facings = {facing.id: facing for facing in world.shop.facings}
    found: Counter[tuple[float, str, str, str, str]] = Counter()
    for move in world.moves:
        sku = world.goods[move.good].sku
        if move.giver in facings:
            found[move.at_s, "take", sku, move.giver, move.taker.split(":")[1]] += 1
        elif move.taker in facings:
            found[move.at_s, "put", sku, move.taker, move.giver.split(":")[1]] += 1
    return [
        {
            "t_s": round(at_s, 3),
            "kind": kind,
            "sku": sku,
            "slot": place if facings[place].watched else facings[place].plate,
            "quantity": count,
            "visit": names[track],
        }
        for (at_s, kind, sku, place, track), count in sorted(found.items())
    ]
