"""Where each product stands: look-ups from plate, slot and tag to product. Must not: follow events."""

from __future__ import annotations

from math import isqrt

from edge.core.events import PointMm
from edge.core.layout import Layout, Plate, Product, Slot
from edge.core.target import UNIT, Target
from edge.core.trails import distance3

CELL_MM = 50
FAR_SQUARE = 10**18  # where there are no shelves
ROW_MM = 60  # slots at one height stand on one board


class Planogram:
    """Look-ups over a layout, made once."""

    def __init__(self, layout: Layout) -> None:
        self.products: dict[str, Product] = {product.sku: product for product in layout.products}
        self.plates: dict[str, Plate] = {plate.id: plate for plate in layout.plates}
        self.slots: dict[str, Slot] = {slot.id: slot for slot in layout.slots}
        known = [*(plate.position_mm for plate in layout.plates), *(slot.position_mm for slot in layout.slots)]
        self._nearest: dict[tuple[int, int], int] = {}  # cell -> squared mm to the nearest plate or slot
        self._shared: dict[str, frozenset[str]] = {}
        self.spots: list[tuple[int, int]] = sorted({place[:2] for place in known if place is not None})
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

    def has_siblings(self, plate: str) -> bool:
        """True if a product of this plate presses on another plate too."""
        return len(self._sharing(plate)) > 1

    def neighbours(self, plate: str) -> set[str]:
        """The plates left and right of one on its shelf."""
        known = self.plates.get(plate)
        return {
            other.id
            for other in self.plates.values()
            if known is not None
            and (other.gondola, other.shelf) == (known.gondola, known.shelf)
            and abs(other.index - known.index) == 1
        }

    def target_of(self, plates: list[str]) -> Target | None:
        """Where a hand has to be for a change on these plates: between what changed and the middle of the facing."""
        changed = [place for plate in plates if (place := self.place_of(plate)) is not None]
        if not changed:
            return None
        sharing = frozenset[str]().union(*(self._sharing(plate) for plate in plates))
        facing = [
            plate.position_mm for plate in self.plates.values() if plate.position_mm is not None and plate.id in sharing
        ]
        along, pitch_mm = self._row_of(plates[0])
        wide_mm = distance3(facing[0], facing[-1]) + pitch_mm
        one, other = _mean(changed), _mean(facing)
        middle = ((one[0] + other[0]) // 2, (one[1] + other[1]) // 2, (one[2] + other[2]) // 2)
        return Target(middle, along, wide_mm)

    def _row_of(self, plate: str) -> tuple[tuple[int, int] | None, int]:
        """How the shelf of a plate runs, and the distance of its plates; (None, 0) where it has one plate."""
        known = self.plates[plate]
        row = sorted(
            (other.index, other.position_mm)
            for other in self.plates.values()
            if (other.gondola, other.shelf) == (known.gondola, known.shelf) and other.position_mm is not None
        )
        if len(row) < 2:
            return None, 0
        return direction(row[0][1], row[-1][1]), distance3(row[0][1], row[1][1])

    def target_of_slot(self, slot: Slot) -> Target | None:
        """Where a hand has to be for a change in a slot; its row is the slots of that camera at its height."""
        if slot.position_mm is None:
            return None
        x, y, z = slot.position_mm
        row = [
            other.position_mm
            for other in self.slots.values()
            if other.camera == slot.camera and other.position_mm is not None and abs(other.position_mm[2] - z) <= ROW_MM
        ]
        far = max(row, key=lambda place: (distance3(place, slot.position_mm or place), place))
        near = [distance3(place, slot.position_mm) for place in row if place != slot.position_mm]
        return Target(slot.position_mm, direction((x, y, z), far), min(near, default=0))

    def is_free(self, place: PointMm, room_mm: int) -> bool:
        """True if no plate or slot is within `room_mm` of a place, seen from above; judged in cells of `CELL_MM`."""
        cell = (place[0] // CELL_MM, place[1] // CELL_MM)
        nearest = self._nearest.get(cell)
        if nearest is None:
            x, y = (number * CELL_MM + CELL_MM // 2 for number in cell)
            found = min(((x - spot[0]) ** 2 + (y - spot[1]) ** 2 for spot in self.spots), default=FAR_SQUARE)
            nearest = self._nearest[cell] = found
        return nearest >= (room_mm + 1) ** 2

    def share(self, one: str, other: str) -> bool:
        """True if one product may press on both plates: the same plate, or same shelf and a product in common."""
        return one == other or other in self._sharing(one)

    def _sharing(self, plate: str) -> frozenset[str]:
        """A plate and those beside it that one of its products presses on too; a layout does not change."""
        known = self._shared.get(plate)
        if known is None:
            mine = self.plates.get(plate)
            known = self._shared[plate] = frozenset(
                other.id
                for other in self.plates.values()
                if mine is not None
                and (other.gondola, other.shelf) == (mine.gondola, mine.shelf)
                and (other is mine or not set(other.skus).isdisjoint(mine.skus))
            )
        return known

    def sku_of_tag(self, epc: str) -> str | None:
        """Product of a tag by its longest known EPC prefix."""
        for prefix, sku in self._tags:
            if epc.startswith(prefix):
                return sku
        return None


def direction(start: PointMm, end: PointMm) -> tuple[int, int] | None:
    """The way from one place to another on the floor plan, `UNIT` long; None where they are one place."""
    x, y = end[0] - start[0], end[1] - start[1]
    length = isqrt(x * x + y * y)
    return (x * UNIT // length, y * UNIT // length) if length else None


def _mean(places: list[PointMm]) -> PointMm:
    x, y, z = (sum(axis) // len(places) for axis in zip(*places, strict=True))
    return x, y, z
