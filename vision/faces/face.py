"""What a face engine gives: a box, a template where the face is good enough, and the shape of an engine.

Must not: know a shopper, a file or a threshold's reason (see vision/README.md for those).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.faces.matching import Impostors
from vision.faces.quality import Flaw, Measures, Picture, Quality, Template

__all__ = [
    "Face",
    "FaceEngine",
    "Flaw",
    "Measures",
    "Picture",
    "Quality",
    "Template",
    "Watch",
    "as_box",
    "overlap",
    "turn",
    "unwatched",
]


@dataclass(frozen=True, slots=True)
class Face:
    """One face of one picture.

    `box_px` is (left, top, right, bottom) in pixels of the picture shown; `template` is None where `flaw` says
    why the face cannot be compared. `head_px` is the box from forehead to chin that the liveness networks know, and
    `lean_deg` how far the line between its eyes is from level (positive: the eye on the right of the picture is lower).
    """

    box_px: tuple[int, int, int, int]
    measures: Measures
    flaw: Flaw = ""
    template: Template | None = None
    head_px: tuple[int, int, int, int] = (0, 0, 0, 0)
    lean_deg: float = 0.0

    @property
    def width_px(self) -> int:
        """Width of the box in pixels."""
        return self.box_px[2] - self.box_px[0]


class Watch(Protocol):
    """A stop watch: `with watch("detect"): ...`. Stages: detect, align, quality, embed, liveness, match."""

    def __call__(self, stage: str) -> AbstractContextManager[None]: ...


def unwatched(stage: str) -> AbstractContextManager[None]:
    """The watch that does not look."""
    return nullcontext()


class FaceEngine(Protocol):
    """Detection, template and distance, from one family of networks.

    `kind` names the family and the weights: templates of different kinds are never compared. `max_distance` is
    the largest distance at which two templates may be of one person, whatever the size of the gallery; `impostors`
    is how far apart different people are. `watch` is asked for a context around each stage of `faces`. `problem` says
    which weights could not be used, so that this engine works with less; empty where all is well.
    """

    name: str
    kind: str
    max_distance: float
    impostors: Impostors
    quality: Quality
    watch: Watch
    problem: str

    def faces(self, picture: Picture) -> list[Face]:
        """All faces of a picture (uint8 [height, width, 3], BGR), left to right."""
        ...

    def distances(self, template: Template, others: Template) -> Template:
        """Distances of one template [n] to others [m, n], as float32 [m]; 0 = same, larger = less alike."""
        ...

    def merged(self, templates: Sequence[Template]) -> Template:
        """One template for several looks of one person at one occasion."""
        ...

    def describe(self) -> str:
        """One line for people: which networks are in use."""
        ...

    def close(self) -> None:
        """Give native resources back; the engine is not usable afterwards."""
        ...


def overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both)


def as_box(left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
    """Whole pixels of a box."""
    return round(left), round(top), round(right), round(bottom)


def turn(picture: Picture, degrees: float) -> tuple[Picture, NDArray[Any]]:
    """The picture turned about its middle (counter-clockwise), and the 2x3 matrix that was used."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, dtype=np.uint8), matrix
