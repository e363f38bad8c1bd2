"""What an interaction at a shelf can have been: products by weight, people by reach, and the dull explanations.

Every option carries its log-likelihood; nothing is chosen here. Priors are written as named constants so that a person
can read them. Must not: change a story.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final, NamedTuple

from edge.core.chance import normal_mnat
from edge.core.grip import look_up
from edge.core.hypotheses import GONE, CartKey, Option, Story, cart_key
from edge.core.layout import Product
from edge.core.packs import Move, on_plate
from edge.core.visits import Visit
from edge.core.weighing import (
    PAIR,
    QUANTITY,
    SCALE_MG,
    WRONG_WEIGHT,
    Weighed,
    weigh,
    weigh_packs,
)

# Priors, in thousandths of a nat.
# Two people at one plate at one time, one item each: likelier the longer the plate moved (ms).
SPLIT: Final = ((300, -1_000), (700, -300))
NOBODY: Final = -4_500  # nobody of those inside
FAR_AWAY: Final = -5_200  # nobody within about two metres
NOBODY_ELSE: Final = -8_500  # nobody of those inside, though somebody was within a few steps
SOMETHING_ELSE: Final = -9_000  # a weight that no product explains
NOT_SOLD: Final = -8_500  # something foreign was laid down
NOT_MINE: Final = -3_000  # somebody lifts a thing that another one laid down and that is not sold here
LEANS_MG: Final = 12_000  # a hand that lets go is felt within this of the hand that pressed
CROSS_TALK_MG: Final = 6_000  # a change so small may be the plate beside, drift or a touch
STRAY: Final = -300  # a product that was put here from elsewhere
PRESSED: Final = -1_000  # what was laid down was a hand
MISPLACED: Final = -1_500  # put back where it does not belong
PASSED: Final = -3_500  # put down by somebody to whom it passed unseen
UNHELD: Final = -6_000  # put down by somebody who, in this story, does not hold it (stock, staff, an unseen take)
BOTH_THERE: Final = 1_500  # of an exchange: both hands must be right there
ODD_FIT: Final = -5_000  # a weight that fits no better explains little
MAY_BE_THERE: Final = -3_000  # a hand that was not seen all the time may have taken the second piece
NO_STAFF: Final = -30_000


Known = dict[CartKey, list[Option]]  # what one grasp can have been for stories that agree on a cart


class Doer(NamedTuple):
    """Somebody who can have done it. `ratio_mnat` from reach.py; `pays` is false for staff. `there_mnat` is for a hand
    that was there at any time about that moment: where two change a plate together, neither keeps the moment."""

    visit: Visit
    ratio_mnat: int
    pays: bool
    there_mnat: int = -30_000

    @property
    def beside_mnat(self) -> int:
        """Ratio for one of two who changed a plate together."""
        return max(self.ratio_mnat, self.there_mnat)


def split_mnat(span_ns: int) -> int:
    """Two people instead of one, for a change that took so long."""
    return look_up(SPLIT, span_ns // 1_000_000)


def from_home(
    home: list[Product], weight_mg: int, noise_mg: int, doers: list[Doer], split: int = SPLIT[0][1]
) -> list[Option]:
    """What a lift can have been in every story alike: the products of that place, by whom, or something else. `split`
    as of `split_mnat`."""
    found = [Option((), SOMETHING_ELSE + max([doer.ratio_mnat for doer in doers], default=0), odd=True)]
    for item in weigh(home, weight_mg, noise_mg):
        found += _by_whom(item, doers, 0, ("", 0), weight_mg, split)
    return _likely(found)


def takes(
    story: Story, plate: str, home: list[Product], strays: list[Product], weight_mg: int, noise_mg: int,
    doers: list[Doer], alike: list[Option] | None = None,
) -> list[Option]:  # fmt: skip
    """Everything that a lift of `weight_mg` from `plate` can have been in this story; `alike` as of `from_home`."""
    options = list(from_home(home, weight_mg, noise_mg, doers) if alike is None else alike)
    if not story.laid.get(plate) and not story.strays.get(plate):
        return options
    for before_mg, owner in sorted(set(story.laid.get(plate, []))):
        fit = normal_mnat(before_mg - weight_mg, SCALE_MG * 2 + before_mg // 200, WRONG_WEIGHT)
        mine = [doer for doer in doers if doer.visit.id == owner]
        best = max([doer.ratio_mnat for doer in doers], default=0)
        ratio = mine[0].ratio_mnat if mine else best + NOT_MINE
        options.append(Option((), ratio + fit, laid_mg=-before_mg, laid_by=owner))
        rest = weight_mg - before_mg  # a hand that pressed lets go and takes something with it
        for item in weigh(home, rest, noise_mg) if rest > SCALE_MG * 4 else []:
            found = _by_whom(item, mine, PRESSED, ("", 0)) if mine else []
            options += [option._replace(laid_mg=-before_mg, laid_by=owner) for option in found]
    here = {sku: count for sku, count in story.strays.get(plate, {}).items() if count > 0}
    present = [product for product in strays if product.sku in here] if here else []
    for item in weigh_packs(story, on_plate(plate), present, here, weight_mg, noise_mg, 1):
        if len(item.parts) == 1:
            options += _by_whom(item, doers, STRAY, (item.parts[0][0], -1), weight_mg)
    return _likely(options)


def _likely(options: list[Option]) -> list[Option]:
    best_mnat = max(option.log_mnat for option in options)
    return [option for option in options if option.log_mnat > best_mnat - 14_000]


def _nobody(doers: list[Doer]) -> int:
    """Goods do not move by themselves: with somebody within a few steps a lost hand is likelier than a ghost."""
    if not doers:
        return 0
    return NOBODY if max(doer.ratio_mnat for doer in doers) < FAR_AWAY else NOBODY_ELSE


def _by_whom(
    item: Weighed,
    doers: list[Doer],
    prior: int,
    stray: tuple[str, int],
    lifted_mg: int = 0,
    split: int = SPLIT[0][1],
) -> list[Option]:
    felt_mg = lifted_mg if len(item.parts) == 1 and item.parts[0][1] == 1 else 0
    lost = tuple(Move(GONE, sku, count) for sku, count in item.parts)
    odd = item.log_mnat < ODD_FIT
    found = [Option(lost, item.log_mnat + prior + _nobody(doers), stray, odd=odd)]
    for doer in doers:
        moves = tuple(Move(doer.visit.id, sku, count) for sku, count in item.parts) if doer.pays else ()
        known_mg = felt_mg if moves else 0
        found.append(Option(moves, item.log_mnat + prior + doer.ratio_mnat, stray, felt_mg=known_mg, odd=odd))
    total = sum(count for _, count in item.parts)
    fit = item.log_mnat - (QUANTITY[2] if len(item.parts) == 1 else PAIR)
    if total == 2 and not stray[1] and fit > WRONG_WEIGHT * 3 // 4:
        first, second = item.parts[0][0], item.parts[-1][0]
        at_the_place = [doer for doer in doers if doer.beside_mnat >= MAY_BE_THERE]
        for one, other in combinations(at_the_place, 2):
            log = item.log_mnat - QUANTITY[2] + split + one.beside_mnat + other.beside_mnat
            log += 0 if first == second else -PAIR + QUANTITY[2] - 300
            for left, right in ((one, other),) if first == second else ((one, other), (other, one)):
                pairs = ((left, first), (right, second))
                found.append(Option(tuple(Move(d.visit.id, sku, 1) for d, sku in pairs if d.pays), log))
    return found


def puts(
    story: Story, plate: str, home: list[Product], products: dict[str, Product], weight_mg: int, noise_mg: int,
    doers: list[Doer], known: Known,
) -> list[Option]:  # fmt: skip
    """Everything that laying `weight_mg` on `plate` can have been in this story. `known` is of this grasp alone."""
    best = max([doer.ratio_mnat for doer in doers], default=0)
    foreign = Option((), NOT_SOLD, laid_mg=weight_mg, odd=True)
    options = [foreign._replace(log_mnat=NOT_SOLD + doer.ratio_mnat, laid_by=doer.visit.id) for doer in doers] or [
        foreign
    ]
    at_home = {product.sku for product in home}
    for doer in [doer for doer in doers if doer.pays]:
        cart = cart_key(story, doer.visit.id)
        if cart not in known:
            known[cart] = _own(story, doer, at_home, products, weight_mg, noise_mg)
        options += known[cart]
    if max((option.log_mnat for option in options if option.moves), default=WRONG_WEIGHT) < best + PASSED:
        options += _passed(story, plate, at_home, products, weight_mg, noise_mg, doers)
    for item in weigh(home, weight_mg, noise_mg)[:2]:
        staff = max([doer.ratio_mnat for doer in doers if not doer.pays], default=NO_STAFF)
        options.append(Option((), item.log_mnat + max(best + UNHELD, staff), odd=best + UNHELD > staff))
    return _likely(options)


def _own(
    story: Story, doer: Doer, at_home: set[str], products: dict[str, Product], weight_mg: int, noise_mg: int
) -> list[Option]:
    """Somebody lays down what is in the own cart."""
    held, found = story.held(doer.visit.id), []
    mine = [products[sku] for sku in sorted(held) if sku in products]
    for item in weigh_packs(story, doer.visit.id, mine, held, weight_mg, noise_mg):
        if any(count > held[sku] for sku, count in item.parts):
            continue
        away = [(sku, count) for sku, count in item.parts if sku not in at_home]
        log = item.log_mnat + doer.ratio_mnat + (MISPLACED if away else 0)
        moves = tuple(Move(doer.visit.id, sku, -count) for sku, count in item.parts)
        felt_mg = weight_mg if moves[0].quantity == -1 and len(moves) == 1 else 0
        stray = away[0] if len(away) == 1 else ("", 0)
        found.append(Option(moves, log, stray, felt_mg=felt_mg, odd=item.log_mnat < ODD_FIT))
    return found


def _passed(
    story: Story, plate: str, at_home: set[str], products: dict[str, Product], weight_mg: int, noise_mg: int,
    doers: list[Doer],
) -> list[Option]:  # fmt: skip
    """Somebody lays down a pack that in this story another one holds: it passed between them and nobody saw it."""
    found = []
    for doer in [doer for doer in doers if doer.pays and doer.ratio_mnat >= BOTH_THERE]:
        for holder in sorted(set(story.carts) - {doer.visit.id}):
            held = story.held(holder)
            theirs = [products[sku] for sku in sorted(held) if sku in products]
            for item in weigh_packs(story, holder, theirs, held, weight_mg, noise_mg, 1):
                sku, count = item.parts[0]
                if len(item.parts) == 1 and count == 1:
                    away = (sku, 1) if sku not in at_home else ("", 0)
                    log = item.log_mnat + doer.ratio_mnat + PASSED + (MISPLACED if away[1] else 0)
                    found.append(Option((Move(holder, sku, -1),), log, away, felt_mg=weight_mg))
    return found


def nothing(change_mg: int, noise_mg: int) -> Option:
    """A small change that was no goods at all."""
    log = normal_mnat(change_mg, max(CROSS_TALK_MG, noise_mg), WRONG_WEIGHT)
    return Option((), log, odd=log < ODD_FIT)


def leaning(story: Story, plate: str, change_mg: int, doers: list[Doer]) -> list[Option]:
    """A small change by a hand that rests on the plate, or that lets go of it."""
    if change_mg > 0:
        return [Option((), 0, laid_mg=change_mg, laid_by=doers[0].visit.id)] if doers else []
    known = [
        Option((), 0, laid_mg=-weight_mg, laid_by=owner)
        for weight_mg, owner in story.laid.get(plate, [])
        if abs(weight_mg + change_mg) <= LEANS_MG
    ]
    return known[-1:]
