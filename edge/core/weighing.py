"""Which products would move a plate like that: weights of the price list, of packs that were felt before, and noise.

Must not: know who took something, or where it stands.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import Final, NamedTuple

from edge.core.chance import ln_mnat
from edge.core.hypotheses import Story
from edge.core.layout import Product
from edge.core.packs import known

# Priors, in thousandths of a nat.
QUANTITY: Final = (0, 0, -1_200, -2_400, -3_200, -4_000, -4_800)  # by quantity of one product in one grasp
PAIR: Final = -2_300  # one each of two products in one grasp
WRONG_WEIGHT: Final = -9_500  # the worst that a scale says against a product
ODD_STEP: Final = -3_000  # one step in twenty is off by more: a touch, drift, the zero of a plate
ODD_AGAIN: Final = -2_000  # of two feelings of one pack either can have been off
DRIFT_MG: Final = 12_000
LIST_SPREAD_PPM: Final = 13_000  # a price list is off by about as much,
PACK_SPREAD_PPM: Final = 10_000  # and packs of one product differ by about one per cent
FELT_SPREAD_PPM: Final = 8_000  # a scale feels one pack twice with this difference (68 of 100 are nearer)
SCALE_MG: Final = 1_200
USUAL_MG: Final = 5_000  # the spread for which a perfect fit counts nothing; a narrower one is worth more
OPTIONS_MAX: Final = 14
PAIRS_MAX: Final = 12  # products on a plate for which pairs are tried

Parts = tuple[tuple[str, int], ...]


class Weighed(NamedTuple):
    """Products that would move the plate like this."""

    parts: Parts
    log_mnat: int


def _fit(weight_mg: int, expected_mg: int, pieces: int, noise_mg: int) -> int:
    """How well a change fits that many pieces of what the price list says."""
    return normal_weight_mnat(weight_mg - expected_mg, listed_variance(expected_mg, pieces), noise_mg)


def listed_variance(expected_mg: int, pieces: int) -> int:
    """Variance of so many pieces about what the price list says of them together."""
    listed, pack = (expected_mg * ppm // 1_000_000 for ppm in (LIST_SPREAD_PPM, PACK_SPREAD_PPM))
    return listed * listed + pack * pack // max(1, pieces)


def felt_variance(weight_mg: int) -> int:
    """Variance of a pack about what a scale felt of it before."""
    spread = weight_mg * FELT_SPREAD_PPM // 1_000_000
    return spread * spread


def normal_weight_mnat(error_mg: int, variance: int, noise_mg: int, odd_mnat: int = ODD_STEP) -> int:
    """Log-density of an error, relative to the peak of a spread of `USUAL_MG`; now and then a step is off by more."""
    variance += noise_mg * noise_mg + SCALE_MG * SCALE_MG
    wide = variance + DRIFT_MG * DRIFT_MG
    squared = error_mg * error_mg * 500
    near, odd = (USUAL_LN - ln_mnat(spread) // 2 - squared // spread for spread in (variance, wide))
    return max(WRONG_WEIGHT, near, odd_mnat + odd)


USUAL_LN: Final = ln_mnat(USUAL_MG * USUAL_MG) // 2


def weigh(products: list[Product], weight_mg: int, noise_mg: int, most: int = 6) -> list[Weighed]:
    """Products and quantities for a positive weight, likeliest first. Products without a weight fit anything, badly."""
    return _weigh(tuple((product.sku, product.weight_mg) for product in products), weight_mg, noise_mg, most)


@lru_cache(maxsize=512)  # the stories of one grasp ask the same again and again
def _weigh(products: tuple[tuple[str, int | None], ...], weight_mg: int, noise_mg: int, most: int) -> list[Weighed]:
    found = []
    weighed = [(sku, each) for sku, each in products if each]
    for sku, each in weighed:
        nearest = max(1, min(most, (weight_mg + each // 2) // each))
        for quantity in sorted({max(1, nearest - 1), nearest, min(most, nearest + 1)}):
            fit = _fit(weight_mg, quantity * each, quantity, noise_mg)
            found.append(Weighed(((sku, quantity),), fit + QUANTITY[min(quantity, len(QUANTITY) - 1)]))
    for (sku, each), (other, other_each) in combinations(weighed[:PAIRS_MAX], 2):
        fit = _fit(weight_mg, each + other_each, 2, noise_mg)
        if fit > WRONG_WEIGHT // 2:
            found.append(Weighed(((sku, 1), (other, 1)), fit + PAIR))
    silent = [sku for sku, each in products if not each]
    found += [Weighed(((sku, 1),), -2_500 if weighed else 0) for sku in silent]
    return sorted(found, key=lambda item: (-item.log_mnat, item.parts))[:OPTIONS_MAX]


def weigh_packs(
    story: Story, holder: str, products: list[Product], counts: dict[str, int], weight_mg: int, noise_mg: int,
    most: int = 6,
) -> list[Weighed]:  # fmt: skip
    """As `weigh`, of pieces that somebody holds or that stand somewhere: a piece that was felt before is known again.
    What the price list says of it counts only where not all of the pieces were felt."""
    if not products:
        return []
    found = {item.parts: item.log_mnat for item in weigh(products, weight_mg, noise_mg, most)}
    for product in products:
        felt = known(story.packs, holder, product.sku)
        if felt:
            parts = ((product.sku, 1),)
            again = max(
                normal_weight_mnat(weight_mg - pack_mg, felt_variance(pack_mg), noise_mg, ODD_AGAIN) for pack_mg in felt
            )
            partly = len(felt) < counts[product.sku]
            found[parts] = max(again, found.get(parts, WRONG_WEIGHT)) if partly else again
    return [Weighed(parts, log_mnat) for parts, log_mnat in found.items()]
