"""The shop as the core sees it: plain frozen facts and integer policy, made from store.toml by edge.config.

Must not: read files, hold defaults that differ from edge.config, or contain a float.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from edge.core.events import PointMm


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all parts of the layout."""


class Product(Frozen, frozen=True, kw_only=True):
    """A product of the price list. `epcs` are full EPCs or EPC prefixes (upper-case hex) of its tags."""

    sku: str
    name: str
    price_minor: int | None = None
    weight_mg: int | None = None
    epcs: tuple[str, ...] = ()


class Plate(Frozen, frozen=True, kw_only=True):
    """A load-cell plate. `skus` are the products of the planogram that stand on it (at least in part)."""

    id: str
    gondola: str = ""
    shelf: int = 0
    index: int = 0
    skus: tuple[str, ...] = ()
    position_mm: PointMm | None = None


class Slot(Frozen, frozen=True, kw_only=True):
    """A facing that a shelf camera watches. `plates` are the load cells below it, if any."""

    id: str
    camera: str
    sku: str
    count: int
    plates: tuple[str, ...] = ()
    position_mm: PointMm | None = None


class Gate(Frozen, frozen=True, kw_only=True):
    """A way in or out: a door or turnstile with the sources whose credentials open it."""

    id: str
    kind: Literal["door", "turnstile"]
    position_mm: tuple[int, int] | None = None
    credentials: tuple[str, ...] = ()


class Portal(Frozen, frozen=True, kw_only=True):
    """An RFID antenna at the exit: a tag read there is leaving."""

    reader: str
    antenna: int


class Policy(Frozen, frozen=True, kw_only=True):
    """Numbers that decide. Times in ns, lengths in mm, weights in mg, probabilities in ppm."""

    ordering_window_ns: int
    open_on: Literal["gate", "track"]
    gone_after_ns: int
    settle_ns: int
    entry_timeout_ns: int
    reach_sigma_mm: int
    staff: tuple[str, ...]
    reach_before_ns: int
    reach_after_ns: int
    join_ns: int
    min_step_mg: int
    review_below_ppm: int
    handed_over: Literal["holder", "taker"]
    exit_zone_mm: int
    portal_window_ns: int
    stale_after_ns: int
    liveness: Literal["off", "note", "refuse"]
    min_liveness_ppm: int
    when_unwatched: Literal["review", "closed"]


class Layout(Frozen, frozen=True, kw_only=True):
    """Everything that the core knows about a shop before anything happens in it."""

    store_id: str
    currency: str
    price_version: str
    products: tuple[Product, ...]
    plates: tuple[Plate, ...]
    slots: tuple[Slot, ...]
    gates: tuple[Gate, ...]
    portals: tuple[Portal, ...]
    policy: Policy
    helper_cameras: tuple[str, ...] = ()  # those whose bodies only join bodies that others see
