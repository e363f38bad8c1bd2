"""From stories to lines: what is likely enough is charged, what is unclear goes to review, the rest is left out.

The limit follows from costs: with an overcharge c times as bad as an undercharge, a unit is charged where the stories
give it at least c / (c + 1). Must not: price anything.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from edge.core.hypotheses import Story, at_least_ppm

SURE_PPM: Final = 999_500  # nothing is ever claimed to be surer
UNLIKELY_PPM: Final = 300_000  # below this a unit is not even worth a person's look


class Item(NamedTuple):
    """Some units of one product in one cart."""

    sku: str
    quantity: int
    status: Literal["charged", "review"]
    confidence_ppm: int


def items(stories: list[Story], visit: str, charge_from_ppm: int) -> list[Item]:
    """The likely content of a cart, charged part and doubtful part, by product."""
    found = []
    for sku, chances in at_least_ppm(stories, visit).items():
        capped = [min(SURE_PPM, chance) for chance in chances]
        sure = [chance for chance in capped if chance >= charge_from_ppm]
        unclear = [chance for chance in capped if UNLIKELY_PPM <= chance < charge_from_ppm]
        if sure:
            found.append(Item(sku, len(sure), "charged", sure[-1]))
        if unclear:
            found.append(Item(sku, len(unclear), "review", unclear[-1]))
    return found
