"""What a product's pack looks like: its form, size, colours and words, drawn from the planogram's seed.

Neighbours are now and then flavours of one brand: the same pack in another colour. Must not: draw anything.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge.simulation.plan import DEPTH_MM, Facing, Plan

Form = Literal["box", "can", "bottle", "bag", "jar"]
FORMS: tuple[Form, ...] = ("box", "can", "bottle", "bag", "jar")
SIZES_MM: dict[Form, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {  # width, depth, height
    "box": ((70, 150), (38, 80), (120, 220)),
    "can": ((62, 76), (62, 76), (95, 170)),
    "bottle": ((60, 88), (60, 88), (180, 245)),
    "bag": ((90, 165), (45, 80), (130, 225)),
    "jar": ((66, 95), (66, 95), (90, 150)),
}
ROUND = ("can", "bottle", "jar")
GAP_MM, SIDE_MM, HEADROOM_MM = 4.0, 5.0, 70.0
FLAVOUR_OF_BRAND = 0.3
SYLLABLES = ("ka", "mo", "lin", "ta", "ver", "so", "ri", "bel", "no", "pa", "du", "mi", "zen", "or", "fa", "lu")
KINDS = ("OAT", "BARLEY", "GINGER", "PLUM", "SESAME", "CITRON", "MATCHA", "CACAO", "HONEY", "SEA SALT", "PEAR", "CORN")


@dataclass(frozen=True)
class PackLook:
    """Colours are hue, saturation, value in 0..1; `layout` picks one of the drawn designs."""

    sku: str
    form: Form
    size_mm: tuple[float, float, float]  # width, depth, height
    ground: tuple[float, float, float]
    accent: tuple[float, float, float]
    layout: int
    brand: str
    kind: str
    gloss: float


def draw_looks(plan: Plan, seed: int) -> dict[str, PackLook]:
    """The look of every product of a shop; each fits its facing with all of its stock."""
    found: dict[str, PackLook] = {}
    before: PackLook | None = None
    for facing in plan.facings:
        rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(f"look {facing.sku}".encode())]))
        brother = before if before is not None and rng.random() < FLAVOUR_OF_BRAND else None
        look = _draw(plan, facing, brother, rng)
        found.setdefault(facing.sku, look)
        before = found[facing.sku]
    return found


def _draw(plan: Plan, facing: Facing, brother: PackLook | None, rng: np.random.Generator) -> PackLook:
    form = brother.form if brother else FORMS[int(rng.choice(5, p=(0.34, 0.16, 0.2, 0.16, 0.14)))]
    ground = (float(rng.random()), float(rng.uniform(0.15, 0.9)), float(rng.uniform(0.45, 0.95)))
    accent = ((ground[0] + float(rng.uniform(0.25, 0.75))) % 1.0, float(rng.uniform(0.3, 0.95)), 0.9)
    brand = "".join(rng.choice(SYLLABLES, int(rng.integers(2, 4)))).upper()
    layout = int(rng.integers(6))
    wish = [float(rng.uniform(*span)) for span in SIZES_MM[form]]
    kind = str(rng.choice(KINDS))
    gloss = float(rng.uniform(0.02, 0.25))
    if brother is not None:
        ground, layout, brand, gloss = brother.ground, brother.layout, brother.brand, brother.gloss
        wish = list(brother.size_mm)
    return PackLook(facing.sku, form, _fit(plan, facing, form, wish), ground, accent, layout, brand, kind, gloss)


def _fit(plan: Plan, facing: Facing, form: Form, wish: list[float]) -> tuple[float, float, float]:
    """Small enough for the facing, the board above, and all of the stock in rows one behind the other."""
    wide = min(wish[0], facing.width_mm - 2 * SIDE_MM)
    tall = min(wish[2], headroom_mm(facing) - HEADROOM_MM)
    deep = wide if form in ROUND else wish[1]
    most = max(facing.stock, max(row.stock for row in plan.facings if row.sku == facing.sku))
    columns = columns_of(facing, wide)
    rows = -(-most // columns)
    room = DEPTH_MM / rows - GAP_MM
    if form in ROUND and deep > room:
        wide = deep = room
    return wide, min(deep, room), tall


def printed_name(look: PackLook) -> str:
    """The words on a pack, as a price list has them."""
    return f"{look.brand.title()} {look.kind.lower()}"


def columns_of(facing: Facing, wide_mm: float) -> int:
    """How many packs stand side by side."""
    return max(1, int((facing.width_mm - SIDE_MM) // (wide_mm + GAP_MM)))


def headroom_mm(facing: Facing) -> float:
    """Free height over a board; the top board ends under the header."""
    boards = facing.gondola.boards_mm
    return boards[facing.shelf] - boards[facing.shelf - 1] - 25 if facing.shelf < len(boards) else 330.0
