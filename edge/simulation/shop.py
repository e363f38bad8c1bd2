"""A shop as the simulator builds it: goods, gondolas, plates, facings, the way in and out, and its store.toml.

Must not: hold anything that changes while people shop (world.py), or draw.
"""

from __future__ import annotations

import msgspec

PointMm = tuple[int, int, int]


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What is sold. `size_mm` is width and height of one pack; `tag` an EPC prefix, empty = no tag."""

    sku: str
    name: str
    price_minor: int
    weight_mg: int
    size_mm: tuple[int, int]
    tag: str = ""


class Facing(msgspec.Struct, frozen=True, kw_only=True):
    """A place for one product: `position_mm` is the middle of its front edge at board height."""

    id: str
    plate: str
    sku: str
    stock: int
    position_mm: PointMm
    watched: bool = False


class Plate(msgspec.Struct, frozen=True, kw_only=True):
    """One load cell of a gondola; `position_mm` is the middle of its board."""

    id: str
    gondola: str
    shelf: int
    index: int
    position_mm: PointMm


class Gondola(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf unit. `origin_mm` is the left end of its front as its shopper sees it, `along` points to the
    right from there and `out` from the shelf to the shopper (unit vectors on the floor)."""

    id: str
    origin_mm: tuple[int, int]
    along: tuple[int, int]
    out: tuple[int, int]
    width_mm: int
    depth_mm: int
    boards_mm: tuple[int, ...]

    def front(self, along_mm: int, out_mm: int) -> tuple[int, int]:
        """A place on the floor, measured along the front and out from it."""
        x = self.origin_mm[0] + self.along[0] * along_mm + self.out[0] * out_mm
        return x, self.origin_mm[1] + self.along[1] * along_mm + self.out[1] * out_mm


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """The whole plan. One way in and out (`gate_mm`), with the antennas of the portal beside it."""

    store_id: str
    name: str
    currency: str
    floor_mm: tuple[int, int, int, int]
    gate_mm: tuple[int, int]
    products: tuple[Product, ...]
    gondolas: tuple[Gondola, ...]
    plates: tuple[Plate, ...]
    facings: tuple[Facing, ...]

    def product(self, sku: str) -> Product:
        """By SKU; KeyError where the shop does not sell it."""
        return {row.sku: row for row in self.products}[sku]

    def facing(self, name: str) -> Facing:
        """By id; KeyError where there is none."""
        return {row.id: row for row in self.facings}[name]

    def plate(self, name: str) -> Plate:
        """By id; KeyError where there is none."""
        return {row.id: row for row in self.plates}[name]

    def gondola(self, name: str) -> Gondola:
        """By id; KeyError where there is none."""
        return {row.id: row for row in self.gondolas}[name]


def furnish(
    gondola: Gondola, shelves: tuple[tuple[str, ...], ...], stock: int, watched_shelf: int | None = None
) -> tuple[list[Plate], list[Facing]]:
    """Plates and facings of a gondola: `shelves[s][p]` is the product on plate p of shelf s, lowest shelf first.

    A plate of the watched shelf carries two facings of one pack each, others one facing of `stock` packs.
    """
    plates, facings = [], []
    for number, (row, height) in enumerate(zip(shelves, gondola.boards_mm, strict=True), start=1):
        pitch = gondola.width_mm // len(row)
        for index, sku in enumerate(row, start=1):
            middle = pitch * (index - 1) + pitch // 2
            plate = f"{gondola.id}-s{number}-p{index}"
            spot = (*gondola.front(middle, -gondola.depth_mm // 2), height)
            plates.append(Plate(id=plate, gondola=gondola.id, shelf=number, index=index, position_mm=spot))
            watched = number == watched_shelf
            for side, at_mm in enumerate((middle - pitch // 4, middle + pitch // 4) if watched else (middle,)):
                name = f"{gondola.id}-s{number}-f{2 * index - 1 + side}" if watched else f"{plate}-f1"
                facings.append(
                    Facing(
                        id=name,
                        plate=plate,
                        sku=sku,
                        stock=1 if watched else stock,
                        position_mm=(*gondola.front(at_mm, 0), height),
                        watched=watched,
                    )
                )
    return plates, facings


def store_text(shop: Shop, boxes_px: dict[str, tuple[int, int, int, int]], note: str = "") -> str:
    """The store.toml of a shop; `boxes_px` says where the shelf camera sees each watched facing."""
    out = [f"# {line}" for line in note.splitlines()]
    out += [
        "[store]",
        f'id = "{shop.store_id}"',
        f'name = "{shop.name}"',
        f'currency = "{shop.currency}"',
        f"floor_mm = {list(shop.floor_mm)}",
    ]
    for product in shop.products:
        out += ["", "[[product]]", f'sku = "{product.sku}"', f'name = "{product.name}"']
        out += [f"price_minor = {product.price_minor}", f"weight_mg = {product.weight_mg}"]
        out += [f'epc = "{product.tag}"'] if product.tag else []
    for camera, role in (("shelfcam", "shelf"), ("gatecam", "gate")):
        out += ["", "[[camera]]", f'id = "{camera}"', f'role = "{role}"', "rate_hz = 10"]
    out += ["", "[[door]]", 'id = "gate"', 'cameras = ["gatecam"]', f"position_mm = {list(shop.gate_mm)}"]
    out += ["", "[[rfid_reader]]", 'id = "portal"', "portal_antennas = [1, 2]"]
    for gondola in shop.gondolas:
        out += ["", "[[scale]]", f'id = "scale-{gondola.id}"', f'gondola = "{gondola.id}"']
    for plate in shop.plates:
        skus = sorted({facing.sku for facing in shop.facings if facing.plate == plate.id})
        out += ["", "[[plate]]", f'id = "{plate.id}"', f'gondola = "{plate.gondola}"', f"shelf = {plate.shelf}"]
        out += [f"index = {plate.index}", f"skus = {_list(skus)}", f"position_mm = {list(plate.position_mm)}"]
    for facing in shop.facings:
        if facing.id in boxes_px:
            out += ["", "[[slot]]", f'id = "{facing.id}"', 'camera = "shelfcam"']
            out += [f"box_px = {list(boxes_px[facing.id])}", f'sku = "{facing.sku}"', f"count = {facing.stock}"]
            out += [f"plates = {_list([facing.plate])}", f"position_mm = {list(facing.position_mm)}"]
    return "\n".join(out) + "\n"


def _list(names: list[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
