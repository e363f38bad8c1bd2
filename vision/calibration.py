"""Where on the floor somebody stands: a plane mapped by marks whose places were measured (a homography).

Source: Hartley and Zisserman, Multiple View Geometry, chapter 4. Must not: know what stands there.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import Camera, StoreConfig
from edge.core.errors import BadInput
from vision.boxes import Box, feet, middle

WORST_MM = 400.0
FARTHEST_MM = 60_000.0
EDGE_PX = 2
LEAST_TURN = 0.02  # sine of the angle between three marks; less is one line


class FloorPlane:
    """Picture pixels -> millimetres on the floor, for one camera."""

    def __init__(self, matrix: NDArray[np.float64], overhead: bool) -> None:
        self._matrix, self._overhead = matrix, overhead

    @classmethod
    def of(cls, config: StoreConfig, camera_id: str) -> FloorPlane | None:
        """The plane of a camera; None where it has no marks. Raises BadInput for marks that cannot be right."""
        camera = next((row for row in config.camera if row.id == camera_id), None)
        return cls.from_marks(camera) if camera is not None and camera.floor_points else None

    @classmethod
    def from_marks(cls, camera: Camera) -> FloorPlane:
        """Fit the plane. Raises BadInput for marks in one line, or ones that do not fit together."""
        place = f"camera {camera.id}, floor_points"
        marks = np.array(camera.floor_points, np.float64)
        pixels, metric = marks[:, :2], marks[:, 2:]
        found, _ = cv2.findHomography(pixels, metric, 0) if _spread(pixels) and _spread(metric) else (None, None)
        if found is None:
            raise BadInput(place, "lie in one line; measure four marks at the corners of a square")
        matrix: NDArray[np.float64] = np.array(found, np.float64)
        weights = np.column_stack([pixels, np.ones(len(pixels))]) @ matrix[2]
        if (weights > 0).any() and (weights < 0).any():
            raise BadInput(place, "do not fit together (the order of two marks is exchanged?); measure them again")
        matrix *= np.sign(weights[0])  # above 0 = before the camera
        plane = cls(matrix, camera.view == "overhead")
        for pixel, right in zip(pixels, metric, strict=True):
            at = plane.at((pixel[0], pixel[1]))
            error = float("inf") if at is None else float(np.hypot(at[0] - right[0], at[1] - right[1]))
            if error > WORST_MM:
                mark = [int(value) for value in (*pixel, *right)]
                raise BadInput(place, f"mark {mark} lies {error:.0f} mm from where the others put it; measure it again")
        return plane

    def at(self, point: tuple[float, float]) -> tuple[int, int] | None:
        """Millimetres of a picture point on the floor; None above the horizon or absurdly far away."""
        across, down, weight = self._matrix @ np.array([point[0], point[1], 1.0])
        if weight <= 1e-9:
            return None
        x, y = across / weight, down / weight
        return (round(x), round(y)) if max(abs(x), abs(y)) <= FARTHEST_MM else None

    def place(self, box: Box, height_px: int) -> tuple[int, int] | None:
        """Where a body stands: its feet; its middle, seen from above. None where its feet are out of view."""
        if self._overhead:
            return self.at(middle(box))
        return None if box[3] >= height_px - EDGE_PX else self.at(feet(box))


def _spread(points: NDArray[np.float64]) -> bool:
    """Whether four points can span a plane: not all of them near one line."""
    centred = points - points.mean(axis=0)
    sizes = np.linalg.svd(centred, compute_uv=False)
    return bool(sizes[1] > LEAST_TURN * sizes[0])


def calibrated(rows: Sequence[Camera]) -> int:
    """How many cameras know where people stand."""
    return sum(bool(row.floor_points) for row in rows)


def is_overhead(config: StoreConfig, camera_id: str) -> bool:
    """Whether a camera looks straight down."""
    return any(row.id == camera_id and row.view == "overhead" for row in config.camera)
