"""Finds people in one picture: a YOLOX-family network through onnxruntime, or moving blobs where no weights are.

Must not: follow anybody from picture to picture, or download weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from vision.planes import Picture

WEIGHTS = ("yolox_nano/yolox_nano_416.onnx", "light_person/light_person_192.onnx")  # best first
STRIDES = (8, 16, 32)
PERSON = 0  # class number in COCO and in one-class models
PAD_LEVEL = 114.0
LOWEST_SCORE = 0.15
OVERLAP_LIMIT = 0.5
INSIDE_LIMIT = 0.85


@dataclass(frozen=True)
class Body:
    """One person in a picture: corners in pixels (left, top, right, bottom) and a score from 0 to 1."""

    box_px: tuple[float, float, float, float]
    score: float


class PeopleFinder(Protocol):
    """Finds people in pictures that come in order."""

    def find(self, picture: Picture) -> list[Body]: ...

    def describe(self) -> str:
        """What is used, for people who install a shop."""
        ...


def choose_finder(models_folder: str | None) -> PeopleFinder:
    """The best finder that works from what is there. Raises BadInput for weights that cannot be used."""
    for name in WEIGHTS if models_folder else ():
        for path in (Path(str(models_folder)) / name, Path(str(models_folder)) / Path(name).name):
            if path.is_file():
                return NetworkFinder(path)
    return BlobFinder()


class NetworkFinder:
    """A YOLOX-family ONNX model (input [1, 3, n, n] BGR 0..255, output [1, cells, 5 + classes])."""

    def __init__(self, path: Path) -> None:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as errors

        refused = (errors.Fail, errors.InvalidGraph, errors.InvalidProtobuf, errors.NoSuchFile, errors.RuntimeException)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # several cameras share few cores
        options.log_severity_level = 3
        try:
            session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except (OSError, *refused, errors.InvalidArgument, errors.NotImplemented) as error:
            text = str(error).splitlines()[0]
            raise BadInput(str(path), f"is not a usable ONNX model ({text}); fetch it anew or remove it") from None
        shape = session.get_inputs()[0].shape
        if len(shape) != 4 or shape[1] != 3 or not isinstance(shape[2], int) or shape[2] % 32 or shape[2] != shape[3]:
            raise BadInput(str(path), f"takes input {shape}, not one square picture; give a YOLOX people model")
        self._session = session
        self._input = session.get_inputs()[0].name
        self._side: int = shape[2]
        self._grid, self._stride = _grid(self._side)
        self._path = path

    def find(self, picture: Picture) -> list[Body]:
        """Letterbox, run, decode, drop doubles."""
        side = self._side
        scale = min(side / picture.shape[0], side / picture.shape[1])
        height, width = round(picture.shape[0] * scale), round(picture.shape[1] * scale)
        sheet = np.full((side, side, 3), PAD_LEVEL, np.float32)
        sheet[:height, :width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        out = self._session.run(None, {self._input: np.ascontiguousarray(sheet.transpose(2, 0, 1)[None])})[0][0]
        if out.shape[0] != len(self._grid):
            raise BadInput(str(self._path), "gives an output of another form; give a YOLOX people model")
        return self._decode(out, scale, picture.shape[1], picture.shape[0])

    def _decode(self, out: NDArray[np.float32], scale: float, width_px: int, height_px: int) -> list[Body]:
        """Cells -> boxes: centre = (xy + cell) * stride, size = exp(wh) * stride (YOLOX, arXiv 2107.08430)."""
        score = out[:, 4] * out[:, 5 + PERSON]
        keep = score >= LOWEST_SCORE
        centre = (out[keep, :2] + self._grid[keep]) * self._stride[keep, None] / scale
        half = np.exp(np.minimum(out[keep, 2:4], 10)) * self._stride[keep, None] / scale / 2
        limit = np.array([width_px, height_px], np.float32)
        corners = np.concatenate([np.clip(centre - half, 0, limit), np.clip(centre + half, 0, limit)], axis=1)
        found = zip(corners.tolist(), score[keep].tolist(), strict=True)
        return drop_doubles([Body((box[0], box[1], box[2], box[3]), value) for box, value in found])

    def describe(self) -> str:
        """Name of the weights."""
        return f"people by network {self._path.name} (onnxruntime, CPU)"


class BlobFinder:
    """Moving blobs against a learned background (MOG2): no weights needed, no notion of what a person is."""

    def __init__(self) -> None:
        self._model = cv2.createBackgroundSubtractorMOG2(history=600, varThreshold=24, detectShadows=True)
        self._seen = 0

    def find(self, picture: Picture) -> list[Body]:
        """Blobs of a person's size and shape."""
        scale = min(1.0, 320 / picture.shape[1])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._seen += 1
        mask = (self._model.apply(small, learningRate=max(1 / self._seen, 1 / 1500)) == 255).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((13, 7), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        bodies = []
        for left, top, width, height, area in stats[1:count].tolist():
            if area < 0.004 * mask.size or height < 0.6 * width or area > 0.6 * mask.size:
                continue
            box = (left / scale, top / scale, (left + width) / scale, (top + height) / scale)
            bodies.append(Body(box, 0.6))
        return bodies

    def describe(self) -> str:
        """What it is, and what would be better."""
        return (
            "people by moving blobs (no network weights found; set models.folder to a folder with yolox_nano_416.onnx)"
        )


def overlap(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    common = _common(first, second)
    union = _area(first) + _area(second) - common
    return common / union if union > 0 else 0.0


def drop_doubles(bodies: list[Body]) -> list[Body]:
    """Keep the best of boxes that lie over one another, and drop parts of a body inside a better box."""
    kept: list[Body] = []
    for body in sorted(bodies, key=lambda item: -item.score):
        if all(overlap(body.box_px, other.box_px) < OVERLAP_LIMIT and not _inside(body, other) for other in kept):
            kept.append(body)
    return kept


def _inside(body: Body, other: Body) -> bool:
    area = _area(body.box_px)
    return area > 0 and body.score < 0.5 and _common(body.box_px, other.box_px) > INSIDE_LIMIT * area


def _common(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, width) * max(0.0, height)


def _area(box: tuple[float, float, float, float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _grid(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    cells, strides = [], []
    for stride in STRIDES:
        count = side // stride
        across, down = np.meshgrid(np.arange(count), np.arange(count))
        cells.append(np.stack([across, down], axis=-1).reshape(-1, 2))
        strides.append(np.full(count * count, stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
