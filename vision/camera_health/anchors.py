"""Points of the scene that do not move, and how far the camera has moved against them. Pure.

Corners of the reference that stayed where they were through its pictures are anchors. In a later picture each is
looked for (pyramidal Lucas-Kanade, forwards and backwards) and a rotation, scale and shift is fitted that most of
them agree on (RANSAC); people and goods before some of them are outliers. Must not: decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

ANCHORS_MAX: Final = 150
SPACING_PX: Final = 8
BLOCK_PX: Final = 5
CORNER_SLOPE: Final = 0.013  # log light per working pixel, along the weaker of a corner's two directions
SEARCH_PX: Final = (17, 17)
LEVELS: Final = 3  # finds points up to about 60 of 320 working pixels away
RETURN_PX: Final = 0.7  # there and back again
STEADY_PX: Final = 0.5
STEADY_SHARE: Final = 0.75  # of the reference's pictures
FIT_PX: Final = 1.0
LEAST_ANCHORS: Final = 7
LEAST_SHARE: Final = 0.25  # of all anchors must tell of the same movement: the rest may be hidden by people
LEAST_SECTORS: Final = 3  # of 4 x 3; points of one corner say nothing of a rotation


@dataclass(frozen=True)
class Shift:
    """How far the picture moved: mean over the whole picture in working pixels, and the rotation in degrees."""

    mean_px: float
    turn_deg: float


class Anchors:
    """The fixed points of one view."""

    def __init__(self, pictures: Sequence[NDArray[np.float32]], reference: NDArray[np.float32]) -> None:
        """`pictures` and their median `reference` are planes of log light."""
        self._view = edges(reference)
        corners = _corners(reference)
        views = [edges(picture) for picture in pictures]
        self._points = corners[_steady(self._view, corners, views)] if len(corners) else corners

    def __len__(self) -> int:
        return len(self._points)

    @property
    def enough(self) -> bool:
        """Whether a movement could be told at all."""
        return len(self._points) >= LEAST_ANCHORS and _sectors(self._points, self._view.shape) >= LEAST_SECTORS

    def shift(self, plain: NDArray[np.float32]) -> Shift | None:
        """Movement of a picture against the reference; None where too few anchors are in view to say."""
        if not self.enough or plain.shape != self._view.shape:
            return None
        found, well = _follow(self._view, edges(plain), self._points)
        if np.count_nonzero(well) < LEAST_ANCHORS:
            return None
        matrix, chosen = cv2.estimateAffinePartial2D(
            self._points[well], found[well], method=cv2.RANSAC, ransacReprojThreshold=FIT_PX
        )
        if matrix is None:
            return None
        agreed = self._points[well][chosen[:, 0].astype(np.bool_)]
        if len(agreed) < max(LEAST_ANCHORS, LEAST_SHARE * len(self._points)):
            return None
        if _sectors(agreed, self._view.shape) < LEAST_SECTORS:
            return None
        fit = np.asarray(matrix, np.float64)
        return Shift(_mean_px(fit, self._view.shape), float(np.degrees(np.arctan2(fit[1, 0], fit[0, 0]))))


def edges(plain: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Log light without its slow part, as 8 bit: exposure and shading drop out."""
    soft = cv2.GaussianBlur(plain, (0, 0), 1.0)
    return np.asarray(np.clip((soft - cv2.GaussianBlur(soft, (0, 0), 8.0)) * 120 + 128, 0, 255), np.uint8)


def _corners(reference: NDArray[np.float32]) -> NDArray[np.float32]:
    soft = cv2.GaussianBlur(reference, (0, 0), 1.0)
    best = float(cv2.cornerMinEigenVal(soft, BLOCK_PX, ksize=3).max())
    # The library sums squares of (8 x slope) / (4 * BLOCK_PX) over BLOCK_PX x BLOCK_PX pixels.
    least = 4 * CORNER_SLOPE**2
    if best <= least:
        return np.zeros((0, 2), np.float32)
    found: Any = cv2.goodFeaturesToTrack(soft, ANCHORS_MAX, max(0.01, least / best), SPACING_PX, blockSize=BLOCK_PX)
    return np.zeros((0, 2), np.float32) if found is None else np.asarray(found[:, 0], np.float32)


def _steady(
    view: NDArray[np.uint8], corners: NDArray[np.float32], views: Sequence[NDArray[np.uint8]]
) -> NDArray[np.bool_]:
    stayed = np.zeros(len(corners), np.int32)
    for other in views:
        found, well = _follow(view, other, corners)
        stayed += well & (np.linalg.norm(found - corners, axis=1) < STEADY_PX)
    return np.asarray(stayed >= STEADY_SHARE * len(views), np.bool_)


def _follow(
    one: NDArray[np.uint8], other: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    follow: Any = cv2.calcOpticalFlowPyrLK  # its stub wants an array where the library takes None
    there, seen, _ = follow(one, other, points, None, winSize=SEARCH_PX, maxLevel=LEVELS)
    back, seen_back, _ = follow(other, one, there, None, winSize=SEARCH_PX, maxLevel=LEVELS)
    well = (seen[:, 0] == 1) & (seen_back[:, 0] == 1) & (np.linalg.norm(back - points, axis=1) < RETURN_PX)
    return np.asarray(there, np.float32), np.asarray(well, np.bool_)


def _sectors(points: NDArray[np.float32], shape: tuple[int, ...]) -> int:
    return len({(int(x * 4 / shape[1]), int(y * 3 / shape[0])) for x, y in points.tolist()})


def _mean_px(matrix: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    across, down = np.meshgrid(np.linspace(0, shape[1], 9), np.linspace(0, shape[0], 7))
    grid = np.stack([across.ravel(), down.ravel()], axis=1)
    return float(np.linalg.norm(grid @ matrix[:, :2].T + matrix[:, 2] - grid, axis=1).mean())
