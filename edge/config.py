"""store.toml -> checked StoreConfig -> the core's frozen Layout.

Every problem is found in one pass and named with place and cure. Must not: open devices, guess silently, or
let a float reach the core's layout.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.core import layout

MS = 1_000_000
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:+-]*$", max_length=80)]


class ConfigError(Exception):
    """All problems of one file: `problems` is a list of (place, what is wrong and how to cure it)."""

    def __init__(self, path: str, problems: list[tuple[str, str]]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(f"{path}: {place}: {text}" for place, text in problems))


class Part(BaseModel):
    """Base of all tables: unknown keys are refused, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Store(Part):
    """[store]"""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$", max_length=64)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    name: str = ""
    price_version: str = "1"
    floor_mm: tuple[int, int, int, int] | None = None  # x0 y0 x1 y1, for the plan on the page


class Product(Part):
    """[[product]]"""

    sku: Id
    name: str
    price_minor: Annotated[int, Field(ge=0)] | None = None
    weight_mg: Annotated[int, Field(gt=0)] | None = None
    epc: str | list[str] | None = None


class Camera(Part):
    """[[camera]]; `url` may be left out when a clip is bound on the command line."""

    id: Id
    role: Literal["shelf", "floor", "gate"]
    url: str | None = None
    rate_hz: Annotated[float, Field(gt=0, le=60)] | None = None


class Slot(Part):
    """[[slot]]: one facing in a shelf camera's picture."""

    id: Id
    camera: Id
    box_px: tuple[int, int, int, int] | None = None
    polygon_px: list[tuple[int, int]] | None = None
    sku: Id
    count: Annotated[int, Field(ge=0)] = 1
    plates: list[Id] = []
    position_mm: tuple[int, int, int] | None = None

    @model_validator(mode="after")
    def _has_one_shape(self) -> Slot:
        if (self.box_px is None) == (self.polygon_px is None):
            raise ValueError("give either box_px = [x0, y0, x1, y1] or polygon_px = [[x, y], ...], not both")
        if self.box_px and (self.box_px[0] >= self.box_px[2] or self.box_px[1] >= self.box_px[3]):
            raise ValueError("box_px must be [left, top, right, bottom] with left < right and top < bottom")
        if self.polygon_px is not None and len(self.polygon_px) < 3:
            raise ValueError("polygon_px needs at least three corners")
        return self


class LineTable(Part):
    """[[line]]: direction of entry over a line of a floor camera's picture."""

    id: Id
    camera: Id
    from_px: tuple[int, int]
    to_px: tuple[int, int]
    inside: Literal["left", "right"]


class Plate(Part):
    """[[plate]]: one load cell. `skus` as in the planogram."""

    id: Id
    gondola: Id = "g1"
    shelf: int = 0
    index: int = 0
    skus: list[Id] = []
    position_mm: tuple[int, int, int] | None = None


class Scale(Part):
    """[[scale]]: where a gondola's samples come from."""

    id: Id
    gondola: Id
    port: str | None = None
    baud: int = 115_200


class Door(Part):
    """[[door]]: entry and egress are separate outputs; each has its own level for a silent box."""

    id: Id
    port: str | None = None
    baud: int = 115_200
    entry_safe: Literal["locked", "released"] = "locked"
    egress_safe: Literal["released"] = "released"
    open_ms: Annotated[int, Field(ge=200, le=30_000)] = 4_000
    cameras: list[Id] = []
    position_mm: tuple[int, int] | None = None


class Turnstile(Part):
    """[[turnstile]]"""

    id: Id
    port: str | None = None
    baud: int = 115_200
    cameras: list[Id] = []
    position_mm: tuple[int, int] | None = None


class Reader(Part):
    """[[rfid_reader]]: `portal_antennas` are those at the exit."""

    id: Id
    host: str | None = None
    portal_antennas: list[int] = [1]


class Visits(Part):
    """[visits]: when a visit begins and ends. `open_on` defaults to "gate" where the shop has one."""

    open_on: Literal["auto", "gate", "track"] = "auto"
    gone_after_ms: Annotated[int, Field(ge=100)] = 3_000
    settle_ms: Annotated[int, Field(ge=0)] = 2_000
    entry_timeout_ms: Annotated[int, Field(ge=1000)] = 15_000
    exit_zone_mm: Annotated[int, Field(ge=0)] = 700


class Picks(Part):
    """[picks]: who took what. A margin below its limit sends the line to review, never to the bill."""

    reach_mm: Annotated[int, Field(gt=0)] = 900
    reach_margin_mm: Annotated[int, Field(ge=0)] = 150
    reach_before_ms: Annotated[int, Field(ge=0)] = 700
    reach_after_ms: Annotated[int, Field(ge=0)] = 500
    join_ms: Annotated[int, Field(ge=0)] = 1_200
    weight_tolerance_g: Annotated[float, Field(ge=0)] = 8.0
    weight_tolerance_pct: Annotated[float, Field(ge=0, le=50)] = 4.0
    weight_margin_g: Annotated[float, Field(ge=0)] = 10.0
    min_step_g: Annotated[float, Field(gt=0)] = 5.0
    review_below: Annotated[float, Field(ge=0, le=1)] = 0.80
    portal_window_ms: Annotated[int, Field(ge=0)] = 4_000


class Ordering(Part):
    """[ordering]: how long the core waits for slower sensors before it believes a moment is complete."""

    window_ms: Annotated[int, Field(ge=0, le=10_000)] = 500
    stale_after_ms: Annotated[int, Field(ge=100)] = 5_000


class Scales(Part):
    """[scales]: filter of the load cells."""

    quiet_ms: Annotated[int, Field(ge=50)] = 400
    hold_ms: Annotated[int, Field(ge=200)] = 1_000  # longer than a hand presses before it lifts
    steady_every_ms: Annotated[int, Field(ge=1_000)] = 60_000
    noise_floor_g: Annotated[float, Field(gt=0)] = 1.0
    step_sigma: Annotated[float, Field(gt=0)] = 6.0
    min_step_g: Annotated[float, Field(gt=0)] = 8.0  # people who walk past bend a shelf by up to 6 g
    cross_talk_pct: Annotated[float, Field(ge=0, le=50)] = 5.0


class ShelfVision(Part):
    """[shelf_vision]: slot watch."""

    stable_ms: Annotated[int, Field(ge=0)] = 600
    confirm_ms: Annotated[int, Field(ge=0)] = 600
    change_threshold: Annotated[float, Field(gt=0)] = 0.30
    occluder_threshold: Annotated[float, Field(gt=0)] = 0.12
    empty_picture: str | None = None


class Faces(Part):
    """[faces]: `max_distance` is for the dlib embedding, `min_cosine` for the ONNX one (reasons: vision/README.md).

    `look_every_ms` is the pause between two searches while something moves; a shopper is reported again after
    `repeat_ms`, a stranger after `unknown_every_ms`.
    """

    engine: Literal["auto", "dlib", "onnx"] = "dlib"
    max_distance: Annotated[float, Field(gt=0, lt=2)] = 0.5
    min_cosine: Annotated[float, Field(gt=-1, lt=1)] = 0.40
    min_margin: Annotated[float, Field(ge=0)] = 0.03
    min_face_px: Annotated[int, Field(ge=20)] = 50
    min_sharpness: Annotated[float, Field(ge=0)] = 8.0
    confirm_frames: Annotated[int, Field(ge=1)] = 2
    look_every_ms: Annotated[int, Field(ge=0)] = 250
    repeat_ms: Annotated[int, Field(ge=0)] = 8_000
    unknown_every_ms: Annotated[int, Field(ge=0)] = 10_000


class Cloud(Part):
    """[cloud]: `broker` as host:port; left out = embedded broker and hub, nothing to install."""

    broker: str | None = None
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    batch_events: Annotated[int, Field(ge=1, le=100)] = 100
    receipt_timeout_ms: Annotated[int, Field(ge=200)] = 5_000


class Ledger(Part):
    """[ledger]: `path` is relative to the state folder; `key_file` holds the database key."""

    path: str = "ledger.db"
    key_file: str = "ledger.key"


class Web(Part):
    """[web]: the local page. It binds to loopback unless told otherwise."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class Models(Part):
    """[models]: a folder with optional weights (see `muin doctor` for what each one adds)."""

    folder: str | None = None


class StoreConfig(Part):
    """A whole store.toml. Field names are the table names of the file."""

    store: Store
    product: list[Product] = []
    camera: list[Camera] = []
    slot: list[Slot] = []
    line: list[LineTable] = []
    plate: list[Plate] = []
    scale: list[Scale] = []
    door: list[Door] = []
    turnstile: list[Turnstile] = []
    rfid_reader: list[Reader] = []
    visits: Visits = Visits()
    picks: Picks = Picks()
    ordering: Ordering = Ordering()
    scales: Scales = Scales()
    shelf_vision: ShelfVision = ShelfVision()
    faces: Faces = Faces()
    cloud: Cloud = Cloud()
    ledger: Ledger = Ledger()
    web: Web = Web()
    models: Models = Models()


def load(path: Path, overrides: dict[str, Any] | None = None) -> StoreConfig:
    """Read and check a store.toml; `overrides` are dotted keys as given to --set. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cure = "give the path of a UTF-8 TOML file"
        raise ConfigError(str(path), [("file", f"cannot be read ({error}); {cure}")]) from None
    return parse(text, str(path), overrides)


def parse(text: str, name: str = "store.toml", overrides: dict[str, Any] | None = None) -> StoreConfig:
    """Check the text of a store.toml. Raises ConfigError with every problem found."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(name, [("syntax", f"{error}; see https://toml.io for the form of a TOML file")]) from None
    problems = _apply(raw, overrides or {})
    config: StoreConfig | None = None
    try:
        config = StoreConfig.model_validate(raw)
    except ValidationError as error:
        problems += [_explain(item) for item in error.errors()]
    problems += _check_references(raw)
    if problems or config is None:
        raise ConfigError(name, problems)
    return config


def parse_set(items: list[str]) -> dict[str, Any]:
    """`--set KEY=VALUE` items as a dict; VALUE is read as TOML, else as text. Raises ConfigError."""
    found: dict[str, Any] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise ConfigError("--set", [(item, "must look like table.key=value, e.g. picks.review_below=0.9")])
        try:
            found[key.strip()] = tomllib.loads(f"v = {value}")["v"]
        except tomllib.TOMLDecodeError:
            found[key.strip()] = value
    return found


def _apply(raw: dict[str, Any], overrides: dict[str, Any]) -> list[tuple[str, str]]:
    problems = []
    for dotted, value in overrides.items():
        *tables, key = dotted.split(".")
        spot: Any = raw
        for table in tables:
            spot = spot.setdefault(table, {}) if isinstance(spot, dict) else None
        if isinstance(spot, dict) and tables:
            spot[key] = value
        else:
            problems.append((dotted, "is not a key of a single table; use table.key=value"))
    return problems


def _explain(item: Any) -> tuple[str, str]:
    place = ""
    for step in item["loc"]:
        place += f"[{step}]" if isinstance(step, int) else (f".{step}" if place else str(step))
    text = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        text = "is not a known key; check the spelling, `muin check --schema` lists all keys"
    elif item["type"] == "missing":
        text = "is missing; add it"
    else:
        text += f" (got {item.get('input')!r})" if not isinstance(item.get("input"), dict | list) else ""
    return place, text


def _rows(raw: dict[str, Any], table: str) -> list[dict[str, Any]]:
    rows = raw.get(table, [])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _check_references(raw: dict[str, Any]) -> list[tuple[str, str]]:
    """Problems that no single table shows: doubled ids and names that lead nowhere."""
    problems: list[tuple[str, str]] = []
    ids: dict[str, set[Any]] = {}
    for table, key in (
        ("product", "sku"),
        ("camera", "id"),
        ("slot", "id"),
        ("line", "id"),
        ("plate", "id"),
        ("scale", "id"),
        ("door", "id"),
        ("turnstile", "id"),
        ("rfid_reader", "id"),
    ):
        seen: set[Any] = set()
        for number, row in enumerate(_rows(raw, table)):
            value = row.get(key)
            if isinstance(value, str) and value in seen:
                problems.append((f"{table}[{number}].{key}", f"{value!r} is used twice; give each its own"))
            if isinstance(value, str):
                seen.add(value)
        ids[table] = seen
    links = (
        ("slot", "camera", "camera"),
        ("slot", "sku", "product"),
        ("slot", "plates", "plate"),
        ("line", "camera", "camera"),
        ("plate", "skus", "product"),
        ("door", "cameras", "camera"),
        ("turnstile", "cameras", "camera"),
    )
    for table, key, target in links:
        for number, row in enumerate(_rows(raw, table)):
            named = row.get(key, [])
            for value in named if isinstance(named, list) else [named]:
                if isinstance(value, str) and value not in ids[target]:
                    problems.append(
                        (
                            f"{table}[{number}].{key}",
                            f"{value!r} is not a [[{target}]] of this file; add it or correct the name",
                        )
                    )
    owners: dict[str, str] = {}
    for number, row in enumerate(_rows(raw, "product")):
        tags = row.get("epc") or []
        for epc in [tags] if isinstance(tags, str) else tags if isinstance(tags, list) else []:
            if not isinstance(epc, str) or not epc or any(c not in "0123456789abcdefABCDEF" for c in epc):
                problems.append((f"product[{number}].epc", f"{epc!r} is not hexadecimal; give the EPC as hex digits"))
            elif owners.setdefault(epc.upper(), str(row.get("sku"))) != str(row.get("sku")):
                problems.append((f"product[{number}].epc", f"{epc!r} is already the tag of {owners[epc.upper()]!r}"))
    return problems


def _mg(grams: float) -> int:
    return round(grams * 1000)


def to_layout(config: StoreConfig) -> layout.Layout:
    """The core's view of a checked configuration: integers and tuples only."""
    gates = [
        layout.Gate(id=row.id, kind=kind, position_mm=row.position_mm, credentials=tuple(row.cameras))
        for kind, rows in _gate_tables(config)
        for row in rows
    ]
    gates += [  # a gate camera without a door still names a way in
        layout.Gate(id=camera.id, kind="door", credentials=(camera.id,))
        for camera in config.camera
        if camera.role == "gate" and not any(camera.id in gate.credentials for gate in gates)
    ]
    return layout.Layout(
        store_id=config.store.id,
        currency=config.store.currency,
        price_version=config.store.price_version,
        products=tuple(_product(row) for row in config.product),
        plates=tuple(
            layout.Plate(
                id=row.id,
                gondola=row.gondola,
                shelf=row.shelf,
                index=row.index,
                skus=tuple(row.skus),
                position_mm=row.position_mm,
            )
            for row in config.plate
        ),
        slots=tuple(
            layout.Slot(
                id=row.id,
                camera=row.camera,
                sku=row.sku,
                count=row.count,
                plates=tuple(row.plates),
                position_mm=row.position_mm,
            )
            for row in config.slot
        ),
        gates=tuple(gates),
        portals=tuple(
            layout.Portal(reader=row.id, antenna=antenna)
            for row in config.rfid_reader
            for antenna in row.portal_antennas
        ),
        policy=_policy(config, bool(config.door or config.turnstile)),
    )


def _gate_tables(config: StoreConfig) -> list[tuple[Literal["door", "turnstile"], list[Door] | list[Turnstile]]]:
    return [("door", config.door), ("turnstile", config.turnstile)]


def _product(row: Product) -> layout.Product:
    tags = [row.epc] if isinstance(row.epc, str) else row.epc or []
    return layout.Product(
        sku=row.sku,
        name=row.name,
        price_minor=row.price_minor,
        weight_mg=row.weight_mg,
        epcs=tuple(tag.upper() for tag in tags),
    )


def _policy(config: StoreConfig, has_gate: bool) -> layout.Policy:
    visits, picks, ordering = config.visits, config.picks, config.ordering
    open_on = visits.open_on if visits.open_on != "auto" else ("gate" if has_gate else "track")
    return layout.Policy(
        ordering_window_ns=ordering.window_ms * MS,
        open_on=open_on,
        gone_after_ns=visits.gone_after_ms * MS,
        settle_ns=visits.settle_ms * MS,
        entry_timeout_ns=visits.entry_timeout_ms * MS,
        reach_mm=picks.reach_mm,
        reach_margin_mm=picks.reach_margin_mm,
        reach_before_ns=picks.reach_before_ms * MS,
        reach_after_ns=picks.reach_after_ms * MS,
        join_ns=picks.join_ms * MS,
        weight_tolerance_mg=_mg(picks.weight_tolerance_g),
        weight_tolerance_ppm=round(picks.weight_tolerance_pct * 10_000),
        weight_margin_mg=_mg(picks.weight_margin_g),
        min_step_mg=_mg(picks.min_step_g),
        review_below_ppm=round(picks.review_below * 1_000_000),
        exit_zone_mm=visits.exit_zone_mm,
        portal_window_ns=picks.portal_window_ms * MS,
        stale_after_ns=ordering.stale_after_ms * MS,
    )
