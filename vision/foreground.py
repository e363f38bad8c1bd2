"""What stands out from the learned background of a fixed camera. Must not: know what a person is."""

from __future__ import annotations

import cv2
import numpy as np

from vision.boxes import Box
from vision.planes import Mask, Picture

WIDTH_PX = 160
SLOWEST = 1 / 1500  # share of a new picture in the background: who stands for two minutes at 10 pictures a second stays
LEARN_PICTURES = 20
OBJECT = 255  # what the model calls neither background nor shadow


class Foreground:
    """Mixture of Gaussians with shadows (MOG2, Zivkovic 2004). Feed every picture in order."""

    def __init__(self) -> None:
        self._model = cv2.createBackgroundSubtractorMOG2(history=600, varThreshold=24, detectShadows=True)
        self._seen = 0
        self.scale = 1.0
        self.mask: Mask = np.zeros((1, 1), np.bool_)

    def see(self, picture: Picture) -> Mask:
        """The mask of one picture at `scale`: True = neither background nor shadow."""
        self.scale = min(1.0, WIDTH_PX / picture.shape[1])
        small = cv2.resize(picture, None, fx=self.scale, fy=self.scale, interpolation=cv2.INTER_AREA)
        self._seen += 1
        self.mask = np.asarray(self._model.apply(small, learningRate=max(1 / self._seen, SLOWEST)) == OBJECT, np.bool_)
        return self.mask

    @property
    def learned(self) -> bool:
        """Whether the background was seen for long enough to be one."""
        return self._seen > LEARN_PICTURES

    def share(self, box: Box) -> float:
        """Which share of a box stands out, 0 to 1."""
        left, top, right, bottom = (max(0, round(edge * self.scale)) for edge in box)
        part = self.mask[top : max(top + 1, bottom), left : max(left + 1, right)]
        return float(part.mean()) if part.size else 0.0
