"""What a simulated shopper is told to do, one step after the other. Must not: know how long anything takes."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Hand: TypeAlias = Literal["left", "right"]


class Come(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Stand at the gate from `at_s` and show a face or a code for `show_s`, then walk in."""

    at_s: float
    show: Literal["face", "qr"]
    show_s: float = 2.5


class Walk(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Go to a place on the floor."""

    to_mm: tuple[int, int]


class Take(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Walk up to the first facing and lift one pack from each of at most two facings, one with each hand."""

    facings: tuple[str, ...]


class Put(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take the newest pack of a product out of the bag and put it down at a facing."""

    sku: str
    facing: str


class Hover(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Reach to a facing and touch nothing."""

    facing: str


class Stay(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Stand still."""

    seconds: float


class Leave(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Walk out through the gate."""


Step: TypeAlias = Come | Walk | Take | Put | Hover | Stay | Leave


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """One shopper's errand. `shopper` is who the gate should recognise, `track` the name of the body."""

    shopper: str
    track: str
    steps: tuple[Step, ...]
    height_mm: int = 1_680
