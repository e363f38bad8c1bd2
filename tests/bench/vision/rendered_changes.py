"""Takes and puts in a rendered shop without people: what a slot looked like before and after each, in thousands.

In every third slot at once packs leave, come back, or make room for strange ones, six times over. Must not: judge, or
use a day (seed) that a clip of the bench shows.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from edge import config
from edge.simulation.play import Simulated, simulate
from edge.simulation.rendering.visit_film import RenderedVisit
from edge.simulation.stage import HAND, Move, Pack
from tests.bench.vision.rendered_cases import Case, scenario_of
from vision.places import SlotShape
from vision.planes import Picture
from vision.slots import slots_of

SEED = 920
STATES, APART = 6, 3
STRANGE_FROM_S, BEFORE_S = 0.5, 0.9  # strange packs leave the back of their own slots before the first picture
TAKER = f"{HAND}A:0"


@dataclass(frozen=True)
class Change:
    """One change. `first` is the first picture of the day."""

    take: bool
    strange: bool
    camera: str
    slot: SlotShape
    first: Picture
    before: Picture
    after: Picture

    @property
    def kind(self) -> str:
        """Names its row."""
        return ("take" if self.take else "put") + (" of a strange pack" if self.strange else " of an own pack")


@dataclass
class StockedSlot:
    """What stands in a slot and what was taken from it, while acts are drawn."""

    facing: str
    own: list[int]
    taken: list[int] = field(default_factory=list)
    strange: list[int] = field(default_factory=list)

    def act(self, rng: np.random.Generator, strangers: list[int]) -> tuple[int, bool, bool]:
        """(pack, take, strange): a strange pack leaves before another comes."""
        if self.strange:
            return self.strange.pop(), True, True
        ways = ["take"] * (3 if self.own else 0) + ["back"] * (2 if self.taken else 0) + ["strange"] * 3
        way = str(rng.choice(ways))
        if way == "take":
            self.taken.append(self.own.pop(0))
            return self.taken[-1], True, False
        if way == "back":
            self.own.insert(0, self.taken.pop())
            return self.own[0], False, False
        self.strange.append(strangers.pop())
        return self.strange[-1], False, True


def changes(planogram: int) -> Iterator[Change]:
    """All changes of one shop: about 280."""
    scenario = scenario_of(Case("one-take"), planogram)
    found = simulate(scenario, SEED)
    for first in range(APART):
        rng = np.random.Generator(np.random.PCG64([planogram, SEED, first]))
        acts = _acts(found, first, rng)
        moved = copy.deepcopy(found.happened)
        moved.bodies, moved.moves = {}, _moves(moved.packs, acts)
        visit = RenderedVisit(scenario, SEED + first, found._replace(happened=moved))
        yield from _shown(visit, acts)


def _acts(found: Simulated, first: int, rng: np.random.Generator) -> dict[tuple[int, str], tuple[int, bool, bool]]:
    """(state, facing) -> pack, take, strange."""
    stock: dict[str, list[int]] = {}
    for pack in sorted(found.happened.packs, key=lambda pack: pack.number):
        stock.setdefault(pack.home, []).append(pack.number)
    rows = list(enumerate(found.plan.facings))
    busy = [
        StockedSlot(row.id, list(stock.get(row.id, [])))
        for index, row in rows
        if (index + index // 24) % APART == first
    ]
    names = {slot.facing for slot in busy}
    strangers = [number for _, row in rows if row.id not in names for number in stock.get(row.id, [])[1:]]
    rng.shuffle(strangers)
    return {(state, slot.facing): slot.act(rng, strangers) for slot in busy for state in range(STATES)}


def _moves(packs: Sequence[Pack], acts: Mapping[tuple[int, str], tuple[int, bool, bool]]) -> list[Move]:
    moves = []
    for (state, facing), (number, take, strange) in acts.items():
        if strange and not take:
            moves.append(Move(STRANGE_FROM_S, number, packs[number].home, TAKER, None))
        giver, taker = (facing, TAKER) if take else (TAKER, facing)
        moves.append(Move(1.0 + state, number, giver, taker, None))
    return sorted(moves, key=lambda move: move.at_s)


def _shown(visit: RenderedVisit, acts: Mapping[tuple[int, str], tuple[int, bool, bool]]) -> Iterator[Change]:
    shop = config.parse(visit.config_text, "store.toml", {})
    for camera, rgb in visit.series([BEFORE_S + state for state in range(STATES + 1)]).items():
        pictures = [np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8) for picture in rgb]
        slots = {slot.id: slot for slot in slots_of(shop, camera)}
        for (state, facing), (_, take, strange) in acts.items():
            if facing in slots:
                yield Change(take, strange, camera, slots[facing], pictures[0], pictures[state], pictures[state + 1])
