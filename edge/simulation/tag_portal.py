"""The UHF reader at the exit: 14 reads a second a tag over four antennas, bodies and drinks in the way, strays.

Must not: read a pack that is neither near the portal nor on a shelf.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.core.events import TagRead
from edge.simulation.stage import BAG, HAND, OUT, Happened

NS = 1_000_000_000


@dataclass(frozen=True)
class PortalModel:
    """Rates, shares and chances."""

    reader: str = "portal"
    antennas: tuple[int, ...] = (1, 2, 3, 4)
    rate_hz: float = 14.0
    range_mm: float = 800.0
    body: float = 0.2
    shielded: float = 0.3
    dead: float = 0.01
    stray: tuple[float, float] = (0.03, 0.08)
    duplicate: float = 0.02
    step_s: float = 0.05


def read_tags(happened: Happened, rng: np.random.Generator, model: PortalModel) -> list[TagRead]:
    """Reads by time."""
    dead = {pack.number for pack in happened.packs if rng.random() < model.dead}
    found: list[TagRead] = []
    for name, body in happened.bodies.items():
        times = np.arange(body.enters_s, body.leaves_s + 0.6, model.step_s)
        away = np.linalg.norm(body.places(times) - np.array(happened.plan.gate_mm), axis=1)
        blocked = set(rng.permutation(model.antennas)[: int(rng.integers(1, 3))].tolist())
        for at_s, distance in zip(times.tolist(), away.tolist(), strict=True):
            if distance < 3 * model.range_mm:
                found += _carried(happened, name, at_s, distance, dead, blocked, rng, model)
    found += _strays(happened, found, dead, rng, model)
    return sorted(found, key=lambda read: (read.captured_ns, read.epc, read.antenna))


def _carried(
    happened: Happened,
    name: str,
    at_s: float,
    distance: float,
    dead: set[int],
    blocked: set[int],
    rng: np.random.Generator,
    model: PortalModel,
) -> list[TagRead]:
    mine = (BAG + name, OUT + name, f"{HAND}{name}:0", f"{HAND}{name}:1")
    place = {pack.number: pack.home for pack in happened.packs}
    for move in happened.moves:
        if move.at_s > at_s:
            break
        if not move.empty:
            place[move.pack] = move.taker
    reads = []
    for number in (number for number, where in place.items() if where in mine and number not in dead):
        pack = happened.packs[number]
        share = (model.shielded if happened.plan.products[pack.sku].shielding else 1.0) * (
            0.4 if pack.pocketed else 1.0
        )
        rate = model.rate_hz * float(np.exp(-((distance / model.range_mm) ** 2))) * share / len(model.antennas)
        for antenna in model.antennas:
            chance = rate * (model.body if antenna in blocked else 1.0) * model.step_s
            for _ in range(int(rng.poisson(chance))):
                reads.append(_read(model, at_s + float(rng.uniform(0, model.step_s)), antenna, pack.epc, distance, rng))
                if rng.random() < model.duplicate:
                    reads.append(reads[-1])
    return reads


def _strays(
    happened: Happened, reads: list[TagRead], dead: set[int], rng: np.random.Generator, model: PortalModel
) -> list[TagRead]:
    """Stock on the shelves answers too, weakly, while people pass."""
    share = float(rng.uniform(*model.stray))
    stock = [pack for pack in happened.packs if pack.place == pack.home and pack.epc and pack.number not in dead]
    passes = [body.leaves_s for body in happened.bodies.values()]
    found = []
    for _ in range(int(rng.poisson(share * len(reads) + 0.3 * len(passes)))):
        if stock:
            near = stock[int(rng.integers(len(stock)))]
            at_s = float(rng.choice(passes)) + float(rng.uniform(-1.5, 0.5))
            antenna = int(rng.choice(model.antennas))
            found.append(_read(model, at_s, antenna, near.epc, float(rng.uniform(2_500, 4_500)), rng))
    return found


def _read(
    model: PortalModel, at_s: float, antenna: int, epc: str, distance: float, rng: np.random.Generator
) -> TagRead:
    loss = 2_000 * np.log10(max(distance, 300.0) / 300.0)
    rssi = -5_200 - loss + rng.normal(0, 300)
    return TagRead(
        captured_ns=round(at_s * NS),
        source=model.reader,
        reader=model.reader,
        antenna=antenna,
        epc=epc,
        rssi_cdbm=round(float(max(-7_200.0, rssi))),
    )
