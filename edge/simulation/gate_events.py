"""The way in and out: credentials, the door's outputs and contact, bodies that the beam counts.

A group shows its payer's credential once for everybody who comes in on it. Must not: know goods.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from edge.core.events import CredentialShown, DoorChanged, Event, PassageCounted
from edge.simulation.scenario import Scenario, Shopper
from edge.simulation.stage import Happened

NS = 1_000_000_000
GATE, CAMERA = "gate", "gatecam"
TOGETHER_S, COUNTED_AS_ONE = 0.6, 0.5


def shopper_id(scenario: Scenario, name: str) -> str | None:
    """Who the gate takes somebody for: themselves, or the payer of their group; None without a credential."""
    row = scenario.shoppers[name]
    payer = row.group or name
    if scenario.shoppers[payer].credential == "none":
        return None
    if scenario.shoppers[payer].id is not None:
        return scenario.shoppers[payer].id
    return f"{'staff' if scenario.shoppers[payer].role == 'staff' else 'p'}-{payer}"


def gate_events(scenario: Scenario, happened: Happened, rng: np.random.Generator) -> list[Event]:
    """Everything that the gate reports, in no order."""
    found: list[Event] = []
    for name, body in happened.bodies.items():
        row, shopper = scenario.shoppers[name], shopper_id(scenario, name)
        if shopper is not None:
            shown_s = body.enters_s - float(rng.uniform(1.6, 2.3))
            found.append(_shown(row, scenario.shoppers[row.group or name], shopper, shown_s, rng))
            found += [_door(shown_s + 0.25, "released", "closed"), _door(body.enters_s - 0.4, "released", "open")]
        found.append(_door(body.enters_s + 3.6, "locked", "closed"))
        found += [_door(body.leaves_s - 0.3, "locked", "open"), _door(body.leaves_s + 3.6, "locked", "closed")]
    return [*found, *_beam(happened, rng)]


def _shown(row: Shopper, payer: Shopper, shopper: str, at_s: float, rng: np.random.Generator) -> CredentialShown:
    method: Literal["face", "qr", "card"] = "face"
    if payer.credential in ("qr", "card"):
        method = "qr" if payer.credential == "qr" else "card"
    score = round(float(rng.uniform(550_000, 900_000))) if method == "face" else 1_000_000
    return CredentialShown(
        captured_ns=round(at_s * NS), source=CAMERA, gate=GATE, method=method, shopper=shopper, score_ppm=score
    )


def _door(at_s: float, entry: Literal["locked", "released"], contact: Literal["open", "closed"]) -> DoorChanged:
    return DoorChanged(
        captured_ns=round(max(at_s, 0.1) * NS), source=GATE, door=GATE, entry=entry, egress="released", contact=contact
    )


def _beam(happened: Happened, rng: np.random.Generator) -> list[Event]:
    """Bodies in a beam; two close together are now and then counted as one."""
    found: list[Event] = []
    for way in ("in", "out"):
        total, last_s = 0, -9.0
        times = sorted(body.enters_s if way == "in" else body.leaves_s for body in happened.bodies.values())
        for at_s in times:
            merged = at_s - last_s < TOGETHER_S and rng.random() < COUNTED_AS_ONE
            last_s = at_s
            if not merged:
                total += 1
                direction: Literal["in", "out"] = "in" if way == "in" else "out"
                found.append(
                    PassageCounted(
                        captured_ns=round(at_s * NS), source=GATE, gate=GATE, direction=direction, total=total
                    )
                )
    return found
