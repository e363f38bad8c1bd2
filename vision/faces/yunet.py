"""Face boxes and five points from YuNet (libfacedetection), run by onnxruntime.

Decoding after https://github.com/ShiqiYu/libfacedetection.train: score = sqrt(cls * obj), centre = (cell + box) *
stride, size = exp(box) * stride, point = (cell + point) * stride. Must not: make templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.faces.face import as_box
from vision.faces.quality import Picture
from vision.models import Network

WEIGHTS = Path("yunet") / "yunet_n_dynamic.onnx"
STRIDES_PX = (8, 16, 32)
WORK_SIDE_PX = 960  # small pictures are enlarged: the five points of a 60 px face become good enough to align by
MAX_SCALE = 2.0
MIN_SCORE = 0.85  # 151 portraits score 0.88 and more; cloth, fruit and packs mostly less than 0.82 (OpenCV: 0.9)
SAME_FACE_OVERLAP = 0.3
FEATURES = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
OUTPUTS = [f"{name}_{stride}" for name in FEATURES for stride in STRIDES_PX]


@dataclass(frozen=True, slots=True)
class FacePoints:
    """A box, its score and five points [5, 2]: eyes, nose, mouth corners; image left before image right."""

    box_px: tuple[int, int, int, int]
    score: float
    points_px: NDArray[np.float32]


class YuNet:
    """The detector. One instance per process; not for use from two threads at once."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def find(self, picture: Picture) -> list[FacePoints]:
        """Faces of a BGR picture."""
        scale = min(MAX_SCALE, WORK_SIDE_PX / max(picture.shape[:2]))
        scaled = cv2.resize(picture, None, fx=scale, fy=scale)
        height, width = (-(-side // 32) * 32 for side in scaled.shape[:2])
        padded = np.zeros((height, width, 3), np.float32)
        padded[: scaled.shape[0], : scaled.shape[1]] = scaled
        answer = self._network.run(padded.transpose(2, 0, 1)[None])
        rows = _rows(dict(zip(OUTPUTS, answer, strict=True)), width)
        rows[:, :14] /= scale
        return [_face(rows[number]) for number in _distinct(rows)]


def _rows(outputs: dict[str, NDArray[np.float32]], width: int) -> NDArray[np.float32]:
    """Candidates [n, 15]: left, top, width, height, ten point coordinates, score."""
    parts = []
    for stride in STRIDES_PX:
        flat = {name: outputs[f"{name}_{stride}"].reshape(-1, size) for name, size in FEATURES.items()}
        score = np.sqrt(np.clip(flat["cls"], 0, 1) * np.clip(flat["obj"], 0, 1))[:, 0]
        chosen = np.flatnonzero(score >= MIN_SCORE)
        columns = width // stride
        cell = np.stack([chosen % columns, chosen // columns], axis=1)
        size_px = np.exp(flat["bbox"][chosen, 2:]) * stride
        corner = (cell + flat["bbox"][chosen, :2]) * stride - size_px / 2
        points = (np.tile(cell, 5) + flat["kps"][chosen]) * stride
        parts.append(np.hstack([corner, size_px, points, score[chosen, None]]))
    return np.vstack(parts).astype(np.float32)


def _distinct(rows: NDArray[np.float32]) -> list[int]:
    if not len(rows):
        return []
    boxes, scores = rows[:, :4].tolist(), rows[:, 14].tolist()
    kept = cv2.dnn.NMSBoxes(boxes, scores, MIN_SCORE, SAME_FACE_OVERLAP)
    return [int(number) for number in np.asarray(kept).reshape(-1)]


def _face(row: NDArray[np.float32]) -> FacePoints:
    left, top, width, height = (float(value) for value in row[:4])
    return FacePoints(as_box(left, top, left + width, top + height), float(row[14]), row[4:14].reshape(5, 2))
