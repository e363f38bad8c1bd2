"""What became of the goods of a simulated visit: by the world, by the plates, and by the orders of the core.

The world (the truth) is looked at here and in tests alone. Must not: judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from edge.core.commands import BookLoss, CloseVisit
from edge.core.events import WeightStep
from edge.simulation.play import simulate
from edge.simulation.scenario import Scenario
from edge.simulation.stage import BOX, Happened
from tests.bench.carts.degrade import ROWS
from tests.bench.carts.play import Played, play
from tests.bench.carts.tape import Tape, tape_of


class Account(NamedTuple):
    """Packs by product. `taken` left their shelves for good; grams are what the plates told as steps.

    `net_g` is what the plates are lighter by at the end, `lifted_g` everything that was ever lifted.
    """

    taken: Counter[str]
    charged: Counter[str]
    review: Counter[str]
    lost: Counter[str]
    net_g: float
    lifted_g: float
    weight_g: dict[str, float]

    def grams(self, packs: Counter[str]) -> float:
        """What so many packs weigh on the mean."""
        return sum(self.weight_g[sku] * count for sku, count in packs.items())

    def told(self) -> str:
        """One line for a person."""
        parts = [("taken", self.taken), ("charged", self.charged), ("review", self.review), ("lost", self.lost)]
        goods = ", ".join(f"{name} {dict(sorted(packs.items()))}" for name, packs in parts)
        return f"{goods}; plates {self.net_g:.0f} g lighter, {self.lifted_g:.0f} g lifted"


def run(
    scenario: Scenario, seed: int, how: str = "all sensors", overrides: dict[str, Any] | None = None
) -> tuple[Tape, Played, Happened]:
    """A visit simulated and played; `how` is a row of the ablation table, `overrides` are keys of store.toml."""
    simulated = simulate(scenario, seed)
    tape = ROWS[how](tape_of(simulated, seed, overrides))
    return tape, play(tape), simulated.happened


def account(played: Played, happened: Happened) -> Account:
    """Where all packs are, by the world and by the books."""
    taken = Counter(
        pack.sku
        for pack in happened.packs
        if pack.eaten_by is not None or (pack.place not in happened.plan.facing and pack.place != BOX)
    )
    lines = [line for order in played.commands if isinstance(order, CloseVisit) for line in order.lines]
    losses = [order for order in played.commands if isinstance(order, BookLoss)]
    steps = [event.delta_mg / 1000 for event in played.events if isinstance(event, WeightStep)]
    return Account(
        taken=taken,
        charged=_sum((line.sku, line.quantity) for line in lines if line.status == "charged"),
        review=_sum((line.sku, line.quantity) for line in lines if line.status == "review"),
        lost=_sum((order.sku or "", order.quantity) for order in losses),
        net_g=-sum(steps),
        lifted_g=-sum(step for step in steps if step < 0),
        weight_g={sku: row.weight_g for sku, row in happened.plan.products.items()},
    )


def _sum(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for sku, count in pairs:
        found[sku] += count
    return found
