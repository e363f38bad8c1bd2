"""One pack came and another one went at one place: told from the difference alone, or from both where scales felt both.

Must not: change a story, or see takes and puts of one person alone (options.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from edge.core import packs
from edge.core.chance import normal_mnat
from edge.core.hypotheses import Option, Story, cart_key
from edge.core.layout import Product
from edge.core.options import BOTH_THERE, MISPLACED, Doer, Known
from edge.core.packs import Move
from edge.core.weighing import (
    WRONG_WEIGHT,
    Weighed,
    felt_variance,
    listed_variance,
    normal_weight_mnat,
    weigh,
    weigh_packs,
)

# Priors, in thousandths of a nat.
EXCHANGE: Final = -1_500  # in one moment one person lays something down and another takes something
ONE_MORE: Final = -4_500  # staff laid down one piece more than was felt, and somebody took it
EXCHANGE_ALONE: Final = -3_500  # one person does both
MAY_TAKE: Final = -2_000  # of the one who takes: a hand that was not seen all the time
# Of two changes that were felt apart. A hand that presses for a moment weighs anything up to some hundred grams, so one
# that weighs just what somebody holds is a coincidence.
APART: Final = 500
APART_ALONE: Final = -1_000
HALVES_PART: Final = 20  # of two takes in a row: each half is read within a twentieth of both
ONE_THING: Final = -3_000  # what was laid down makes no plate lighter


class Apart(NamedTuple):
    """Weights (mg) that came and that went, felt apart, and who can have laid down or taken."""

    came_mg: int
    went_mg: int
    gave: list[Doer]
    took: list[Doer]


class InARow(NamedTuple):
    """Weights (mg) that went one after the other, and who can have taken each."""

    first_mg: int
    second_mg: int
    first: list[Doer]
    second: list[Doer]


def one_change(
    story: Story, home: list[Product], products: dict[str, Product], lifted_mg: int, noise_mg: int, doers: list[Doer],
    known: Known,
) -> list[Option]:  # fmt: skip
    """One piece laid down and one taken so close together that the scale felt only the difference `lifted_mg`. `known`
    is of this grasp alone."""
    takers = [doer for doer in doers if doer.beside_mnat >= MAY_TAKE]
    found = []
    for giver in [doer for doer in takers if doer.pays and doer.beside_mnat >= BOTH_THERE]:
        cart = cart_key(story, giver.visit.id)
        if cart not in known:
            known[cart] = _laid_down_for(story, giver, takers, home, products, lifted_mg, noise_mg)
        found += known[cart]
    return found


def _laid_down_for(
    story: Story, giver: Doer, takers: list[Doer], home: list[Product], products: dict[str, Product], lifted_mg: int,
    noise_mg: int,
) -> list[Option]:  # fmt: skip
    """One of those there lays a piece of the own cart down, and one of them takes another."""
    at_home = {product.sku for product in home}
    found = []
    for laid in sorted(story.held(giver.visit.id)):
        felt = packs.known(story.packs, giver.visit.id, laid)
        laid_mg = felt[-1] if felt else products[laid].weight_mg if laid in products else None
        for product in home if laid_mg else []:
            if not product.weight_mg:
                continue
            spread = listed_variance(product.weight_mg, 1) + (
                felt_variance(felt[-1]) if felt else listed_variance(laid_mg or 0, 1)
            )
            fit = normal_weight_mnat(lifted_mg - product.weight_mg + (laid_mg or 0), spread, noise_mg)
            if fit <= WRONG_WEIGHT // 2:
                continue
            away = (laid, 1) if laid not in at_home else ("", 0)
            fit += MISPLACED if away[1] else 0
            back = Move(giver.visit.id, laid, -1)
            for taker in takers:
                alone = taker is giver
                if alone and laid == product.sku:
                    continue
                log = fit + (EXCHANGE_ALONE if alone else EXCHANGE + taker.beside_mnat) + giver.beside_mnat
                took = (Move(taker.visit.id, product.sku, 1),) if taker.pays else ()
                found.append(Option((back, *took), log, away))
    return found


def felt_apart(
    story: Story, home: list[Product], products: dict[str, Product], felt: Apart, noise_mg: int
) -> list[Option]:
    """One piece laid down and one taken, where the scales felt both."""
    at_home = {product.sku for product in home}
    taken = [item for item in weigh(home, felt.went_mg, noise_mg, 1) if _is_one_piece(item.parts, item.log_mnat)]
    found = _refilled(home, felt, taken, noise_mg)
    for giver in [doer for doer in felt.gave if doer.pays]:
        held = story.held(giver.visit.id)
        mine = [products[sku] for sku in sorted(held) if sku in products]
        for laid in weigh_packs(story, giver.visit.id, mine, held, felt.came_mg, noise_mg, 1):
            if not _is_one_piece(laid.parts, laid.log_mnat):
                continue
            sku = laid.parts[0][0]
            away = (sku, 1) if sku not in at_home else ("", 0)
            log = laid.log_mnat + giver.ratio_mnat + (MISPLACED if away[1] else 0)
            back = Move(giver.visit.id, sku, -1)
            for taker in felt.took:
                alone = taker.visit is giver.visit
                for item in taken:
                    took = (Move(taker.visit.id, item.parts[0][0], 1),) if taker.pays else ()
                    prior = item.log_mnat + taker.ratio_mnat + (APART_ALONE if alone else APART)
                    found.append(Option((back, *took), log + prior, away))
    return found


def in_a_row(home: list[Product], felt: InARow, noise_mg: int) -> list[Option]:
    """One piece and then another, each with whoever had a hand there at its moment. What went first is read from a
    plate that the second hand touches already, so the sum tells the pieces and the halves only their order."""
    whole_mg = felt.first_mg + felt.second_mg
    best = max((doer.ratio_mnat for doer in felt.first), default=0)  # every other explanation asks for one moment only
    found = []
    for left, left_mg, right, right_mg, fit in _two_pieces(home, whole_mg, noise_mg):
        halves = ((felt.first_mg, left_mg), (felt.second_mg, right_mg))
        fit += sum(normal_mnat(seen - known, whole_mg // HALVES_PART, WRONG_WEIGHT) for seen, known in halves)
        for one in felt.first if fit > WRONG_WEIGHT // 2 else []:
            for other in felt.second:
                log = fit + one.ratio_mnat - best + other.ratio_mnat
                moves = [Move(doer.visit.id, sku, 1) for doer, sku in ((one, left), (other, right)) if doer.pays]
                found.append(Option(tuple(moves), log))
    return found


def _two_pieces(home: list[Product], whole_mg: int, noise_mg: int) -> list[tuple[str, int, str, int, int]]:
    """Two pieces in either order, each with its listed weight (mg), and how well both together fit."""
    weighed = [(product.sku, product.weight_mg) for product in home if product.weight_mg]
    return [
        (left, left_mg, right, right_mg, normal_weight_mnat(whole_mg - left_mg - right_mg, spread, noise_mg))
        for left, left_mg in weighed
        for right, right_mg in weighed
        for spread in (listed_variance(left_mg, 1) + listed_variance(right_mg, 1),)
    ]


def _refilled(home: list[Product], felt: Apart, taken: list[Weighed], noise_mg: int) -> list[Option]:
    """Staff fill up a place from which somebody takes: what they lay down is stock, from no cart."""
    found = []
    for giver in [doer for doer in felt.gave if not doer.pays]:
        for laid in weigh(home, felt.came_mg, noise_mg):
            if len(laid.parts) == 1 and laid.log_mnat > WRONG_WEIGHT // 2:
                for taker in [doer for doer in felt.took if doer.pays]:
                    log = laid.log_mnat + giver.ratio_mnat + taker.ratio_mnat + APART
                    found += [Option((Move(taker.visit.id, i.parts[0][0], 1),), log + i.log_mnat) for i in taken]
    return found


def while_refilling(home: list[Product], heavier_mg: int, noise_mg: int, doers: list[Doer]) -> list[Option]:
    """Staff laid down one piece more than the scale felt, because somebody took one in that moment."""
    found = []
    for giver in [doer for doer in doers if not doer.pays and doer.beside_mnat >= BOTH_THERE]:
        for taker in [doer for doer in doers if doer.pays and doer.beside_mnat >= BOTH_THERE]:
            for item in weigh(home, heavier_mg, noise_mg):
                if len(item.parts) == 1 and item.log_mnat > WRONG_WEIGHT // 2:
                    log = item.log_mnat + giver.beside_mnat + taker.beside_mnat + ONE_MORE
                    found.append(Option((Move(taker.visit.id, item.parts[0][0], 1),), log))
    return found


def _is_one_piece(parts: tuple[tuple[str, int], ...], log_mnat: int) -> bool:
    return len(parts) == 1 and parts[0][1] == 1 and log_mnat > WRONG_WEIGHT // 2


def not_of_one_thing(found: list[Option]) -> list[Option]:
    """Options of a put where another plate became lighter in the same moment."""
    return [option._replace(log_mnat=option.log_mnat + ONE_THING) if option.laid_mg else option for option in found]
