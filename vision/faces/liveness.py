"""Whether a face is a living one or a picture of one: two MiniFASNet networks, asked about the matched face only.

The answer is evidence on the event, no certificate: single-picture networks are fooled by good prints, masks and
screens they were not trained on (figures and what is not proven: vision/README.md). Must not: decide, or be needed.

Networks and crops after minivision-ai/Silent-Face-Anti-Spoofing: the box enlarged 2.7 and 4.0 times about its middle
and moved so that it stays inside of the picture, 80 x 80 px, BGR 0..255; softmax, class 1 = live; both are averaged.
They know upright heads only: who leans by 40 degrees looks like a picture to them, so the picture is turned first.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import Models
from vision.faces.face import as_box
from vision.faces.quality import Picture
from vision.models import Network, open_network, resolve

PARTS = {"v2": 2.7, "v1se": 4.0}  # how much of the surroundings each network wants to see
SIDE_PX = 80
LIVE = 1
UPRIGHT_DEG = 15.0  # who leans less is shown as he is
HEAD_HEIGHT = 1.4  # of an upright head's box, in its widths
Box = tuple[int, int, int, int]


class Liveness:
    """The two networks. One instance per process; not for use from two threads at once."""

    def __init__(self, models: Models) -> None:
        """Raises ModelAbsent or ModelBad where the weights are not there or not the right ones."""
        pair = resolve("minifasnet", models)
        self._networks = [(scale, open_network(pair, part)) for part, scale in PARTS.items()]

    def of(self, picture: Picture, box_px: Box, lean_deg: float = 0.0) -> float:
        """How alive the face in the box of a BGR picture looks: 0 = a picture of a face, 1 = alive.

        `lean_deg` is how far the line between its eyes is from level.
        """
        if abs(lean_deg) > UPRIGHT_DEG:
            picture, box_px = _upright(picture, box_px, lean_deg)
        return float(np.mean([_one(network, _crop(picture, box_px, scale)) for scale, network in self._networks]))


def _one(network: Network, crop: Picture) -> np.float32:
    planes = np.ascontiguousarray(crop.transpose(2, 0, 1)[None], dtype=np.float32)
    raised = _softmax(network.run(planes)[0][0])
    return np.float32(raised[LIVE])


def _crop(picture: Picture, box_px: Box, scale: float) -> Picture:
    """The surroundings of a face. Where the picture is too narrow for the scale, the scale gives way."""
    height, width = picture.shape[:2]
    left, top, right, bottom = box_px
    wide, high = max(1, right - left), max(1, bottom - top)
    scale = min((height - 1) / high, (width - 1) / wide, scale)
    new_wide, new_high = wide * scale, high * scale
    x = min(max((left + right) / 2 - new_wide / 2, 0.0), width - 1 - new_wide)
    y = min(max((top + bottom) / 2 - new_high / 2, 0.0), height - 1 - new_high)
    part = picture[int(y) : int(y + new_high) + 1, int(x) : int(x + new_wide) + 1]
    return np.asarray(cv2.resize(part, (SIDE_PX, SIDE_PX)), np.uint8)


def _upright(picture: Picture, box_px: Box, lean_deg: float) -> tuple[Picture, Box]:
    """The picture turned about the middle of a head until its eyes are level, and the head's box there."""
    left, top, right, bottom = box_px
    x, y = (left + right) / 2, (top + bottom) / 2
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((x, y), lean_deg, 1.0)
    turned = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    # the box around an oval that leans has the diagonal of the upright one, whatever the lean
    half = math.hypot(right - left, bottom - top) / math.hypot(1.0, HEAD_HEIGHT) / 2
    return np.asarray(turned, np.uint8), as_box(x - half, y - HEAD_HEIGHT * half, x + half, y + HEAD_HEIGHT * half)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), np.float32)
