"""What the lines of a case look like. Fields that the form leaves out when they are zero have defaults.

Lengths of the planogram are metres, those of the tracker inches; both have the same origin and axes: x along
the shelves, y into them, z up (checked on a real case: the hand is at the plate when its weight changes).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

# Beyond these a number is a broken line, and would not survive being counted in milligrams and millimetres.
Sane: TypeAlias = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all forms; keys that are not named here are ignored."""


class Gondola(Form, frozen=True, kw_only=True):
    """Number of a gondola, from 1."""

    id: Count = 0


class ShelfId(Form, frozen=True, kw_only=True):
    """A shelf of a gondola, from 1, bottom up."""

    gondola_id: Gondola = Gondola()
    shelf_index: Count = 0


class PlateId(Form, frozen=True, kw_only=True):
    """A plate of a shelf, from 1, left to right."""

    shelf_id: ShelfId = ShelfId()
    plate_index: Count = 0


class Xyz(Form, frozen=True, kw_only=True):
    """A point, or an angle in radians about each axis."""

    x: Sane = 0.0
    y: Sane = 0.0
    z: Sane = 0.0


class Transform(Form, frozen=True, kw_only=True):
    """From the corner of a box to the shop."""

    translation: Xyz = Xyz()
    rotation: Xyz = Xyz()


class Box(Form, frozen=True, kw_only=True):
    """Room of a product in metres; the transform moves its left, front, lower corner."""

    transform: Transform = Transform()
    dim_x: Sane = 0.0
    dim_y: Sane = 0.0
    dim_z: Sane = 0.0


class ProductId(Form, frozen=True, kw_only=True):
    """A barcode."""

    id: str = ""


class Facing(Form, frozen=True, kw_only=True):
    """A line of planogram.jsonl."""

    plate_ids: list[PlateId] = []
    planogram_product_id: ProductId = ProductId()
    global_coordinates: Box | None = None


class Metadata(Form, frozen=True, kw_only=True):
    """`price` in US dollars, `weight` in grams."""

    name: str = ""
    price: Sane | None = None
    weight: Sane | None = None


class ProductRow(Form, frozen=True, kw_only=True):
    """A line of products.jsonl."""

    product_id: ProductId
    metadata: Metadata


class Header(Form, frozen=True, kw_only=True):
    """`t_origin` is when it was measured; other times in a line say when it was sent or stored."""

    t_origin: datetime


class Values(Form, frozen=True, kw_only=True):
    """`data` is base64 of little-endian numbers, shape [samples, shelf, plate]."""

    data: bytes
    shape: tuple[Count, Count, Count]
    type: str = "DATATYPE_FLOAT32"


class PlateBlock(Form, frozen=True, kw_only=True):
    """Samples of one gondola."""

    plate_id: PlateId
    freq_samp: Sane
    values: Values


class PlateDocument(Form, frozen=True, kw_only=True):
    """Body of a line of plate_data.jsonl."""

    header: Header
    plate_data: PlateBlock


class PlateLine(Form, frozen=True, kw_only=True):
    """A line of plate_data.jsonl."""

    document: PlateDocument


class Joint(Form, frozen=True, kw_only=True):
    """A joint of a body in inches."""

    point: Xyz


class TargetId(Form, frozen=True, kw_only=True):
    """The tracker's own number of a person."""

    id: str | int


class Target(Form, frozen=True, kw_only=True):
    """A tracked person; the tracker leaves out what it did not see."""

    target_id: TargetId | None = None
    target_state: str = ""
    head: Joint | None = None
    neck: Joint | None = None
    l_shoulder: Joint | None = None
    r_shoulder: Joint | None = None
    l_wrist: Joint | None = None
    r_wrist: Joint | None = None
    hands: list[Joint] = []


class Targets(Form, frozen=True, kw_only=True):
    """Everybody in one frame."""

    targets: list[Target] = []


class TargetsDocument(Form, frozen=True, kw_only=True):
    """Body of a line of full_targets.jsonl."""

    header: Header
    targets: Targets = Targets()


class TargetsLine(Form, frozen=True, kw_only=True):
    """A line of full_targets.jsonl."""

    document: TargetsDocument


class ReceiptItem(Form, frozen=True, kw_only=True):
    """A product of a receipt."""

    barcode: str
    quantity: Count = 1


class Receipt(Form, frozen=True, kw_only=True):
    """What one person owes."""

    products: list[ReceiptItem]
    target_id: str | int | None = None


class TruthEvent(Form, frozen=True, kw_only=True):
    """One movement of goods; its time is `seconds_after_first_plate_sample`, or `utc` where that is missing."""

    type: str
    seconds_after_first_plate_sample: Sane | None = None
    utc: datetime | None = None
    gondola: Count | None = None
    shelf: Count | None = None
    plate: Count | None = None
    barcode: str | None = None
    quantity: Count = 1
    target_id: str | int | None = None


class CaseTruth(Form, frozen=True, kw_only=True):
    """truth.json of a case."""

    receipts: list[Receipt]
    events: list[TruthEvent] = []
