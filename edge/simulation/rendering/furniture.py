"""What does not move in the rendered shop: gondolas, rails with price tags, floor and walls, as boxes.

A row is one instance for the pack shader: place of the foot, size, turn, sheet of art, gloss, accent, ground colour.
Must not: know goods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from edge.simulation.plan import DEPTH_MM, Gondola, Plan

Row: TypeAlias = list[float]
Colour: TypeAlias = tuple[float, float, float]
NO_ART, TILES = -1.0, -2.0
STEEL: Colour = (0.50, 0.51, 0.52)
BACK: Colour = (0.58, 0.58, 0.56)
RAIL: Colour = (0.70, 0.71, 0.72)
PAPER: Colour = (0.80, 0.79, 0.70)
FLOOR: Colour = (0.30, 0.29, 0.27)
WALL: Colour = (0.52, 0.53, 0.50)
RAIL_HIGH_MM, BOARD_MM, HEADER_MM = 38.0, 25.0, 330.0


def plain(
    place: Sequence[float], size: Sequence[float], colour: Colour, turn: float = 0.0, sheet: float = NO_ART
) -> Row:
    """A box of one colour; `place` is the middle of its foot."""
    return [*place, *size, turn, sheet, 0.03, *colour, *colour]


def rows_of(plan: Plan, rng: np.random.Generator) -> list[Row]:
    """Everything."""
    x0, y0, x1, _ = plan.floor_mm
    middle, wide, deep = (x0 + x1) / 2, x1 - x0 + 4_000.0, 3_000.0 - y0
    found = [plain((middle, y0 / 2, -10.0), (wide, deep * 1.5, 10.0), FLOOR, sheet=TILES)]
    found.append(plain((middle, DEPTH_MM + 120, 0.0), (wide, 60.0, 2_900.0), WALL))
    for gondola in plan.gondolas:
        found += _gondola(gondola)
    for facing in plan.facings:
        along, out = facing.along_mm + float(rng.uniform(-8, 8)), -BOARD_MM / 2 - 2
        x, y = facing.gondola.point(along, out)
        tag = min(56.0, facing.width_mm * 0.6)
        found.append(
            plain((x, y, facing.height_mm - RAIL_HIGH_MM + 5), (tag, 3, RAIL_HIGH_MM - 10), PAPER, facing.gondola.turn)
        )
        x, y = facing.gondola.point(along + tag * 0.1, out - 2)
        ink: Colour = (0.5, 0.05, 0.04) if rng.random() < 0.2 else (0.05, 0.05, 0.05)
        found.append(plain((x, y, facing.height_mm - RAIL_HIGH_MM + 12), (tag * 0.5, 2, 9), ink, facing.gondola.turn))
    return found


def _gondola(gondola: Gondola) -> list[Row]:
    width, turn = gondola.plates * gondola.pitch_mm, gondola.turn
    top = gondola.boards_mm[-1] + HEADER_MM

    def part(along: float, into: float, z: float, size: tuple[float, float, float], colour: Colour) -> Row:
        x, y = gondola.point(along, into)
        return plain((x, y, z), size, colour, turn)

    found = [part(width / 2, DEPTH_MM + 12, 0.0, (width, 20.0, top), BACK)]
    found += [part(along, DEPTH_MM / 2 + 5, 0.0, (14.0, DEPTH_MM, top * 0.98), STEEL) for along in (-9.0, width + 9.0)]
    lowest = gondola.boards_mm[0] - BOARD_MM
    found.append(part(width / 2, DEPTH_MM / 2, 0.0, (width, DEPTH_MM - 20, lowest), (0.16, 0.16, 0.17)))
    found.append(part(width / 2, 60.0, top, (width + 30, 120.0, 140.0), (0.10, 0.28, 0.22)))
    for board in gondola.boards_mm:
        found.append(part(width / 2, DEPTH_MM / 2, board - BOARD_MM, (width, DEPTH_MM, BOARD_MM), STEEL))
        found.append(part(width / 2, -BOARD_MM / 2 + 12, board - RAIL_HIGH_MM, (width, BOARD_MM, RAIL_HIGH_MM), RAIL))
    return found
