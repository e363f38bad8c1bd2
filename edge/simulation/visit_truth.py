"""Who owes what, out of the world alone: who is outside holding what, and the shop's rules for the rest.

Must not: look at anything a sensor said, but for the names under which the tracker ran each body.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from edge.core.errors import BadInput
from edge.simulation.gate_events import shopper_id
from edge.simulation.scenario import Scenario
from edge.simulation.stage import OUT, Happened, Pack


def truth_of(scenario: Scenario, happened: Happened, tracks: dict[str, list[str]]) -> dict[str, Any]:
    """The truth in the form of truth.json; raises BadInput where it is not what the scenario expects."""
    owed = owed_by(scenario, happened)
    _compare(scenario, happened, owed)
    visits = [_visit(scenario, happened, tracks, payer, owed[payer]) for payer in owed]
    return {"format": 1, "visits": visits, "events": _events(scenario, happened), "counts": []}


def owed_by(scenario: Scenario, happened: Happened) -> dict[str, Counter[str]]:
    """Payer -> pieces owed. Staff owe nothing, and who came in without a credential cannot be charged."""
    owed: dict[str, Counter[str]] = {name: Counter() for name, row in scenario.shoppers.items() if row.group is None}
    for pack in happened.packs:
        name = _bearer(scenario, pack)
        payer = (scenario.shoppers[name].group or name) if name is not None else None
        if payer is not None and scenario.shoppers[payer].role != "staff" and _can_pay(scenario, payer):
            owed[payer][pack.sku] += 1
    return owed


def _can_pay(scenario: Scenario, payer: str) -> bool:
    return "gate" not in scenario.sensors or scenario.shoppers[payer].credential != "none"


def _bearer(scenario: Scenario, pack: Pack) -> str | None:
    """Who has to answer for a pack: who ate it, else who carried it out or, where the shop says so, who took it."""
    if pack.eaten_by is not None:
        return pack.eaten_by
    if not pack.place.startswith(OUT):
        return None
    return pack.taken_by if scenario.handed_over == "taker" else pack.place.removeprefix(OUT)


def _compare(scenario: Scenario, happened: Happened, owed: dict[str, Counter[str]]) -> None:
    for payer, cart in scenario.expect.carts.items():
        wanted: Counter[str] = Counter()
        for thing, count in cart.items():
            wanted[happened.plan.sku(thing)] += count
        if +wanted != +owed[payer]:
            text = f"the world ends with {dict(owed[payer])}, not with {dict(+wanted)}; correct the script or the carts"
            raise BadInput(f"{scenario.name}: expect.carts.{payer}", text)


def _visit(
    scenario: Scenario, happened: Happened, tracks: dict[str, list[str]], payer: str, items: Counter[str]
) -> dict[str, Any]:
    members = [name for name, row in scenario.shoppers.items() if name == payer or row.group == payer]
    prices = {sku: happened.plan.products[sku].price_minor for sku in items}
    return {
        "visit": payer,
        "shopper": shopper_id(scenario, payer) if "gate" in scenario.sensors else None,
        "tracks": [name for member in members for name in tracks.get(member, [])],
        "entered_s": round(min(happened.bodies[name].enters_s for name in members), 3),
        "left_s": round(max(happened.bodies[name].leaves_s for name in members), 3),
        "items": dict(sorted(items.items())),
        "total_minor": sum(prices[sku] * count for sku, count in items.items()),
    }


def _events(scenario: Scenario, happened: Happened) -> list[dict[str, Any]]:
    """Takes and puts by facing and moment; without shelf cameras a facing goes by its main plate."""
    found: Counter[tuple[float, str, str, str, str]] = Counter()
    for move in happened.moves:
        if move.empty or move.who is None:
            continue
        sku = happened.packs[move.pack].sku
        if move.giver in happened.plan.facing:
            found[round(move.at_s, 2), "take", sku, move.giver, move.who] += 1
        elif move.taker in happened.plan.facing:
            found[round(move.at_s, 2), "put", sku, move.taker, move.who] += 1
    cameras = "cameras" in scenario.sensors
    return [
        {
            "t_s": at_s,
            "kind": kind,
            "sku": sku,
            "slot": place if cameras else happened.plan.facing[place].plates[0],
            "quantity": count,
            "visit": scenario.shoppers[who].group or who,
        }
        for (at_s, kind, sku, place, who), count in sorted(found.items())
    ]
