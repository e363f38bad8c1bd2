"""A shop drawn from a seed: gondolas, plates, facings, products; and where the things of a scenario are in it.

x runs along the back wall, y into the shelves (people stand at y < 0), z up; millimetres. Must not: know what
people do, or write a configuration (store_config.py does).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from edge.core.errors import BadInput
from edge.core.events import PointMm
from edge.simulation.scenario import Scenario, Thing

DEPTH_MM = 406.4
PITCH_MM, WIDE_MM, AISLE_MM = 101.6, 305.0, 203.2  # of a plate; wide ones carry several facings
SIZES = {  # gondolas, shelves, plates a shelf
    "small": (2, 4, 6),
    "aisle": (2, 4, 6),  # one facing a plate: 24 slots for the camera of each gondola
    "medium": (3, 5, 8),
    "contest": (4, 6, 12),
}
WEIGHT_MEDIAN_G, WEIGHT_SPREAD = 270.0, 0.8  # of the 700 products of a tracked store
LIGHTEST_G, HEAVIEST_G = 28.0, 1_100.0
SAME_AS_NEIGHBOUR = 0.15  # flavours of one brand stand side by side and weigh the same
CLEARLY_APART, CLEARLY_APART_G = 0.15, 25.0
PLANOGRAMS = 7_061  # keeps a named planogram apart from the shop of the seed with that number


@dataclass(frozen=True)
class Product:
    """`weight_g` is the mean of the packs, `catalogue_g` what the price list says."""

    sku: str
    name: str
    price_minor: int
    weight_g: float
    catalogue_g: float
    tag: str = ""
    shielding: bool = False


@dataclass(frozen=True)
class Gondola:
    """A shelf unit; `origin` is the left end of its front, `turn` its angle about z, `boards_mm` its heights."""

    number: int
    origin: tuple[float, float]
    turn: float
    boards_mm: tuple[float, ...]
    plates: int
    pitch_mm: float = 101.6

    @property
    def id(self) -> str:
        """`g1`."""
        return f"g{self.number}"

    def point(self, along_mm: float, into_mm: float) -> tuple[float, float]:
        """A place on the floor plan."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        return (
            self.origin[0] + along_mm * cos - into_mm * sin,
            self.origin[1] + along_mm * sin + into_mm * cos,
        )


@dataclass(frozen=True)
class Facing:
    """A place for one product: plates `first`..`last` of a shelf; on a shared plate only a part of it (`part`)."""

    id: str
    gondola: Gondola
    shelf: int
    first: int
    last: int
    sku: str
    stock: int
    part: tuple[int, int] = (0, 1)

    @property
    def plates(self) -> tuple[str, ...]:
        """Names of its plates, left to right."""
        return tuple(f"{self.gondola.id}-s{self.shelf}-p{index}" for index in range(self.first, self.last + 1))

    @property
    def width_mm(self) -> float:
        """How wide it is."""
        return (self.last - self.first + 1) * self.gondola.pitch_mm / self.part[1]

    @property
    def along_mm(self) -> float:
        """Its middle, from the left end of the gondola."""
        start = (self.first - 1) * self.gondola.pitch_mm
        return start + (self.part[0] + 0.5) * self.width_mm

    @property
    def height_mm(self) -> float:
        """Of its board."""
        return self.gondola.boards_mm[self.shelf - 1]

    def front(self, into_mm: float = 0.0, shift_mm: float = 0.0) -> tuple[float, float]:
        """A point on the floor plan, from its front edge into the shelf and along it."""
        return self.gondola.point(self.along_mm + shift_mm, into_mm)

    def spot(self) -> PointMm:
        """The middle of its surface."""
        x, y = self.front(DEPTH_MM / 2)
        return round(x), round(y), round(self.height_mm)


@dataclass
class Plan:
    """The shop. `things` says at which facing a thing of the scenario stands."""

    gondolas: list[Gondola]
    facings: list[Facing]
    products: dict[str, Product]
    gate_mm: tuple[float, float]
    floor_mm: tuple[int, int, int, int]
    things: dict[str, str] = field(default_factory=dict)
    facing: dict[str, Facing] = field(default_factory=dict)

    def at(self, thing: str) -> Facing:
        """The facing of a thing."""
        return self.facing[self.things[thing]]

    def sku(self, thing: str) -> str:
        """The product of a thing."""
        return self.at(thing).sku

    def plate_place(self, plate: str) -> PointMm:
        """The middle of a plate."""
        gondola, shelf, index = _plate(plate)
        unit = self.gondolas[gondola - 1]
        x, y = unit.point((index - 0.5) * unit.pitch_mm, DEPTH_MM / 2)
        return round(x), round(y), round(unit.boards_mm[shelf - 1])


def _plate(name: str) -> tuple[int, int, int]:
    gondola, shelf, index = (int(part[1:]) for part in name.split("-"))
    return gondola, shelf, index


def draw_plan(scenario: Scenario, rng: np.random.Generator) -> Plan:
    """The shop of a scenario and a seed. Raises BadInput where its wishes cannot all be fulfilled.

    A scenario that names a planogram has the same shop at every seed; the seed chooses the places of its things.
    """
    places = rng
    if scenario.store.planogram is not None:
        rng = np.random.Generator(np.random.PCG64([scenario.store.planogram, PLANOGRAMS]))
    gondolas = _gondolas(scenario, rng)
    facings = _fixed(scenario, gondolas) if scenario.store.facings else _facings(scenario, gondolas, rng)
    products = _products(scenario, facings, rng)
    width = gondolas[-1].origin[0] + gondolas[-1].plates * gondolas[-1].pitch_mm
    gate = (float(rng.uniform(0.25, 0.75)) * width, -float(rng.uniform(2_900, 3_900)))
    floor = (-900, round(gate[1]) - 500, round(width) + 900, 600)
    plan = Plan(gondolas, facings, products, gate, floor)
    plan.facing = {row.id: row for row in facings}
    for name in scenario.things:
        _place(plan, name, scenario.wish(name), places)
    return plan


def _gondolas(scenario: Scenario, rng: np.random.Generator) -> list[Gondola]:
    count, shelves, plates = SIZES[scenario.store.plan]
    for row in scenario.store.facings:
        for name in row.plates:
            gondola, shelf, index = _plate(name)
            count, shelves, plates = max(count, gondola), max(shelves, shelf), max(plates, index)
    wide = scenario.store.per_plate > 1
    pitch, plates = (WIDE_MM, max(3, plates // 2)) if wide else (PITCH_MM, plates)
    if scenario.store.plan == "aisle":
        pitch = AISLE_MM
    found, x = [], 0.0
    for number in range(1, count + 1):
        lowest, top = float(rng.uniform(240, 330)), float(rng.uniform(1_380, 1_550))
        boards = tuple(np.linspace(lowest, top, shelves) + np.append(rng.uniform(-25, 25, shelves - 1), 0))
        found.append(Gondola(number, (x, 0.0), 0.0, tuple(float(z) for z in boards), plates, pitch))
        x += plates * pitch + float(rng.uniform(0, 120))
    return found


def _fixed(scenario: Scenario, gondolas: list[Gondola]) -> list[Facing]:
    found = []
    for number, row in enumerate(scenario.store.facings, 1):
        keys = sorted(_plate(plate) for plate in row.plates)
        unit = gondolas[keys[0][0] - 1]
        name = f"{unit.id}-s{keys[0][1]}-f{number}"
        found.append(Facing(name, unit, keys[0][1], keys[0][2], keys[-1][2], row.sku, row.stock))
    return found


def _facings(scenario: Scenario, gondolas: list[Gondola], rng: np.random.Generator) -> list[Facing]:
    found: list[Facing] = []
    spans = (1, 2, 3, 4) if scenario.store.plan == "contest" else (1, 2)
    chances = (0.12, 0.5, 0.3, 0.08) if scenario.store.plan == "contest" else (0.6, 0.4)
    for unit in gondolas:
        for shelf in range(1, len(unit.boards_mm) + 1):
            index, number = 1, 1
            while index <= unit.plates:
                parts = scenario.store.per_plate or 1
                single = parts > 1 or scenario.store.plan == "aisle"
                span = 1 if single else int(rng.choice(spans, p=chances))
                last = min(unit.plates, index + span - 1)
                for part in range(parts):
                    sku = f"p{len(found) + 1:03d}"
                    name = f"{unit.id}-s{shelf}-f{number}"
                    found.append(Facing(name, unit, shelf, index, last, sku, int(rng.integers(3, 9)), (part, parts)))
                    number += 1
                index = last + 1
    return found


def _products(scenario: Scenario, facings: list[Facing], rng: np.random.Generator) -> dict[str, Product]:
    fixed = {row.sku: row for row in scenario.store.products}
    found: dict[str, Product] = {}
    before = 0.0
    for number, facing in enumerate(facings, 1):
        weight = float(np.clip(WEIGHT_MEDIAN_G * math.exp(rng.normal(0, WEIGHT_SPREAD)), LIGHTEST_G, HEAVIEST_G))
        if before and rng.random() < SAME_AS_NEIGHBOUR:
            weight = before * float(1 + rng.normal(0, 0.003))
        price, error = int(rng.integers(5, 80)) * 100, float(rng.normal(0, 0.01))
        shielding = bool(rng.random() < 0.25)
        before = weight
        row = fixed.get(facing.sku)
        if row is not None:
            weight, price, error = row.weight_g, row.price_minor, (row.catalogue_g or row.weight_g) / row.weight_g - 1
        tag = f"3034{number:08X}" if "rfid" in scenario.sensors else ""
        name = f"Product {number}"
        found[facing.sku] = Product(facing.sku, name, price, weight, weight * (1 + error), tag, shielding)
    return found


def _place(plan: Plan, name: str, wish: Thing, rng: np.random.Generator) -> None:
    """Find a facing for a thing, then bend the shop where a wish asks for it."""
    options = [row for row in plan.facings if row.id not in plan.things.values() and _suits(plan, row, wish)]
    if not options:
        raise BadInput(f"things.{name}", "no facing of the shop fulfils its wishes; take a larger plan or ask less")
    facing = options[int(rng.integers(len(options)))]
    plan.things[name] = facing.id
    product = plan.products[facing.sku]
    weight = product.weight_g
    if wish.weight_g is not None:
        weight = float(rng.uniform(*wish.weight_g))
    if wish.same_weight_as is not None:
        weight = plan.products[plan.sku(wish.same_weight_as)].weight_g * float(1 + rng.normal(0, 0.002))
    elif wish.same_plate_as is not None:
        other = plan.products[plan.sku(wish.same_plate_as)].weight_g
        if abs(weight - other) < max(CLEARLY_APART * other, CLEARLY_APART_G):
            weight = other + max(CLEARLY_APART * other, CLEARLY_APART_G) * float(rng.uniform(1.0, 2.0))
    if weight != product.weight_g or wish.catalogue_error_pct:
        listed = product.catalogue_g / product.weight_g * (1 + wish.catalogue_error_pct / 100)
        plan.products[facing.sku] = replace(product, weight_g=weight, catalogue_g=weight * listed)
    if wish.stock is not None:
        fresh = replace(facing, stock=wish.stock)
        plan.facings[plan.facings.index(facing)] = fresh
        plan.facing[facing.id] = fresh


def _suits(plan: Plan, row: Facing, wish: Thing) -> bool:
    if wish.sku is not None and row.sku != wish.sku:
        return False
    third = (row.shelf - 1) / max(1, len(row.gondola.boards_mm) - 1)
    if (
        wish.shelf is not None
        and not {"low": third < 0.3, "middle": 0.3 <= third < 0.7, "high": third >= 0.7}[wish.shelf]
    ):
        return False
    if wish.neighbour_of is not None and not _beside(row, plan.at(wish.neighbour_of)):
        return False
    if wish.same_plate_as is not None and row.plates != plan.at(wish.same_plate_as).plates:
        return False
    if wish.far_from is not None and row.gondola is plan.at(wish.far_from).gondola:
        return False
    return bool(row.stock)


def _beside(one: Facing, other: Facing) -> bool:
    if one.gondola is not other.gondola or one.shelf != other.shelf:
        return False
    return abs(one.along_mm - other.along_mm) < (one.width_mm + other.width_mm) / 2 + 1
