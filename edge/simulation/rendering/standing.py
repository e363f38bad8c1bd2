"""Where every pack stands at every moment: rows one behind the other, gaps where something was taken.

The world knows the facing of a pack; which spot it has there is settled here. Must not: move goods between places.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from edge.simulation.plan import DEPTH_MM, Facing
from edge.simulation.rendering.pack_looks import GAP_MM, PackLook, columns_of
from edge.simulation.stage import Happened

SET_BACK_MM = 10.0  # the first row stands behind the edge of the board
TURN_SD, NUDGE_SD_MM = 0.05, 2.5


@dataclass(frozen=True)
class Spot:
    """A pack on its facing: its middle along and into the shelf, its foot above the board, its turn in radians."""

    facing: str
    along_mm: float
    into_mm: float
    above_mm: float
    turn: float


class Standing:
    """All spots of a played scenario."""

    def __init__(self, happened: Happened, looks: Mapping[str, PackLook], rng: np.random.Generator) -> None:
        self._happened, self._looks, self._rng = happened, looks, rng
        now: dict[int, Spot] = {}
        for facing in happened.plan.facings:
            self._fill(facing, now)
        self._times = [-1.0]
        self._states = [dict(now)]
        for move in happened.moves:
            if move.empty:
                continue
            now.pop(move.pack, None)
            facing = happened.plan.facing.get(move.taker)  # type: ignore[assignment]
            if facing is not None:
                now[move.pack] = self._place(facing, move.pack, now)
            self._times.append(move.at_s)
            self._states.append(dict(now))

    def at(self, at_s: float) -> Mapping[int, Spot]:
        """Pack -> spot, of all packs that stand on a shelf."""
        return self._states[bisect_right(self._times, at_s) - 1]

    def _fill(self, facing: Facing, now: dict[int, Spot]) -> None:
        wide, deep, _ = self._looks[facing.sku].size_mm
        columns = columns_of(facing, wide)
        pitch = facing.width_mm / columns
        stock = [pack for pack in self._happened.packs if pack.home == facing.id]
        for index, pack in enumerate(sorted(stock, key=lambda pack: pack.number)):
            column, row = index % columns, index // columns
            along = facing.along_mm + (column - (columns - 1) / 2) * pitch
            into = SET_BACK_MM + deep / 2 + row * (deep + GAP_MM)
            now[pack.number] = self._spot(facing, along, into, 0.0, 1.0)

    def _spot(self, facing: Facing, along: float, into: float, above: float, loose: float) -> Spot:
        nudge = self._rng.normal(0, NUDGE_SD_MM * loose, 2)
        deepest = max(30.0, min(into + float(nudge[1]), DEPTH_MM - 20))
        return Spot(facing.id, along + float(nudge[0]), deepest, above, float(self._rng.normal(0, TURN_SD * loose)))

    def _place(self, facing: Facing, number: int, now: dict[int, Spot]) -> Spot:
        """A hand puts a pack into the deepest gap at the front; where there is none, it pushes a row back.

        Where the shelf is full to its back, the pack ends on top of the first row.
        """
        deep = self._size(number)[1]
        gap, along, near = max(self._columns(facing, number, now), key=lambda row: row[0])
        need = deep + SET_BACK_MM - 4 - gap
        if need > 0 and near:
            back = max(spot.into_mm + self._size(other)[1] / 2 for other, spot in near)
            if back + need > DEPTH_MM:
                first = min(near, key=lambda row: row[1].into_mm)
                return self._spot(facing, along, first[1].into_mm, first[1].above_mm + self._size(first[0])[2], 2.0)
            for other, spot in near:
                now[other] = replace(spot, into_mm=spot.into_mm + need)
            gap += need
        into = min(gap - deep / 2 - GAP_MM, SET_BACK_MM + deep / 2 + float(self._rng.uniform(0, 35)))
        return self._spot(facing, along, max(into, deep / 2), 0.0, 1.6)

    def _columns(
        self, facing: Facing, number: int, now: Mapping[int, Spot]
    ) -> list[tuple[float, float, list[tuple[int, Spot]]]]:
        """Of every column that a pack could stand in: free depth at the front, its middle, what stands in it."""
        wide = self._size(number)[0]
        there = [(other, spot) for other, spot in now.items() if spot.facing == facing.id]
        columns = columns_of(facing, wide)
        found = []
        for column in range(columns):
            along = facing.along_mm + (column - (columns - 1) / 2) * facing.width_mm / columns
            near = [row for row in there if abs(row[1].along_mm - along) < (wide + self._size(row[0])[0]) / 2 - 6]
            gap = min((spot.into_mm - self._size(other)[1] / 2 for other, spot in near), default=DEPTH_MM)
            found.append((gap, along, near))
        return found

    def _size(self, number: int) -> tuple[float, float, float]:
        return self._looks[self._happened.packs[number].sku].size_mm
