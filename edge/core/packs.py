"""Which pack it is: a scale feels a pack to a gram or two, packs of one product differ by more than that.

What was felt when a pack was lifted tells it again when it is put back, and tells a misplaced pack from stock.
Must not: weigh explanations against each other; it only remembers weights. They may be fewer than the pieces of a cart.
"""

from __future__ import annotations

from typing import Final, NamedTuple

KEPT: Final = 8  # of one product and holder


class Move(NamedTuple):
    """One unit-kind that changed hands: `quantity` > 0 came into the cart of `visit`, < 0 went out of it."""

    visit: str
    sku: str
    quantity: int


Packs = dict[str, dict[str, tuple[int, ...]]]  # holder (visit, or a plate as `on_plate`) -> product -> mg, newest last


def on_plate(plate: str) -> str:
    """The holder of packs that stand on a plate they do not belong to."""
    return f"@{plate}"


def known(packs: Packs, holder: str, sku: str) -> tuple[int, ...]:
    """The weights that were felt of the pieces which somebody holds."""
    return packs.get(holder, {}).get(sku, ())


def follow(packs: Packs, plate: str, moves: tuple[Move, ...], stray: tuple[str, int], felt_mg: int) -> Packs:
    """The weights after some moves at a plate ("" = from hand to hand). `felt_mg` is of the one piece that moved, 0 =
    nothing was felt of it alone; then a pack keeps the weight that it had where it came from."""
    if not packs and not felt_mg:
        return packs
    found = dict(packs)
    came: list[int] = []
    if stray[1] < 0:
        came += _give(found, on_plate(plate), stray[0], felt_mg)
    for move in moves:
        for _ in range(-move.quantity):
            came += _give(found, move.visit, move.sku, felt_mg)
    if stray[1] > 0:
        _take(found, on_plate(plate), stray[0], felt_mg or max(came, default=0))
    for move in moves:
        if move.quantity == 1:
            from_hand = 0 if plate and stray[1] >= 0 else max(came, default=0)
            _take(found, move.visit, move.sku, felt_mg or from_hand)
    return found


def _give(packs: Packs, holder: str, sku: str, felt_mg: int) -> list[int]:
    """The piece nearest to what was felt goes; the newest one where nothing was felt."""
    rows = known(packs, holder, sku)
    if not rows:
        return []
    gone = min(rows, key=lambda row: abs(row - felt_mg)) if felt_mg else rows[-1]
    left = list(rows)
    left.remove(gone)
    packs[holder] = {**packs[holder], sku: tuple(left)}
    return [gone]


def _take(packs: Packs, holder: str, sku: str, weight_mg: int) -> None:
    if weight_mg:
        packs[holder] = {**packs.get(holder, {}), sku: (*known(packs, holder, sku), weight_mg)[-KEPT:]}
