"""The whole rendered shop as one floor camera sees it, and where every body is in its picture.

The boxes come from the same limbs that are drawn. Must not: change what happened, or say whom anybody hides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.simulation.plan import DEPTH_MM, Plan
from edge.simulation.rendering import gl
from edge.simulation.rendering.exposure import Exposure, Noise, Picture
from edge.simulation.rendering.eyes import HEIGHT_PX, WIDTH_PX, Eye
from edge.simulation.rendering.pack_art import draw_art
from edge.simulation.rendering.shelf_view import Draughtsman, ShelfView, Someone
from edge.simulation.rendering.staging import Staging

HIGH_MM, ACROSS_DEG = 2_500.0, 80.0
BEHIND_MM, ASIDE_MM, AHEAD_MM = 900.0, 300.0, 700.0
LAMP_OUT_MM, LAMP_HIGH_MM = 1_500.0, 2_900.0
LEAST_INSIDE = 0.6  # of a body's box: less of somebody in the picture is nobody yet
LEAST_HIGH_PX = 24.0
MOST_COVERED = 0.5
SIDES = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Moment:
    """One picture, uint8 [360, 640, 3] RGB, and name -> box in pixels (left, top, right, bottom) of who is seen."""

    at_s: float
    picture: Picture
    boxes: dict[str, Box]


def floor_eye(plan: Plan) -> Eye:
    """A camera high in the corner by the door that looks over the floor to the shelves."""
    x0, y0, x1, _ = plan.floor_mm
    return Eye("floor", (x0 - ASIDE_MM, y0 - BEHIND_MM, HIGH_MM), ((x0 + x1) / 2, -AHEAD_MM, AHEAD_MM), ACROSS_DEG)


def moments(
    staging: Staging, light: Exposure, rng: np.random.Generator, rate_hz: int, until_s: float
) -> Iterator[Moment]:
    """The visit picture by picture."""
    plan = staging.happened.plan
    eye, middle = floor_eye(plan), (plan.floor_mm[0] + plan.floor_mm[2]) / 2
    tools = Draughtsman(gl.open_context(), [draw_art(look) for look in staging.looks.values()], DEPTH_MM)
    view = ShelfView(tools, eye, (middle, -LAMP_OUT_MM, LAMP_HIGH_MM), (middle, 0.0, 750.0))
    noise, stock = Noise((HEIGHT_PX, WIDTH_PX), rng), None
    for number in range(int(until_s * rate_hz)):
        at_s = number / rate_hz
        if stock is None or staging.state(at_s) != stock:
            stock = staging.state(at_s)
            view.stock(staging.shelf(at_s))
        people = staging.people(at_s, lambda x, y: True)
        inside = [name for name, body in staging.happened.bodies.items() if body.enters_s <= at_s <= body.leaves_s]
        drawn = noise.on(view.picture(people, light.at(at_s)))
        yield Moment(at_s, drawn, seen_boxes(eye, dict(zip(inside, people, strict=True))))


def seen_boxes(eye: Eye, people: Mapping[str, Someone]) -> dict[str, Box]:
    """Name -> box of everybody whom nobody nearer to the camera covers by half."""
    nearest_first = sorted(people, key=lambda name: math.dist(people[name].stands[:2], eye.place[:2]))
    boxes: dict[str, Box] = {}
    covered = np.zeros((HEIGHT_PX, WIDTH_PX), np.bool_)
    for name in nearest_first:
        box = box_of(eye, people[name].limbs)
        if box is None:
            continue
        left, top, right, bottom = (round(value) for value in box)
        here = covered[top:bottom, left:right]
        if here.size and here.mean() < MOST_COVERED:
            boxes[name] = box
        here[:] = True
    return boxes


def box_of(eye: Eye, limbs: NDArray[np.float32]) -> Box | None:
    """The upright box round a body, cut at the picture's edge; None for who is hardly in it."""
    rods = limbs.astype(np.float64)
    ends = np.concatenate([rods[:, :4], rods[:, 4:8]])
    points = eye.pixels((ends[:, None, :3] + SIDES * ends[:, None, 3:4] * 0.7).reshape(-1, 3))
    if np.isnan(points).any():
        return None
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    cut = (max(0.0, left), max(0.0, top), min(float(WIDTH_PX), right), min(float(HEIGHT_PX), bottom))
    inside = max(0.0, cut[2] - cut[0]) * max(0.0, cut[3] - cut[1])
    if inside < LEAST_INSIDE * (right - left) * (bottom - top) or cut[3] - cut[1] < LEAST_HIGH_PX:
        return None
    return float(cut[0]), float(cut[1]), float(cut[2]), float(cut[3])
