"""Where a slot is in its camera's picture, as an installer draws it: round what can be seen of all its rows.

The lower edge is the front of the board; the upper one is as deep as the last row, or as deep as the board above lets
the camera see. Must not: follow what happens; a slot is drawn once, for the stock that the shop plans.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge.simulation.plan import Facing, Plan
from edge.simulation.rendering.eyes import HEIGHT_PX, WIDTH_PX, Eye
from edge.simulation.rendering.furniture import BOARD_MM, RAIL_HIGH_MM
from edge.simulation.rendering.pack_looks import GAP_MM, HEADROOM_MM, PackLook, columns_of, headroom_mm

FRONT_MM = 10.0  # the first row of packs stands that far behind the edge of the board
LEAST_TALL_MM = 200.0  # room for a pack of another product, which may be taller than the slot's own
LEAST_SLOT_PX = 19.0
HAND_DRAWN_PX = 1.5  # an installer does not draw a corner more exactly than that


def slot_polygons(
    plan: Plan, eyes: Mapping[str, Eye], looks: Mapping[str, PackLook], rng: np.random.Generator
) -> dict[str, list[tuple[int, int]]]:
    """Facing -> corners in the picture of its gondola's camera."""
    return {
        facing.id: slot_polygon(eyes[f"cam-{facing.gondola.id}"], facing, looks[facing.sku], rng)
        for facing in plan.facings
    }


def slot_polygon(eye: Eye, facing: Facing, look: PackLook, rng: np.random.Generator) -> list[tuple[int, int]]:
    """The four corners of a slot, clockwise from top left."""
    half = facing.width_mm / 2 - 2
    into, tall = _back(eye, facing, look)
    rows = [(-half, into, tall), (half, into, tall), (half, FRONT_MM, 2.0), (-half, FRONT_MM, 2.0)]
    points = np.array([(*facing.front(deep, along), facing.height_mm + z) for along, deep, z in rows])
    drawn = _large_enough(eye.pixels(points) + rng.uniform(-HAND_DRAWN_PX, HAND_DRAWN_PX, (4, 2)))
    return [(round(min(WIDTH_PX, max(0.0, x))), round(min(HEIGHT_PX, max(0.0, y)))) for x, y in drawn.tolist()]


def _back(eye: Eye, facing: Facing, look: PackLook) -> tuple[float, float]:
    """(into the shelf, above the board) of the upper edge: the tops of the deepest row that can be seen."""
    tall = min(max(look.size_mm[2] + 12, LEAST_TALL_MM), headroom_mm(facing) - HEADROOM_MM / 2)
    deep = look.size_mm[1]
    rows = -(-facing.stock // columns_of(facing, look.size_mm[0]))
    last = FRONT_MM + rows * (deep + GAP_MM) - deep / 2
    into = min(last, seen_into_mm(eye, facing, tall))
    if into >= FRONT_MM:
        return into, tall
    first = FRONT_MM + deep / 2  # the board above hides even these tops: up to its edge
    return first, max((z for z in np.arange(2.0, tall) if seen_into_mm(eye, facing, float(z)) >= first), default=tall)


def seen_into_mm(eye: Eye, facing: Facing, above_mm: float) -> float:
    """How deep into a facing the camera sees what is that high above its board, under the lip of the next one."""
    lip = headroom_mm(facing)
    edge = 0.0
    if facing.shelf < len(facing.gondola.boards_mm):
        lip, edge = lip + BOARD_MM - RAIL_HIGH_MM, -BOARD_MM / 2
    straight, front = np.array(facing.front(1.0)), np.array(facing.front(0.0))
    out = -float((np.array(eye.place[:2]) - front) @ (straight - front))
    fall = (eye.place[2] - facing.height_mm - lip) / (out + edge)
    return edge + (lip - above_mm) / fall


def _large_enough(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nobody draws a slot that the watch refuses as too small: it is stretched about its middle."""
    spans = np.maximum(corners.max(axis=0) - corners.min(axis=0), 1.0)
    middle: NDArray[np.float64] = corners.mean(axis=0)
    return np.asarray(middle + (corners - middle) * np.maximum(1.0, LEAST_SLOT_PX / spans), np.float64)
