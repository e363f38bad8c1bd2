"""What the floor looks like when nobody is there, and what stands before it now.

Light is logarithmic, so that exposure and white balance are offsets; they are taken off for four steps of brightness
apart, because cameras bend their curves. The floor follows slow light where nothing stands. What stands there is kept
while it stirs: people sway, a chair that was put down does not and becomes floor.
Must not: know what a person is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.planes import Mask, Picture, Planes, log_planes

THRESHOLD = 0.14  # log light
COLOUR_SHARE = 0.8
SHADOW = 0.45  # a shadow takes less than this of the log light, and no colour
NOISE_FACTOR = 4.0
NOISE_CAP = 0.08
STIR = 0.08
STIR_SHARE = 0.01  # of a blob
ABSORB_S = 25.0
TAU_S = 20.0
STEPS = 4
STEPS_EVERY = 10  # pictures
FEW_PIXELS = 60
OPEN_PX, CLOSE_PX = (5, 5), (5, 9)


class EmptyFloor:
    """One camera's floor. Feed every picture in order, all of one size; `stands` is the mask of the last one."""

    def __init__(self, first: Picture, at_s: float) -> None:
        self._floor = _soft(first)
        self._before = self._floor.copy()
        shape = self._floor.shape[:2]
        self.stands: Mask = np.zeros(shape, np.bool_)
        self._noise = np.full(shape, 0.02, np.float32)
        self._stirred_s = np.full(shape, at_s, np.float64)
        self._step = np.zeros(shape, np.int64)
        self._last_s = at_s
        self._seen = 0

    def see(self, small: Picture, at_s: float) -> Mask:
        """True where something stands. Shape of the picture."""
        planes = _soft(small)
        if self._seen % STEPS_EVERY == 0:
            light = self._floor[..., 0]
            self._step = np.digitize(light, np.quantile(light, np.arange(1, STEPS) / STEPS))
        self._seen += 1
        plain = planes - self._offsets(planes - self._floor)
        moving = self._moving(planes)
        self.stands = self._differs(plain - self._floor)
        self._note_stirring(moving, at_s)
        self._follow(plain, moving, at_s)
        return self.stands

    def _offsets(self, delta: Planes) -> Planes:
        """Exposure and white balance now, by brightness of the floor. Shape [h, w, 3]."""
        free = ~self.stands if self.stands.mean() < 0.8 else np.ones_like(self.stands)
        everywhere = np.median(delta[free][::5], axis=0)
        table = np.empty((STEPS, 3), np.float32)
        for step in range(STEPS):
            part = delta[free & (self._step == step)][::3]
            table[step] = np.median(part, axis=0) if len(part) > FEW_PIXELS else everywhere
        return table[self._step]

    def _differs(self, delta: Planes) -> Mask:
        limit = np.maximum(THRESHOLD, NOISE_FACTOR * self._noise)
        light, colour = delta[..., 0], np.hypot(delta[..., 1], delta[..., 2])
        shadow = (light < 0) & (light > -SHADOW) & (colour < COLOUR_SHARE * limit)
        found = ((np.abs(light) > limit) | (colour > COLOUR_SHARE * limit)) & ~shadow
        opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones(OPEN_PX[::-1], np.uint8))
        closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones(CLOSE_PX[::-1], np.uint8))
        return np.asarray(closed, np.bool_)

    def _moving(self, planes: Planes) -> Mask:
        step = planes - self._before
        step = step - np.median(step[::4, ::4].reshape(-1, 3), axis=0)
        self._before = planes
        return np.asarray(np.abs(step).max(axis=2) > np.maximum(STIR, NOISE_FACTOR * self._noise), np.bool_)

    def _note_stirring(self, moving: Mask, at_s: float) -> None:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(self.stands.astype(np.uint8), connectivity=8)
        stirs = np.bincount(labels[moving], minlength=count) > np.maximum(2, STIR_SHARE * stats[:, cv2.CC_STAT_AREA])
        stirs[0] = True
        self._stirred_s[stirs[labels]] = at_s

    def _follow(self, plain: Planes, moving: Mask, at_s: float) -> None:
        share = max(1 / self._seen, min(1.0, (at_s - self._last_s) / TAU_S))
        self._last_s = at_s
        stale = self.stands & (at_s - self._stirred_s > ABSORB_S)
        shares = np.where(stale, 1.0, np.where(self.stands, 0.0, share)).astype(np.float32)
        change = plain - self._floor
        self._floor += shares[..., None] * change
        calm = ~self.stands & ~moving
        drift: NDArray[np.float32] = 0.03 * (np.minimum(np.abs(change[..., 0]), NOISE_CAP) - self._noise)
        self._noise += np.where(calm, drift, 0).astype(np.float32)


def _soft(picture: Picture) -> Planes:
    return np.asarray(cv2.blur(log_planes(picture), (3, 3)), np.float32)
