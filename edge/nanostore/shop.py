"""Products and planogram of a case -> the shop's store.toml.

Plate ids are `g1-s5-p11` (gondola, shelf, plate). A plate's `position_mm` is the middle of its surface.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from edge.core.errors import BadInput
from edge.core.events import PointMm
from edge.form_problems import listed
from edge.nanostore.forms import Box, Facing, PlateId, ProductRow
from edge.nanostore.lines import need, rows

Key: TypeAlias = tuple[int, int, int]  # gondola, shelf, plate

STORE_ID = "nanostore"
CURRENCY = "USD"
MARGIN_MM = 500  # around everything on the plan


def sku_of(barcode: str) -> str:
    """A barcode as a SKU; signs that a SKU cannot have (a few rows hold two barcodes) become `_`."""
    return re.sub(r"[^A-Za-z0-9.:+-]", "_", barcode.strip())


def plate_name(key: Key) -> str:
    """`g1-s5-p11`."""
    return f"g{key[0]}-s{key[1]}-p{key[2]}"


class Shop:
    """What a case says about its shop. `notices` are the rows that were left out, for people.

    Raises BadInput for missing or broken files, and with all lines that cannot be: a negative weight or price, a
    facing on plates of two gondolas. Several products on one plate can be, they are told apart by weight.
    """

    def __init__(self, folder: Path) -> None:
        self.notices: list[str] = []
        self._problems: list[str] = []
        self.names: dict[str, str] = {}
        self.price_minor: dict[str, int | None] = {}
        self.weight_mg: dict[str, int | None] = {}
        self.skus: dict[Key, list[str]] = {}
        self.positions: dict[Key, PointMm] = {}
        for line, row in rows(need(folder, "products"), ProductRow, self._problems):
            self._product(str(line), row)
        for line, facing in rows(need(folder, "planogram"), Facing, self._problems):
            self._facing(str(line), facing)
        if self._problems:
            raise BadInput(str(folder), f"products or planogram have mistakes; {listed(self._problems)}; correct them")

    def _product(self, line: str, row: ProductRow) -> None:
        sku = sku_of(row.product_id.id)
        if not sku or not sku[0].isalnum():
            self.notices.append(f"{line}: a product without barcode is left out")
            return
        price, weight = row.metadata.price, row.metadata.weight
        for what, value in (("price", price), ("weight", weight)):
            if value is not None and value < 0:
                self._problems.append(f"{line}: {what} is {value}, below 0")
        self.names[sku] = row.metadata.name.strip() or sku
        self.price_minor[sku] = round(price * 100) if price is not None and price >= 0 else None
        self.weight_mg[sku] = (round(weight * 1000) or None) if weight is not None and weight > 0 else None

    def _facing(self, line: str, facing: Facing) -> None:
        sku = sku_of(facing.planogram_product_id.id)
        keys = [_key(plate) for plate in facing.plate_ids]
        if len({key[0] for key in keys}) > 1:
            names = ", ".join(plate_name(key) for key in keys)
            self._problems.append(f"{line}: a facing stands on plates of two gondolas ({names})")
        if facing.global_coordinates is not None:
            self._place(keys, facing.global_coordinates)
        if sku not in self.names:
            what = f"product {sku!r} is not in the product table" if sku else "no product is named"
            self.notices.append(f"{line}: {what}; the row is left out")
            return
        for key in keys:
            known = self.skus.setdefault(key, [])
            if known and sku not in known:
                self.notices.append(f"{line}: plate {plate_name(key)} holds {', '.join(known)} already; they share it")
            if sku not in known:
                known.append(sku)

    def _place(self, keys: list[Key], box: Box) -> None:
        if not keys:
            return
        first = min(key[2] for key in keys)
        pitch = box.dim_x / (max(key[2] for key in keys) - first + 1)
        for key in keys:
            self.positions.setdefault(key, _middle(box, (key[2] - first + 0.5) * pitch))

    def as_toml(self, measured: Iterable[Key], walked: Iterable[tuple[int, int]] = ()) -> str:
        """The text of store.toml. `measured` are plates that gave samples, `walked` are places where people were."""
        plates = sorted(set(measured) | set(self.skus) | set(self.positions))
        floor = _bounds([*walked, *((x, y) for x, y, _ in self.positions.values())])
        parts = [
            "# Made from a case in the AutoCheckout form.",
            f"[store]\nid = {_text(STORE_ID)}\ncurrency = {_text(CURRENCY)}\nname = {_text('NanoStore')}{floor}",
            '[visits]\nopen_on = "track"',
        ]
        parts += [f"[[product]]\n{self._product_table(sku)}" for sku in self.names]
        parts += [
            f"[[scale]]\nid = {_text(f'g{g}')}\ngondola = {_text(f'g{g}')}" for g in sorted({k[0] for k in plates})
        ]
        parts += [f"[[plate]]\n{self._plate_table(key)}" for key in plates]
        return "\n\n".join(parts) + "\n"

    def _product_table(self, sku: str) -> str:
        lines = [f"sku = {_text(sku)}", f"name = {_text(self.names[sku])}"]
        lines += [f"price_minor = {self.price_minor[sku]}"] if self.price_minor[sku] is not None else []
        lines += [f"weight_mg = {self.weight_mg[sku]}"] if self.weight_mg[sku] is not None else []
        return "\n".join(lines)

    def _plate_table(self, key: Key) -> str:
        gondola, shelf, index = key
        lines = [f"id = {_text(plate_name(key))}", f"gondola = {_text(f'g{gondola}')}"]
        lines += [f"shelf = {shelf}", f"index = {index}", f"skus = {json.dumps(self.skus.get(key, []))}"]
        lines += [f"position_mm = {list(self.positions[key])}"] if key in self.positions else []
        return "\n".join(lines)


def _key(plate: PlateId) -> Key:
    return plate.shelf_id.gondola_id.id, plate.shelf_id.shelf_index, plate.plate_index


def _middle(box: Box, along_m: float) -> PointMm:
    """Middle of a plate that lies `along_m` from the left end of a box, turned about z as the box is."""
    moved, turn = box.transform.translation, box.transform.rotation.z
    deep_m = box.dim_y / 2
    x = moved.x + along_m * math.cos(turn) - deep_m * math.sin(turn)
    y = moved.y + along_m * math.sin(turn) + deep_m * math.cos(turn)
    return round(x * 1000), round(y * 1000), round(moved.z * 1000)


def _bounds(places: list[tuple[int, int]]) -> str:
    if not places:
        return ""
    xs, ys = [x for x, _ in places], [y for _, y in places]
    box = [min(xs) - MARGIN_MM, min(ys) - MARGIN_MM, max(xs) + MARGIN_MM, max(ys) + MARGIN_MM]
    return f"\nfloor_mm = {box}"


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but TOML also forbids a bare DEL."""
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
