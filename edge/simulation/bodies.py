"""Where a simulated body is at any moment: floor path, head, two hands that swing, reach and come back.

Must not: know goods or shelves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
SIDE_MM, AHEAD_MM, REST_MM = 210.0, 120.0, 930.0
SWING_MM, STRIDE_S = 150.0, 1.05


@dataclass(frozen=True)
class Reach:
    """One hand goes to `point` and back: leaves at `from_s`, is there from `there_s` to `back_s`, rests at `to_s`."""

    hand: int
    from_s: float
    there_s: float
    back_s: float
    to_s: float
    point: tuple[float, float, float]

    def share(self, at_s: float) -> float:
        """0 = at rest, 1 = at the point."""
        if at_s <= self.from_s or at_s >= self.to_s:
            return 0.0
        if at_s < self.there_s:
            return _ease((at_s - self.from_s) / (self.there_s - self.from_s))
        if at_s <= self.back_s:
            return 1.0
        return _ease((self.to_s - at_s) / (self.to_s - self.back_s))


@dataclass
class Body:
    """A body that is inside from `enters_s` to `leaves_s`. `keys` are (time, x, y), `looks` (time, dx, dy)."""

    height_mm: float
    keys: list[tuple[float, float, float]] = field(default_factory=list)
    looks: list[tuple[float, float, float]] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)

    @property
    def enters_s(self) -> float:
        """When the body is first in the shop."""
        return self.keys[0][0]

    @property
    def leaves_s(self) -> float:
        """When it is out again."""
        return self.keys[-1][0]

    def inside(self, at_s: float) -> bool:
        """Whether it is in the shop."""
        return self.enters_s <= at_s <= self.leaves_s

    def place(self, at_s: float) -> Vector:
        """Place on the floor in mm."""
        times, xs, ys = zip(*self.keys, strict=True)
        return np.array([np.interp(at_s, times, xs), np.interp(at_s, times, ys)])

    def speed(self, at_s: float) -> float:
        """Speed in mm/s."""
        return float(np.linalg.norm(self.place(at_s + 0.05) - self.place(at_s - 0.05)) / 0.1)

    def heading(self, at_s: float) -> Vector:
        """Unit vector that the chest points along; turns take a few tenths of a second."""
        total = sum((self._heading_at(at_s + shift) for shift in (-0.2, -0.1, 0.0, 0.1, 0.2)), np.zeros(2))
        length = float(np.linalg.norm(total))
        return total / length if length > 1e-6 else self._heading_at(at_s)

    def _heading_at(self, at_s: float) -> Vector:
        known = [look for look in self.looks if look[0] <= at_s] or self.looks[:1]
        return np.array(known[-1][1:])

    def head(self, at_s: float) -> Vector:
        """Middle of the head in mm."""
        sway = 12.0 * math.sin(2 * math.pi * at_s / 2.7)
        return np.array([*(self.place(at_s) + self.heading(at_s) * (40.0 + sway)), self.height_mm - 110.0])

    def shoulder(self, hand: int, at_s: float) -> Vector:
        """A shoulder in mm; hand 0 = left, 1 = right."""
        return np.array([*(self.place(at_s) + self._sideways(hand, at_s) * SIDE_MM), self.height_mm * 0.82])

    def hand(self, hand: int, at_s: float) -> Vector:
        """A hand in mm."""
        rest = self.rest(hand, at_s)
        for reach in self.reaches:
            share = reach.share(at_s) if reach.hand == hand else 0.0
            if share > 0:
                return rest + (np.array(reach.point) - rest) * share
        return rest

    def rest(self, hand: int, at_s: float) -> Vector:
        """Where a hand hangs when it has nothing to do."""
        pace = min(1.0, self.speed(at_s) / 1000)
        swing = pace * SWING_MM * math.sin(2 * math.pi * at_s / STRIDE_S + (math.pi if hand else 0.0))
        flat = self.place(at_s) + self._sideways(hand, at_s) * SIDE_MM + self.heading(at_s) * (AHEAD_MM + swing)
        return np.array([*flat, REST_MM + abs(swing) / 5])

    def _sideways(self, hand: int, at_s: float) -> Vector:
        ahead = self.heading(at_s)
        left = np.array([-ahead[1], ahead[0]])
        return left if hand == 0 else -left


def _ease(share: float) -> float:
    return share * share * (3 - 2 * share)
