"""From stories to lines: what is likely enough is charged, what is unclear goes to review, the rest is left out.

The limit follows from costs: with an overcharge c times as bad as an undercharge, a unit is charged where the stories
give it at least c / (c + 1). Must not: price anything.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from edge.core.hypotheses import LOOSE, Story, at_least_ppm

SURE_PPM: Final = 999_500  # nothing is ever claimed to be surer
UNLIKELY_PPM: Final = 300_000  # below this a unit is not even worth a person's look


class Rival(NamedTuple):
    """The best explanation in which a line is not owed. `margin_ppm`: by how much it is less likely than the best one
    in which it is, as a share of that one. `instead` says where the goods are in it."""

    margin_ppm: int
    instead: str


class Item(NamedTuple):
    """Some units of one product in one cart."""

    sku: str
    quantity: int
    status: Literal["charged", "review"]
    confidence_ppm: int


def items(stories: list[Story], visit: str, charge_from_ppm: int, mixed_ppm: int = 0) -> list[Item]:
    """The likely content of a cart, charged part and doubtful part, by product. `mixed_ppm`: the chance that its
    bearer was mixed up with somebody."""
    found = []
    for sku, chances in at_least_ppm(stories, visit).items():
        capped = [min(SURE_PPM, chance) * (1_000_000 - mixed_ppm) // 1_000_000 for chance in chances]
        sure = [chance for chance in capped if chance >= charge_from_ppm]
        unclear = [chance for chance in capped if UNLIKELY_PPM <= chance < charge_from_ppm]
        if sure:
            found.append(Item(sku, len(sure), "charged", sure[-1]))
        if unclear:
            found.append(Item(sku, len(unclear), "review", unclear[-1]))
    return found


def rival(stories: list[Story], visit: str, sku: str, quantity: int) -> Rival:
    """The likeliest story in which the visit has fewer than `quantity` of a product, beside the likeliest other one."""
    having = [story for story in stories if story.held(visit).get(sku, 0) >= quantity]
    lacking = [story for story in stories if story.held(visit).get(sku, 0) < quantity]
    if not having or not lacking:
        return Rival(1_000_000 if having else 0, "")
    best, other = having[0], lacking[0]
    margin = max(0, best.weight - other.weight) * 1_000_000 // max(1, best.weight)
    return Rival(margin, _instead(best, other, visit, sku))


def _instead(best: Story, other: Story, visit: str, sku: str) -> str:
    for name in sorted(other.carts):
        if name != visit and other.held(name).get(sku, 0) > best.held(name).get(sku, 0):
            return "left inside" if name == LOOSE else f"with {name}"
    moved = [name for name in sorted(other.held(visit)) if other.held(visit)[name] > best.held(visit).get(name, 0)]
    return f"it was {moved[0]}" if moved else "not taken"
