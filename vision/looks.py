"""How a body looks, as numbers that can be compared: a re-identification network, where its weights are.

A look describes clothes and build, not a face. It leaves the camera's process only where several cameras must agree.
Must not: follow anybody, know who somebody is, or keep a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import Models
from edge.core.errors import BadInput
from vision.boxes import Box
from vision.models import ModelAbsent, ModelBad, Network, open_network, resolve
from vision.planes import Picture

Look: TypeAlias = NDArray[np.float32]

HIGH_PX, WIDE_PX = 256, 128
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True)
class LookRules:
    """Cosines of one kind of look: somebody else below `other`; from `same` on one of two who changed places; from
    `again` on somebody who was out of sight, where everybody could have come."""

    same: float
    other: float
    again: float


class LookMaker(Protocol):
    """Turns bodies of a picture into looks; without rules there is nothing to compare.

    `problem` says which weights could not be used, if any.
    """

    rules: LookRules | None
    problem: str

    def looks(self, picture: Picture, boxes: Sequence[Box]) -> list[Look]:
        """One unit vector a box, float32 [n]."""
        ...

    def describe(self) -> str:
        """What is used, for people."""
        ...


# Where the cosines come from: vision/README.md, "Following people". Best first.
NETWORKS: Final = {
    "osnet_x0_25": LookRules(same=0.65, other=0.55, again=0.70),
    "person_reid_0248": LookRules(same=0.50, other=0.35, again=0.55),
}
NARROW: Final = "osnet_x0_25"  # 16 to 128 channels


def choose_looks(models: Models | str | None) -> LookMaker:
    """The best maker of looks that works from what is there; weights that cannot be used are its `problem`."""
    problems: list[str] = []
    for name, rules in NETWORKS.items():
        try:
            network = open_network(resolve(name, models), narrow=name == NARROW)
            return NetworkLooks(network, rules, "; ".join(problems))
        except ModelAbsent:
            continue
        except BadInput as error:
            problems.append(str(error))
    return NoLooks("; ".join(problems))


class NoLooks:
    """Nothing to compare: place and movement alone tell who is who."""

    def __init__(self, problem: str = "") -> None:
        self.rules: LookRules | None = None
        self.problem = problem

    def looks(self, picture: Picture, boxes: Sequence[Box]) -> list[Look]:
        """None for any."""
        return []

    def describe(self) -> str:
        """What would be better."""
        return "told apart by place and movement alone (`muin models pull osnet_x0_25` adds looks)"


class NetworkLooks:
    """A re-identification network through onnxruntime.

    OSNet (arXiv 1905.00953) takes [n, 3, 256, 128] RGB, ImageNet-normalised; the retail network of Open Model Zoo
    takes [1, 256, 128, 3] BGR, 0..255.
    """

    def __init__(self, network: Network, rules: LookRules, problem: str = "") -> None:
        self.rules: LookRules | None = rules
        self.problem = problem
        self._network = network
        shape = list(network.input_shapes[0])
        self._planar = shape[1:] == [3, HIGH_PX, WIDE_PX]
        self._one_by_one = shape[0] == 1
        if not self._planar and shape[1:] != [HIGH_PX, WIDE_PX, 3]:
            text = f"takes input {shape}, not bodies of {WIDE_PX}x{HIGH_PX}; give a re-identification model"
            raise ModelBad(str(network.path), text)

    def looks(self, picture: Picture, boxes: Sequence[Box]) -> list[Look]:
        """One unit vector a box."""
        if not boxes:
            return []
        sheet = np.stack([self._prepared(body_picture(picture, box)) for box in boxes])
        parts = np.split(sheet, len(sheet)) if self._one_by_one else [sheet]
        found = np.concatenate([self._network.run(part)[0] for part in parts])
        return [unit(row) for row in found.reshape(len(boxes), -1)]

    def _prepared(self, body: Picture) -> NDArray[np.float32]:
        if not self._planar:
            return body.astype(np.float32)
        rgb = (body[..., ::-1].astype(np.float32) / 255 - IMAGENET_MEAN) / IMAGENET_SPREAD
        return np.ascontiguousarray(rgb.transpose(2, 0, 1), np.float32)

    def describe(self) -> str:
        """Name of the weights, and who computes."""
        return f"looks by network {self._network.describe()}"


def body_picture(picture: Picture, box: Box) -> Picture:
    """The part of the picture in a box, as 128x256; a box without area gives the nearest pixel."""
    high, wide = picture.shape[:2]
    left, top = min(wide - 1, max(0, int(box[0]))), min(high - 1, max(0, int(box[1])))
    right, bottom = min(wide, max(left + 1, int(box[2]))), min(high, max(top + 1, int(box[3])))
    return np.asarray(cv2.resize(picture[top:bottom, left:right], (WIDE_PX, HIGH_PX)), np.uint8)


def unit(vector: NDArray[np.float32]) -> Look:
    """Length 1, so that a dot product is a cosine."""
    return np.asarray(vector / max(1e-9, float(np.linalg.norm(vector))), np.float32)


def as_bytes(look: Look) -> bytes:
    """A look in signed bytes, the largest number 127: what leaves the camera's process where cameras must agree."""
    largest = max(1e-9, float(np.abs(look).max()))
    return np.round(look * (127 / largest)).astype(np.int8).tobytes()


class FrameLooks:
    """The looks of one picture's bodies, made when first asked for and at most once."""

    def __init__(self, make: Callable[[Sequence[Box]], list[Look]], rules: LookRules) -> None:
        self.rules = rules
        self._make = make
        self._known: dict[Box, Look] = {}

    def of(self, box: Box) -> Look:
        """The look of the body in a box."""
        return self.of_all([box])[0]

    def of_all(self, boxes: Sequence[Box]) -> list[Look]:
        """The looks of several bodies, in one run of the network."""
        fresh = [box for box in dict.fromkeys(boxes) if box not in self._known]
        self._known.update(zip(fresh, self._make(fresh), strict=True))
        return [self._known[box] for box in boxes]
