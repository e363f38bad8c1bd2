"""A scenario: who comes, what they do, which sensors watch, what should be on which bill. YAML, checked whole.

What a scenario leaves open (products, places, bodies, paths, timing) is drawn from the seed, so one scenario and
25 seeds are 25 shops. Must not: play anything, or hold a number that only one product has.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.config import ConfigError

FOLDER: Final = Path(__file__).with_name("scenarios")
SENSORS: Final = ("plates", "tracks", "hands", "cameras", "rfid", "gate")
VERBS: Final = (
    "pick", "put", "give", "drop", "lift", "hover", "touch", "bag", "bump", "restock", "eat", "stay", "walk", "leave",
)  # fmt: skip
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=60)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
Grams = Annotated[float, Field(gt=0, le=20_000)]
Sensor = Literal["plates", "tracks", "hands", "cameras", "rfid", "gate"]


class Part(BaseModel):
    """Base of all parts: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ProductRow(Part):
    """A product that the scenario fixes. `catalogue_g` is what the price list says where it is wrong."""

    sku: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:+-]*$")]
    weight_g: Grams
    price_minor: Annotated[int, Field(ge=0)] = 1000
    catalogue_g: Annotated[float, Field(gt=0)] | None = None


class FacingRow(Part):
    """A facing that the scenario fixes; `plates` are side by side on one shelf (`g1-s2-p3`)."""

    sku: str
    plates: Annotated[list[str], Field(min_length=1)]
    stock: Annotated[int, Field(ge=0, le=60)] = 5


class StorePart(Part):
    """The shop: `plan` says how large, `per_plate` how many facings share a plate (0 = a facing has its own plates).

    `planogram` names one shop for all seeds; left out, every seed is another shop.
    `id` and `name` go into the store.toml.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$", max_length=60)] = "simulated"
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ]*$", max_length=60)] = ""
    plan: Literal["small", "aisle", "medium", "contest"] = "small"
    planogram: Annotated[int | None, Field(ge=0)] = None
    per_plate: Annotated[int, Field(ge=0, le=3)] = 0
    products: list[ProductRow] = []
    facings: list[FacingRow] = []


class Thing(Part):
    """A product at a place. All keys are wishes that the seed has to fulfil."""

    sku: str | None = None
    same_weight_as: Name | None = None
    neighbour_of: Name | None = None
    same_plate_as: Name | None = None
    far_from: Name | None = None
    shelf: Literal["low", "middle", "high"] | None = None
    stock: Annotated[int, Field(ge=1, le=40)] | None = None
    weight_g: tuple[Grams, Grams] | None = None
    catalogue_error_pct: Annotated[float, Field(gt=-90, le=300)] = 0.0


class Shopper(Part):
    """Somebody who comes in. `group` names who pays for them; that person's credential lets them in.

    `id` is who the gate takes them for; left out, the simulator makes one of the name.
    """

    id: Name | None = None
    enters: Annotated[float, Field(ge=0, le=600)] = 0.0
    credential: Literal["face", "qr", "card", "none"] = "face"
    group: Name | None = None
    role: Literal["shopper", "staff"] = "shopper"
    height_m: Annotated[float, Field(ge=0.8, le=2.2)] | None = None


class Step(Part):
    """One thing that somebody does; exactly one verb.

    `t` is the earliest start: seconds since the start, or `+2` = after the start of the step before. `with` makes
    it part of the moment of the step before, that many seconds after its start. Left out: when the person is ready.
    """

    who: Name | Literal["all"]
    t: Seconds | str | None = None
    with_: Annotated[float | None, Field(ge=-5, le=20)] = Field(default=None, alias="with")
    pick: Name | None = None
    put: Name | None = None
    give: Name | None = None
    drop: Name | None = None
    lift: Name | None = None
    hover: Name | None = None
    touch: Name | None = None
    bag: Name | None = None
    bump: Name | None = None
    restock: Name | None = None
    eat: Name | None = None
    stay: Annotated[float, Field(gt=0, le=600)] | None = None
    walk: Name | Literal["anywhere"] | None = None
    leave: Literal["gate"] | None = None
    n: Annotated[int, Field(ge=1, le=8)] = 1
    hand: Literal["l", "r"] | None = None
    from_: Name | None = Field(default=None, alias="from")
    at: Name | None = None
    to: Name | None = None
    keep: bool = False
    pocket: bool = False
    crossed: bool = False
    extra: Annotated[int, Field(ge=0, le=4)] = 0
    slow_s: Annotated[float, Field(ge=0, le=15)] = 0.0
    press_s: Annotated[float, Field(ge=0, le=30)] = 0.0
    for_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    kg: Annotated[float, Field(gt=0, le=15)] = 2.0

    @property
    def verb(self) -> str:
        """The verb; the first one where a broken step has several."""
        return next((name for name in VERBS if getattr(self, name) is not None), "")

    @property
    def thing(self) -> str | None:
        """The thing that the verb is about, if it is about one."""
        return None if self.verb in ("stay", "leave", "") else str(getattr(self, self.verb))


class Light(Part):
    """What the shelf cameras see go wrong in the whole picture: a step or a slow swing of brightness at `t`."""

    kind: Literal["step", "swing"]
    t: Seconds = 8.0


class Fault(Part):
    """A device that misbehaves from `t` to `until` (None = to the end). `thing` names the plate below it.

    `share` is the part of plates or messages that are hit.
    """

    device: Literal["plates", "tracker", "cameras", "rfid", "gate", "all", "box"]
    kind: Literal["dead", "stuck", "black", "gone", "late", "duplicated", "reordered", "lost", "skew", "power"]
    t: Seconds = 0.0
    until: Seconds | None = None
    thing: Name | None = None
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    ms: Annotated[float, Field(ge=0, le=20_000)] = 300.0


class Expect(Part):
    """`carts`: payer -> thing -> pieces owed; `flags` are for people."""

    carts: dict[Name, dict[Name, Annotated[int, Field(ge=0)]]] = {}
    flags: list[str] = []


class Scenario(Part):
    """A whole scenario. `class` groups scenarios; `inseparable` says why no sensor here can tell the truth."""

    name: Name
    class_name: Name = Field(alias="class")
    about: str = ""
    store: StorePart = StorePart()
    sensors: list[Sensor] = ["plates", "tracks", "hands", "cameras", "gate"]
    handed_over: Literal["holder", "taker"] = "holder"
    shoppers: Annotated[dict[Name, Shopper], Field(min_length=1)]
    things: dict[Name, Thing | Literal["any"]] = {}
    do: Annotated[list[Step], Field(min_length=1)]
    light: Light | None = None
    faults: list[Fault] = []
    skew_ms: Annotated[float, Field(ge=0, le=400)] = 80.0
    expect: Expect = Expect()
    inseparable: str | None = None

    def wish(self, thing: str) -> Thing:
        """What is asked of a thing."""
        found = self.things[thing]
        return Thing() if found == "any" else found


def load(path: Path) -> Scenario:
    """Read and check a scenario. Raises ConfigError with every problem, its place and its cure."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), [("file", f"cannot be read ({error}); give a UTF-8 YAML file")]) from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Scenario:
    """Check the text of a scenario. Raises ConfigError."""
    from edge.simulation.scenario_checks import explain, problems_of

    try:
        raw: Any = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # also for a number of 5,000 digits
        raise ConfigError(name, [("syntax", f"{error}; correct the YAML")]) from None
    if not isinstance(raw, dict):
        raise ConfigError(name, [("file", "holds no scenario; it begins with `name: ...`")])
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(name, [*(explain(item) for item in error.errors()), *problems_of(raw)]) from None
    found = problems_of(raw)
    if found:
        raise ConfigError(name, found)
    return scenario


def paths() -> Iterator[Path]:
    """The files of the library, by name."""
    yield from sorted(FOLDER.glob("*.yaml"))


def library() -> list[Scenario]:
    """All scenarios that come with the program, by file name."""
    return [load(path) for path in paths()]
