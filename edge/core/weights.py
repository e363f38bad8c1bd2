"""What products really weigh: the catalogue may be wrong, and two equal surprises on one plate say so.

A wrong weight is used from then on and reported, so that somebody corrects the catalogue. Must not: believe one
surprise alone, or a plate on which several products stand.
"""

from __future__ import annotations

from typing import Final

import msgspec

from edge.core.hypotheses import speak
from edge.core.layout import Product
from edge.core.shop import Shop, Surprise
from edge.core.weighing import WRONG_WEIGHT, weigh

AGREE_PPM: Final = 40_000
KEPT: Final = 8
MISFIT_MNAT: Final = WRONG_WEIGHT + 2_000


def known(shop: Shop, products: list[Product]) -> list[Product]:
    """Products with the weights that were learned in place of the catalogue's."""
    learned = shop.state.learned
    return [
        msgspec.structs.replace(product, weight_mg=learned[product.sku]) if product.sku in learned else product
        for product in products
    ]


def learn(shop: Shop, grasp: str, plate: str, products: list[Product], weight_mg: int, at_ns: int) -> None:
    """Note a lift that nothing explains; where an earlier one was alike, the product weighs that much."""
    if len(products) != 1 or not products[0].weight_mg or shop.state.stories[0].strays.get(plate):
        return
    if weigh(known(shop, products), weight_mg, 0)[0].log_mnat > MISFIT_MNAT:
        return
    sku = products[0].sku
    alike = [
        surprise
        for surprise in shop.state.surprises
        if surprise.sku == sku and abs(surprise.weight_mg - weight_mg) * 1_000_000 <= weight_mg * AGREE_PPM
    ]
    shop.state.surprises = [*shop.state.surprises, Surprise(sku=sku, grasp=grasp, weight_mg=weight_mg)][-KEPT:]
    if not alike:
        return
    mean = (weight_mg + sum(surprise.weight_mg for surprise in alike)) // (1 + len(alike))
    shop.state.learned[sku] = mean
    detail = f"{sku} weighs {mean // 1000} g here, the catalogue says {products[0].weight_mg // 1000} g; correct it"
    shop.order(*shop.state.alarms.mention("wrong-weight", plate, detail, at_ns))
    for surprise in alike:  # what was doubtful about the earlier ones is explained now
        said = [
            0
            if any(move.sku == sku and move.quantity == 1 for move in story.trace.get(surprise.grasp, []))
            else WRONG_WEIGHT
            for story in shop.state.stories
        ]
        if any(said) and not all(said):
            shop.state.stories = speak(shop.state.stories, said)
