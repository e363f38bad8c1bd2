"""The quick face engine where its weights are present: YuNet + MobileFaceNet through onnxruntime.

Must not: be needed for a shop to work (dlib is the default), or compare templates of two weight files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import Models
from vision.faces import yunet
from vision.faces.matching import Impostors
from vision.faces.quality import Picture, Quality, Template, turn_of
from vision.faces.stages import Box, StagedEngine
from vision.models import open_network, resolve

DETECTOR = yunet.WEIGHTS
EMBEDDER = Path("mobilefacenet") / "mobilefacenet_128d_112.onnx"
SIDE_PX = 112
NOSE_DEPTH = 0.45  # how far the tip of the nose stands out, in eye distances
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
# Where the five points of a face lie in a 112 px crop (Deng et al., ArcFace, 2019).
PLACES = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64
)


class OnnxEngine(StagedEngine[yunet.FacePoints, Picture]):
    """Five-point alignment, the face and its mirror image embedded and summed; distance = 1 - cosine."""

    name = "onnx"

    def __init__(self, min_cosine: float, impostors: Impostors, quality: Quality, models: Models) -> None:
        """Raises ModelAbsent or ModelBad where the weights are not there or not the right ones."""
        super().__init__(quality)
        self.max_distance, self.impostors = 1.0 - min_cosine, impostors
        embedder = resolve("mobilefacenet", models)
        self.kind = f"mobilefacenet-128-{embedder.finger_print}"
        self._detector = yunet.YuNet(open_network(resolve("yunet", models)))
        self._embedder = open_network(embedder)

    def distances(self, template: Template, others: Template) -> Template:
        """1 - cosine; templates have length 1."""
        return np.asarray(1.0 - others @ template, dtype=np.float32)

    def merged(self, templates: Sequence[Template]) -> Template:
        """Their mean, made length 1 again."""
        total = np.sum(np.stack(templates), axis=0)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)

    def describe(self) -> str:
        """Which networks are in use."""
        return f"MobileFaceNet templates, faces found by YuNet (onnxruntime, {self._embedder.provider})"

    def close(self) -> None:
        """Nothing to give back."""

    def _find(self, picture: Picture) -> list[yunet.FacePoints]:
        return self._detector.find(picture)

    def _box(self, found: yunet.FacePoints) -> Box:
        return found.box_px

    def _lean_deg(self, found: yunet.FacePoints) -> float:
        across, down = (found.points_px[1] - found.points_px[0]).tolist()
        return math.degrees(math.atan2(down, across))

    def _align(self, picture: Picture, found: yunet.FacePoints) -> tuple[Picture, float]:
        left_eye, right_eye, nose = found.points_px[:3]
        return aligned(picture, found.points_px), turn_of(left_eye, right_eye, nose, NOSE_DEPTH)

    def _embed(self, crop: Picture) -> Template:
        rgb = (crop[:, :, ::-1].astype(np.float32) / 255 - MEAN) / SPREAD
        total = np.zeros(1, np.float32)
        for view in (rgb, rgb[:, ::-1]):
            planes = np.ascontiguousarray(view.transpose(2, 0, 1)[None])
            total = total + self._embedder.run(planes)[0][0]
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def aligned(picture: Picture, points_px: NDArray[np.float32]) -> Picture:
    """The 112 px crop in which the five points [5, 2] lie at PLACES as closely as turn, scale and shift allow.

    Least squares over similarity transforms, written with complex numbers (Umeyama 1991 without reflection).
    """
    points = points_px.astype(np.float64)
    centre, goal = points.mean(axis=0), PLACES.mean(axis=0)
    here = (points - centre) @ np.array([1, 1j])
    there = (PLACES - goal) @ np.array([1, 1j])
    factor = np.vdot(here, there) / np.vdot(here, here)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    matrix = np.hstack([turn, (goal - turn @ centre)[:, None]])
    return np.asarray(cv2.warpAffine(picture, matrix, (SIDE_PX, SIDE_PX)), dtype=np.uint8)
