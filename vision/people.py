"""Finds people in one picture: a YOLOX-family network through onnxruntime, or blobs where no weights are.

Must not: follow anybody from picture to picture, or download weights.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import Models
from edge.core.errors import BadInput
from vision.blobs import BlobFinder, OverheadFinder
from vision.bodies import Body, PeopleFinder
from vision.boxes import area, common, overlap
from vision.models import ModelAbsent, ModelBad, Network, open_network, resolve
from vision.planes import Picture

NETWORKS = ("yolox_nano", "light_person")  # best first
STRIDES = (8, 16, 32)
PERSON = 0  # class number in COCO and in one-class models
PAD_LEVEL = 114.0
LOWEST_SCORE = 0.05  # vision.newcomers says which of the weak ones count
OVERLAP_LIMIT = 0.5
INSIDE_LIMIT = 0.85


def choose_finder(models: Models | str | None, *, overhead: bool = False) -> PeopleFinder:
    """The best finder that works from what is there; weights that cannot be used are its `problem`."""
    found = _network(models)
    problem = "" if isinstance(found, NetworkFinder) else found
    network = found if isinstance(found, NetworkFinder) else None
    return OverheadFinder(network, problem) if overhead else network or BlobFinder(problem)


def _network(models: Models | str | None) -> NetworkFinder | str:
    """The best network that works; else what was wrong with those that are there."""
    problems: list[str] = []
    for name in NETWORKS:
        try:
            return NetworkFinder(open_network(resolve(name, models)), "; ".join(problems))
        except ModelAbsent:
            continue
        except BadInput as error:
            problems.append(str(error))
    return "; ".join(problems)


class NetworkFinder:
    """A YOLOX-family ONNX model (input [1, 3, n, n] BGR 0..255, output [1, cells, 5 + classes])."""

    def __init__(self, network: Network, problem: str = "") -> None:
        self._network, self.problem = network, problem
        side = network.input_shapes[0][2]
        if not isinstance(side, int) or side % 32:
            cure = "give a YOLOX people model"
            raise ModelBad(str(network.path), f"takes input {list(network.input_shapes[0])}, no fixed square; {cure}")
        self._side = side
        self._grid, self._stride = _grid(side)
        cells = network.output_shapes[0][1]
        if cells != len(self._grid):
            text = f"gives {cells} cells for {side} pixels, wanted {len(self._grid)}; give a YOLOX people model"
            raise ModelBad(str(network.path), text)

    def find(self, picture: Picture, at_s: float) -> list[Body]:
        """Letterbox, run, decode, drop doubles."""
        side = self._side
        scale = min(side / picture.shape[0], side / picture.shape[1])
        height, width = round(picture.shape[0] * scale), round(picture.shape[1] * scale)
        sheet = np.full((side, side, 3), PAD_LEVEL, np.float32)
        sheet[:height, :width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        [[out]] = self._network.run(np.ascontiguousarray(sheet.transpose(2, 0, 1)[None]))
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
        """Name of the weights, and who computes."""
        return f"people by network {self._network.describe()}"


def drop_doubles(bodies: list[Body]) -> list[Body]:
    """Keep the best of boxes that lie over one another, and drop parts of a body inside a better box."""
    kept: list[Body] = []
    for body in sorted(bodies, key=lambda item: -item.score):
        if all(overlap(body.box_px, other.box_px) < OVERLAP_LIMIT and not _inside(body, other) for other in kept):
            kept.append(body)
    return kept


def _inside(body: Body, other: Body) -> bool:
    own = area(body.box_px)
    return own > 0 and body.score < 0.5 and common(body.box_px, other.box_px) > INSIDE_LIMIT * own


def _grid(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    cells, strides = [], []
    for stride in STRIDES:
        count = side // stride
        across, down = np.meshgrid(np.arange(count), np.arange(count))
        cells.append(np.stack([across, down], axis=-1).reshape(-1, 2))
        strides.append(np.full(count * count, stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
