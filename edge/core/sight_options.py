"""What a shelf camera's word can have been where no scale speaks: a change of its slot, of one beside, or nothing.

Must not: change a story, or weigh anything.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

from edge.core.hypotheses import GONE, Option, Story
from edge.core.options import MAY_BE_THERE, NOBODY, STRAY, Doer
from edge.core.packs import Move

# Priors, in thousandths of a nat.
FALSE_SIGHT: Final = -5_000  # a camera saw a change where there was none
NAMED_FALSE: Final = -1_500  # and named a product where nothing changed
WRONG_NAME: Final = -3_000  # it named another product
OTHERWISE_NAMED: Final = -1_500  # it named the usual product though another one was put there
UNSEEN_STRAY: Final = -4_700  # a pack of another product that nobody saw coming
ONE_EACH: Final = -1_000  # two packs went, one with each of two people
WHO_LEFT: Final = -1_000  # it was somebody who has left since, of whose hands nothing is kept
WRONG_SLOT: Final = -4_000  # it was the slot beside
NAMED_OTHERWISE: Final = -4_500  # and the name was not of what stands there


def named(slot: str, home: str, said: str | None, story: Story) -> list[tuple[str, int]]:
    """The products that a camera's word can mean, with their priors: what stands there, what was put there from
    elsewhere, and what the camera named, which is as often a wrong name as a pack that nobody saw coming."""
    here = {sku for sku, count in story.strays.get(slot, {}).items() if count > 0}
    if said is None or said == home:
        return [(home, 0), *((sku, STRAY + OTHERWISE_NAMED) for sku in sorted(here - {home}))]
    return [(home, WRONG_NAME), (said, STRAY if said in here else UNSEEN_STRAY)]


def _beside(sku: str, said: str | None) -> int:
    """Prior of the slot beside: a camera that mistakes the slot still names what moved."""
    return WRONG_SLOT if said in (None, sku) else WRONG_SLOT + NAMED_OTHERWISE


def seen_by_camera(
    skus: list[tuple[str, int]],
    quantity: int,
    taken: bool,
    story: Story,
    doers: list[Doer],
    beside: list[tuple[str, list[Doer]]],
    said: str | None = None,
    left: bool = False,
) -> list[Option]:
    """A slot without a scale: the camera alone says it. It may have seen nothing, or the slot `beside`. `skus` are the
    products it can have been, with their priors; what it `said` itself is hardly ever the name of one beside. `left`:
    somebody was inside while the slot was out of sight, and is gone."""
    best = max([doer.ratio_mnat for doer in doers], default=-1_000)
    options = [Option((), FALSE_SIGHT + best + (0 if said is None else NAMED_FALSE))]
    if taken:
        nobody = max(NOBODY, best + WHO_LEFT) if left else NOBODY
        options.append(Option((Move(GONE, skus[0][0], quantity),), nobody if doers else 0))
    own = [(sku, doers, prior) for sku, prior in skus]
    for name, reaching, prior in (*own, *((other, near, _beside(other, said)) for other, near in beside)):
        for doer in reaching:
            if taken:
                moves = (Move(doer.visit.id, name, quantity),) if doer.pays else ()
                options.append(Option(moves, doer.ratio_mnat + prior))
            elif story.held(doer.visit.id).get(name, 0) >= quantity:
                options.append(Option((Move(doer.visit.id, name, -quantity),), doer.ratio_mnat + prior))
        if taken and quantity == 2:
            for one, two in combinations([doer for doer in reaching if doer.ratio_mnat > MAY_BE_THERE], 2):
                apart = tuple(Move(doer.visit.id, name, 1) for doer in (one, two) if doer.pays)
                options.append(Option(apart, one.ratio_mnat + two.ratio_mnat + prior + ONE_EACH))
    return options
