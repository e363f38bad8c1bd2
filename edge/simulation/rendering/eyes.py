"""Cameras of the rendered shop: where they hang and what they see.

World: x along the wall, y into the shelves, z up, millimetres (as edge.simulation.plan). Pictures: pixels from the
top left. Must not: draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.simulation.plan import DEPTH_MM, Gondola

WIDTH_PX, HEIGHT_PX = 640, 360
NEAR_MM, FAR_MM = 150.0, 12_000.0
BESIDE_MM, OUT_MM, HIGH_MM = 650.0, 950.0, 2_600.0
MARGIN_PX = 14
Matrix: TypeAlias = NDArray[np.float64]
Vector: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Eye:
    """A camera without distortion. `across_deg` is its horizontal angle of view, `roll_deg` how it is turned."""

    id: str
    place: tuple[float, float, float]
    target: tuple[float, float, float]
    across_deg: float
    roll_deg: float = 0.0

    def view(self) -> Matrix:
        """World to camera, 4x4; the camera looks along -z."""
        place, ahead = np.array(self.place), np.array(self.target) - np.array(self.place)
        return looking(place, ahead, self.roll_deg)

    def projection(self) -> Matrix:
        """Camera to clip space, 4x4."""
        return perspective(self.across_deg, WIDTH_PX / HEIGHT_PX, NEAR_MM, FAR_MM)

    def pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points [n, 3] -> pixels [n, 2]; NaN for what is behind the camera."""
        homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1)
        clip = homogeneous @ (self.projection() @ self.view()).T
        behind = clip[:, 3:] <= NEAR_MM
        flat = np.where(behind, np.nan, clip[:, :2] / np.where(behind, 1, clip[:, 3:]))
        return np.stack([(flat[:, 0] + 1) / 2 * WIDTH_PX, (1 - flat[:, 1]) / 2 * HEIGHT_PX], axis=1)


def looking(place: Vector, ahead: Vector, roll_deg: float = 0.0) -> Matrix:
    """A view matrix from `place` along `ahead`, z up but for the roll."""
    back = -ahead / np.linalg.norm(ahead)
    right = np.cross(np.array([0.0, 0.0, 1.0]), back)
    right /= np.linalg.norm(right)
    up = np.cross(back, right)
    cos, sin = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    turn = np.stack([cos * right + sin * up, cos * up - sin * right, back])
    found = np.eye(4)
    found[:3, :3], found[:3, 3] = turn, -turn @ place
    return found


def perspective(across_deg: float, aspect: float, near: float, far: float) -> Matrix:
    """An OpenGL perspective matrix."""
    wide = 1 / math.tan(math.radians(across_deg) / 2)
    found = np.zeros((4, 4))
    found[0, 0], found[1, 1] = wide, wide * aspect
    found[2, 2], found[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
    found[3, 2] = -1
    return found


def shelf_eye(gondola: Gondola, rng: np.random.Generator) -> Eye:
    """The camera of a gondola: under the ceiling, to the side, so that who stands before a slot does not hide it.

    Its angle is as narrow as the gondola allows.
    """
    width = gondola.plates * gondola.pitch_mm
    tall = gondola.boards_mm[-1] + 230
    side = -1 if gondola.number % 2 else 1
    along = width / 2 + side * (width / 2 + BESIDE_MM) + float(rng.uniform(-60, 60))
    out = OUT_MM + float(rng.uniform(-60, 60))
    x, y = gondola.point(along, -out)
    place = (x, y, HIGH_MM + float(rng.uniform(-60, 60)))
    corners = [
        (a, b, z) for a in (0.0, width) for b in (0.0, DEPTH_MM * 0.5) for z in (gondola.boards_mm[0] - 40, tall)
    ]
    points = np.array([(*gondola.point(a, b), z) for a, b, z in corners])
    return _fitted(f"cam-{gondola.id}", place, points)


def _fitted(name: str, place: tuple[float, float, float], points: NDArray[np.float64]) -> Eye:
    """Turn to what must be seen, roll and narrow the angle until it just fills the picture."""
    return min((_aimed(name, place, points, float(roll)) for roll in range(-40, 41, 4)), key=lambda eye: eye.across_deg)


def _aimed(name: str, place: tuple[float, float, float], points: NDArray[np.float64], roll_deg: float) -> Eye:
    target = points.mean(axis=0)
    centre = np.array([WIDTH_PX / 2, HEIGHT_PX / 2])
    wide = math.tan(math.radians(30))
    for _ in range(6):
        eye = Eye(name, place, (float(target[0]), float(target[1]), float(target[2])), 60.0, roll_deg)
        seen = eye.pixels(points)
        shift = (seen.min(axis=0) + seen.max(axis=0)) / 2 - centre
        scale = float(np.linalg.norm(target - np.array(place))) * 2 * wide / WIDTH_PX
        view = eye.view()
        target = target + view[0, :3] * shift[0] * scale - view[1, :3] * shift[1] * scale
    half = np.abs(seen - centre).max(axis=0)
    share = float((half / (centre - MARGIN_PX)).max())
    return Eye(name, place, eye.target, 2 * math.degrees(math.atan(wide * share)), roll_deg)
