"""store.toml -> checked StoreConfig -> the core's frozen Layout.

Every problem is found in one pass and named with place and cure. Must not: open devices, guess silently, or
let a float reach the core's layout.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from edge.config_checks import problems_of
from edge.config_tables import (
    Camera,
    Cloud,
    Door,
    Faces,
    Ledger,
    LineTable,
    Models,
    Ordering,
    OwnModel,
    Part,
    Picks,
    Plate,
    Product,
    Products,
    Reader,
    Scale,
    Scales,
    ShelfVision,
    Slot,
    Store,
    StoreConfig,
    Turnstile,
    Visits,
    Web,
)
from edge.core import layout

__all__ = [
    "Camera",
    "Cloud",
    "ConfigError",
    "Door",
    "Faces",
    "Ledger",
    "LineTable",
    "Models",
    "Ordering",
    "OwnModel",
    "Part",
    "Picks",
    "Plate",
    "Product",
    "Products",
    "Reader",
    "Scale",
    "Scales",
    "ShelfVision",
    "Slot",
    "Store",
    "StoreConfig",
    "Turnstile",
    "Visits",
    "Web",
    "load",
    "parse",
    "parse_set",
    "to_layout",
]

MS = 1_000_000


class ConfigError(Exception):
    """All problems of one file: `problems` is a list of (place, what is wrong and how to cure it)."""

    def __init__(self, path: str, problems: list[tuple[str, str]]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(f"{path}: {place}: {text}" for place, text in problems))


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
    except (ValueError, RecursionError) as error:  # also for a number of 5,000 digits, or a thousand brackets
        raise ConfigError(name, [("syntax", f"{error}; see https://toml.io for the form of a TOML file")]) from None
    problems = _apply(raw, overrides or {})
    config: StoreConfig | None = None
    try:
        config = StoreConfig.model_validate(raw)
    except ValidationError as error:
        problems += [_explain(item) for item in error.errors()]
    problems += [problem for problem in problems_of(raw) if problem not in problems]
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
        except (ValueError, RecursionError):
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
        helper_cameras=tuple(row.id for row in config.camera if row.role != "floor"),
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
        reach_sigma_mm=picks.reach_sigma_mm,
        staff=tuple(picks.staff),
        reach_before_ns=picks.reach_before_ms * MS,
        reach_after_ns=picks.reach_after_ms * MS,
        join_ns=picks.join_ms * MS,
        min_step_mg=_mg(picks.min_step_g),
        handed_over=picks.handed_over,
        review_below_ppm=round(picks.review_below * 1_000_000),
        exit_zone_mm=visits.exit_zone_mm,
        portal_window_ns=picks.portal_window_ms * MS,
        stale_after_ns=ordering.stale_after_ms * MS,
        liveness=config.faces.liveness,
        min_liveness_ppm=round(config.faces.min_liveness * 1_000_000),
        when_unwatched=visits.when_unwatched,
    )
