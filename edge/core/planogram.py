"""Where each product stands: look-ups from plate, slot and tag to product. Must not: follow events."""

from __future__ import annotations

from edge.core.events import PointMm
from edge.core.layout import Layout, Plate, Product, Slot


class Planogram:
    """Look-ups over a layout, made once."""

    def __init__(self, layout: Layout) -> None:
        self.products: dict[str, Product] = {product.sku: product for product in layout.products}
        self.plates: dict[str, Plate] = {plate.id: plate for plate in layout.plates}
        self.slots: dict[str, Slot] = {slot.id: slot for slot in layout.slots}
        self._tags = sorted(
            ((epc, product.sku) for product in layout.products for epc in product.epcs),
            key=lambda tag: (-len(tag[0]), tag[0]),
        )

    def on_plates(self, plates: list[str]) -> list[Product]:
        """Products that stand on any of these plates, each once, in planogram order."""
        skus: list[str] = []
        for plate in plates:
            known = self.plates.get(plate)
            skus += [sku for sku in (known.skus if known else ()) if sku not in skus]
        return [self.products[sku] for sku in skus]

    def place_of(self, plate: str) -> PointMm | None:
        """Where a plate is, if the layout says so."""
        known = self.plates.get(plate)
        return known.position_mm if known else None

    def share(self, one: str, other: str) -> bool:
        """True if one product may press on both plates: the same plate, or same shelf and a product in common."""
        a, b = self.plates.get(one), self.plates.get(other)
        if one == other or a is None or b is None:
            return one == other
        return (a.gondola, a.shelf) == (b.gondola, b.shelf) and bool(set(a.skus) & set(b.skus))

    def sku_of_tag(self, epc: str) -> str | None:
        """Product of a tag by its longest known EPC prefix."""
        for prefix, sku in self._tags:
            if epc.startswith(prefix):
                return sku
        return None
