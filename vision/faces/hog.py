"""Face boxes from dlib's HOG detector: the way that needs no weights beyond the package index.

The detector sees faces of 80 px and more that stand upright, so the picture is scaled to a fixed working size
and, smaller, searched turned to both sides; only where that finds nobody is it searched once more at twice the size.
Must not: make templates, or return a face twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vision.faces.face import as_box, overlap, turn
from vision.faces.quality import Picture

NEAR_SIDE_PX = 960
FAR_SIDE_PX = 1920
MAX_SCALE = 4.0
TILTED_SIDE_PX = 640  # who leans stands near
TILTS_DEG = (-25.0, 25.0)
MIN_SCORE = -0.2  # dlib's own limit is 0; lower finds faces that lean, with a false one now and then
FAR_MIN_SCORE = -0.4
SAME_FACE_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Found:
    """A face box in the picture, and where it was found: the scaled and turned picture with the box in it.

    `lean_deg` is how far the face leans: by its eyes, or by the turn with which it was found.
    """

    box_px: tuple[int, int, int, int]
    score: float
    view: Picture
    view_box: tuple[int, int, int, int]
    lean_deg: float = 0.0


def find(detector: Any, picture: Picture) -> list[Found]:
    """Faces of a BGR picture. `detector` is dlib's frontal face detector."""
    upright = _search(detector, picture, NEAR_SIDE_PX, MIN_SCORE, (0.0,))
    leaning = _search(detector, picture, TILTED_SIDE_PX, MIN_SCORE, TILTS_DEG)
    return _distinct(upright + leaning) or _distinct(_search(detector, picture, FAR_SIDE_PX, FAR_MIN_SCORE, (0.0,)))


def _search(detector: Any, picture: Picture, side_px: int, min_score: float, tilts: tuple[float, ...]) -> list[Found]:
    scale = min(MAX_SCALE, side_px / max(picture.shape[:2]))
    scaled = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale), dtype=np.uint8)
    found: list[Found] = []
    for tilt in tilts:
        found += _one_tilt(detector, scaled, scale, min_score, tilt)
    return found


def _one_tilt(detector: Any, scaled: Picture, scale: float, min_score: float, tilt: float) -> list[Found]:
    view, matrix = turn(scaled, tilt) if tilt else (scaled, np.eye(2, 3))
    back = cv2.invertAffineTransform(matrix)
    rgb = np.ascontiguousarray(view[:, :, ::-1])
    boxes, scores, _ = detector.run(rgb, 0, min_score)
    found = []
    for box, score in zip(boxes, scores, strict=True):
        middle = np.array([(box.left() + box.right()) / 2, (box.top() + box.bottom()) / 2, 1.0])
        x, y = back @ middle / scale
        half = box.width() / scale / 2
        place = as_box(x - half, y - half, x + half, y + half)
        found.append(Found(place, float(score), rgb, (box.left(), box.top(), box.right(), box.bottom()), tilt))
    return found


def _distinct(found: list[Found]) -> list[Found]:
    """The best-scored box of each face."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda face: (-face.score, face.box_px)):
        if all(overlap(one.box_px, other.box_px) < SAME_FACE_OVERLAP for other in kept):
            kept.append(one)
    return kept
