"""The tables of a store.toml as checked types, with the default of every key.

Must not: read a file, or know what the core makes of the values (edge.config does).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:+-]*$", max_length=80)]
Baud = Annotated[int, Field(ge=300, le=4_000_000)]
BoardId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


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
    barcode: str | list[str] | None = None  # as printed: EAN, UPC; a sku that is one needs none


class Camera(Part):
    """[[camera]]; `url` may be left out when a clip is bound on the command line.

    `floor_points` are [x px, y px, x mm, y mm] of marks on the floor, four or more: they tell where people stand.
    `view` = "overhead" for a camera that looks straight down.
    """

    id: Id
    role: Literal["shelf", "floor", "gate"]
    url: str | None = None
    rate_hz: Annotated[float, Field(gt=0, le=60)] | None = None
    floor_points: list[tuple[int, int, int, int]] = []
    view: Literal["side", "overhead"] = "side"


class Slot(Part):
    """[[slot]]: one facing in a shelf camera's picture.

    `judged_by` = "others": the camera sees no change there (a gravity feeder, where the next item slides forward; a
    dark or covered place), so scales or tags carry it; hands in it are told all the same.
    """

    id: Id
    camera: Id
    box_px: tuple[int, int, int, int] | None = None
    polygon_px: list[tuple[int, int]] | None = None
    sku: Id
    count: Annotated[int, Field(ge=0)] = 1
    plates: list[Id] = []
    position_mm: tuple[int, int, int] | None = None
    judged_by: Literal["camera", "others"] = "camera"


class LineTable(Part):
    """[[line]]: direction of entry over a line of a floor or gate camera's picture.

    `point` says what of a body crosses it; "auto" is its feet, or its middle for a camera that looks straight down;
    take "head" where feet are out of view. With `gate` the bodies that cross it are counted against those let in.
    """

    id: Id
    camera: Id
    from_px: tuple[int, int]
    to_px: tuple[int, int]
    inside: Literal["left", "right"]
    point: Literal["auto", "feet", "head", "middle"] = "auto"
    gate: Id | None = None


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
    baud: Baud = 115_200


class Door(Part):
    """[[door]]: entry and egress are separate outputs; each has its own level for a silent box."""

    id: Id
    port: str | None = None
    baud: Baud = 115_200
    entry_safe: Literal["locked", "released"] = "locked"
    egress_safe: Literal["released"] = "released"
    open_ms: Annotated[int, Field(ge=200, le=30_000)] = 4_000
    board: BoardId | None = None  # refuse any other board on this port (twin adapters)
    cameras: list[Id] = []
    position_mm: tuple[int, int] | None = None


class Turnstile(Part):
    """[[turnstile]]"""

    id: Id
    port: str | None = None
    baud: Baud = 115_200
    board: BoardId | None = None
    cameras: list[Id] = []
    position_mm: tuple[int, int] | None = None


class Reader(Part):
    """[[rfid_reader]]: `portal_antennas` are those at the exit."""

    id: Id
    host: str | None = None
    portal_antennas: list[Annotated[int, Field(ge=0, le=255)]] = [1]


class Visits(Part):
    """[visits]: when a visit begins and ends. `open_on` defaults to "gate" where the shop has one.

    `when_unwatched`: while a camera that alone watches slots is blind, their goods go to review; with "closed" nobody
    new is let in either.
    """

    open_on: Literal["auto", "gate", "track"] = "auto"
    gone_after_ms: Annotated[int, Field(ge=100)] = 3_000
    settle_ms: Annotated[int, Field(ge=0)] = 2_000
    entry_timeout_ms: Annotated[int, Field(ge=1000)] = 15_000
    exit_zone_mm: Annotated[int, Field(ge=0)] = 700
    when_unwatched: Literal["review", "closed"] = "review"


class Picks(Part):
    """[picks]: who took what. `review_below` is the probability under which a unit goes to review: 50 / 51, because an
    overcharge counts 50 times an undercharge. `staff` are shoppers who refill and are not billed."""

    reach_sigma_mm: Annotated[int, Field(gt=0)] = 110
    staff: list[Id] = []
    handed_over: Literal["holder", "taker"] = "holder"
    reach_before_ms: Annotated[int, Field(ge=0)] = 600
    reach_after_ms: Annotated[int, Field(ge=0)] = 150
    join_ms: Annotated[int, Field(ge=0)] = 1_200
    min_step_g: Annotated[float, Field(gt=0)] = 5.0
    review_below: Annotated[float, Field(ge=0, le=1)] = 0.98
    portal_window_ms: Annotated[int, Field(ge=0)] = 2_000


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
    change_threshold: Annotated[float, Field(gt=0)] = 0.55
    occluder_threshold: Annotated[float, Field(gt=0)] = 0.12
    empty_picture: str | None = None
    hands: bool = True  # look for hands where their weights are


class Products(Part):
    """[products]: who a product is by its looks. `folder` is a catalogue made by `muin products add`; left out, what
    changes in a slot is taken for what the planogram has there."""

    folder: str | None = None
    min_share: Annotated[float, Field(gt=0, le=1)] = 0.8  # how sure a name must be, among all enrolled products


class Faces(Part):
    """[faces]: `max_distance` is for the dlib embedding, `min_cosine` for the ONNX one (reasons: vision/README.md).

    They hold for any gallery; `wrong_name_chance` with `impostors_*` (mean and deviation of the nearest pairs of
    different people) tightens them as the gallery grows. A face alone is compared with at most `gallery_limit`
    people; with more enrolled (or 0), a claim must come first: a member's code, or the last digits of a phone.
    `liveness` says what a face less alive than `min_liveness` does: "note" it, "refuse" it (a code or card still
    opens), or "off". `look_every_ms` is the pause between two searches while something moves; a shopper is reported
    again after `repeat_ms`, a stranger after `unknown_every_ms`, a face that cannot be compared (small, blurred,
    turned, dark, bright) once it stood there for `guide_after_ms`. `search` are files and folders (recordings,
    backups, logs) in which an erasure looks for remains, beside the state folder.
    """

    engine: Literal["auto", "dlib", "onnx"] = "dlib"
    max_distance: Annotated[float, Field(gt=0, lt=2)] = 0.48
    min_cosine: Annotated[float, Field(gt=-1, lt=1)] = 0.44
    min_margin: Annotated[float, Field(ge=0)] = 0.05
    wrong_name_chance: Annotated[float, Field(gt=0, lt=0.5)] = 0.001
    impostors_dlib: tuple[Annotated[float, Field(gt=0, lt=2)], Annotated[float, Field(gt=0, lt=1)]] = (0.854, 0.105)
    impostors_onnx: tuple[Annotated[float, Field(gt=0, lt=2)], Annotated[float, Field(gt=0, lt=1)]] = (0.956, 0.101)
    gallery_limit: Annotated[int, Field(ge=0)] = 200
    claim_ms: Annotated[int, Field(ge=1_000, le=120_000)] = 20_000
    liveness: Literal["off", "note", "refuse"] = "note"
    min_liveness: Annotated[float, Field(ge=0, le=1)] = 0.5
    min_face_px: Annotated[int, Field(ge=20)] = 50
    min_sharpness: Annotated[float, Field(ge=0)] = 8.0
    max_turn_deg: Annotated[float, Field(gt=0, le=90)] = 50.0
    min_light: Annotated[float, Field(ge=0, le=255)] = 30.0
    max_clipped_pct: Annotated[float, Field(ge=0, le=100)] = 50.0
    confirm_frames: Annotated[int, Field(ge=1)] = 2
    look_every_ms: Annotated[int, Field(ge=0)] = 250
    repeat_ms: Annotated[int, Field(ge=0)] = 8_000
    unknown_every_ms: Annotated[int, Field(ge=0)] = 10_000
    guide_after_ms: Annotated[int, Field(ge=500)] = 3_000
    search: list[str] = []


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

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class OwnModel(Part):
    """[[models.own]]: the operator's own file in the place of one that muin knows (`muin models list` names them)."""

    model: Id
    part: str = ""  # where the model has several files
    path: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Models(Part):
    """[models]: a folder with optional weights (see `muin doctor` for what each one adds), and who computes them."""

    folder: str | None = None
    provider: Literal["auto", "cpu", "cuda", "tensorrt"] = "auto"
    own: list[OwnModel] = []


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
    products: Products = Products()
    faces: Faces = Faces()
    cloud: Cloud = Cloud()
    ledger: Ledger = Ledger()
    web: Web = Web()
    models: Models = Models()
