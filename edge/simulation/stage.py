"""What happened: the record that a played scenario leaves, and the only place that truth and sensors read.

Every pack is one thing that is always in exactly one place: a facing, `hand:A:0`, `bag:A`, `floor`, `box`, `out:A`.
Must not: know a sensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.simulation.plan import Plan

Grid = NDArray[np.float64]
BAG, HAND, OUT, FLOOR, BOX = "bag:", "hand:", "out:", "floor", "box"


@dataclass
class Pack:
    """One pack. `plate` is where its weight rests on a facing: plate -> share."""

    number: int
    sku: str
    weight_g: float
    epc: str
    home: str
    place: str
    since_s: float = 0.0
    rests: dict[str, float] = field(default_factory=dict)
    taken_by: str | None = None
    eaten_by: str | None = None
    pocketed: bool = False


@dataclass(frozen=True)
class Move:
    """A pack changed its place. `empty` = only its wrapping did."""

    at_s: float
    pack: int
    giver: str
    taker: str
    who: str | None
    empty: bool = False


@dataclass(frozen=True)
class Load:
    """Grams come onto a plate from `at_s`, evenly over `over_s`."""

    plate: str
    at_s: float
    grams: float
    over_s: float = 0.0


@dataclass(frozen=True)
class Press:
    """A hand leans on a plate (or lifts it a little: negative) from `from_s` to `to_s`."""

    plate: str
    from_s: float
    to_s: float
    grams: float
    flat: bool = False


@dataclass(frozen=True)
class Bump:
    """Somebody runs into a gondola."""

    gondola: str
    at_s: float
    grams: float


@dataclass(frozen=True)
class Reach:
    """One hand goes to `point`: off at `from_s`, there from `there_s` to `back_s`, at rest at `to_s`."""

    hand: int
    from_s: float
    there_s: float
    back_s: float
    to_s: float
    point: tuple[float, float, float]
    facing: str | None = None


@dataclass
class Body:
    """Somebody's way through the shop. `keys` are (s, x, y), `looks` (s, dx, dy)."""

    name: str
    height_mm: float
    speed_mm_s: float
    keys: list[tuple[float, float, float]] = field(default_factory=list)
    looks: list[tuple[float, float, float]] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)

    @property
    def enters_s(self) -> float:
        """First moment inside."""
        return self.keys[0][0]

    @property
    def leaves_s(self) -> float:
        """Last moment inside."""
        return self.keys[-1][0]

    def places(self, times: Grid) -> Grid:
        """Places on the floor, shape [times, 2], mm."""
        keys = np.array(self.keys)
        return np.stack([np.interp(times, keys[:, 0], keys[:, axis]) for axis in (1, 2)], axis=1)

    def headings(self, times: Grid) -> Grid:
        """Unit vectors of the chest, shape [times, 2]."""
        looks = np.array(sorted(self.looks))
        index = np.clip(np.searchsorted(looks[:, 0], times, side="right") - 1, 0, None)
        found: Grid = looks[index, 1:]
        return found

    def speeds(self, times: Grid) -> Grid:
        """Speeds in mm/s."""
        found: Grid = np.linalg.norm(self.places(times + 0.05) - self.places(times - 0.05), axis=1) / 0.1
        return found

    def hands(self, hand: int, times: Grid) -> Grid:
        """A hand (0 = left, 1 = right), shape [times, 3], mm."""
        ahead = self.headings(times)
        left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) * (1 if hand == 0 else -1)
        swing = 120 + 150 * np.clip(self.speeds(times) / 1_000, 0, 1) * np.sin(2 * np.pi * times / 1.05 + np.pi * hand)
        flat = self.places(times) + left * 210 + ahead * swing[:, None]
        rest = np.concatenate([flat, np.full((len(times), 1), self.height_mm * 0.53)], axis=1)
        for reach in self.reaches:
            if reach.hand == hand:
                share = np.interp(times, [reach.from_s, reach.there_s, reach.back_s, reach.to_s], [0, 1, 1, 0])
                share = share * share * (3 - 2 * share)
                rest = rest + (np.array(reach.point) - rest) * share[:, None]
        return rest


@dataclass
class Happened:
    """A played scenario, 0 to `length_s`."""

    plan: Plan
    packs: list[Pack]
    bodies: dict[str, Body] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    bumps: list[Bump] = field(default_factory=list)
    length_s: float = 0.0

    def steps(self) -> Iterator[tuple[str, Grid]]:
        """Everybody's footfalls while they walk or stand."""
        for body in self.bodies.values():
            yield body.name, np.arange(body.enters_s, body.leaves_s, 0.525)

    def check(self) -> None:
        """Stock is conserved: every pack was where it was taken from. A breach is our own mistake."""
        place = {pack.number: pack.home for pack in self.packs}
        for move in sorted(self.moves, key=lambda move: move.at_s):
            if move.empty:
                continue
            if place[move.pack] != move.giver:
                raise AssertionError(
                    f"pack {move.pack} is at {place[move.pack]}, not at {move.giver} ({move.at_s:.2f} s)"
                )
            place[move.pack] = move.taker
        wrong = [pack.number for pack in self.packs if place[pack.number] != pack.place]
        if wrong:
            raise AssertionError(f"packs {wrong} are not where the moves say")
