"""Did something leave a slot or come into it? Evidence from the two pictures of the slot themselves.

An item has an outline against what is behind it; an empty place continues its surroundings. Source of the
outline idea: boundary energy for abandoned and removed objects (Spagnolo et al., AVSS 2006).
Must not: look at history, counts or a clock.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.planes import Planes

OUTLINE_WEIGHT = 1.6
SURROUNDINGS_WEIGHT = 1.2
DEPTH_WEIGHT = 0.6
LEAST_PIXELS = 12
SHIFT_SHARE = 0.25  # of the side of a square as large as the slot: how far a customer nudges an item sideways
DEEPER_SHARE = 0.10  # up and down less: what stood behind a taken item looks like it, moved into the shelf
SHIFT_LEFT = 0.40


def leaning(before: Planes, after: Planes, changed: NDArray[np.bool_]) -> float:
    """Log-odds-like score: above 0 for a take, below for a put, near 0 when the pictures do not tell.

    `before` and `after` are log planes [h, w, 3] of the slot with some surroundings; `changed` [h, w].
    """
    if changed.sum() < LEAST_PIXELS:
        return 0.0
    kernel = np.ones((3, 3), np.uint8)
    blob = changed.astype(np.uint8)
    outline = (cv2.dilate(blob, kernel) - cv2.erode(blob, kernel)).astype(np.bool_)
    strength = [float(_edges(planes)[outline].mean()) for planes in (before, after)]
    score = OUTLINE_WEIGHT * float(np.log((strength[0] + 0.02) / (strength[1] + 0.02)))
    around = cv2.dilate(blob, np.ones((9, 9), np.uint8)).astype(np.bool_) & ~cv2.dilate(blob, kernel).astype(np.bool_)
    if around.sum() >= LEAST_PIXELS:
        apart = [_apart(planes, changed, around) for planes in (before, after)]
        score += SURROUNDINGS_WEIGHT * float(np.log((apart[0] + 0.05) / (apart[1] + 0.05)))
    darker = float(before[..., 0][changed].mean() - after[..., 0][changed].mean())
    return score + DEPTH_WEIGHT * float(np.clip(darker / 0.4, -1, 1))


def _edges(planes: Planes) -> NDArray[np.float32]:
    total = np.zeros(planes.shape[:2], np.float32)
    for k in range(3):
        layer = np.ascontiguousarray(planes[..., k])
        total += np.abs(cv2.Sobel(layer, cv2.CV_32F, 1, 0, scale=0.25))
        total += np.abs(cv2.Sobel(layer, cv2.CV_32F, 0, 1, scale=0.25))
    return total


def _apart(planes: Planes, inside: NDArray[np.bool_], around: NDArray[np.bool_]) -> float:
    """Distance of the sorted values inside from those around (quantile to quantile), averaged over planes."""
    at = np.linspace(0.1, 0.9, 9)
    steps = np.quantile(planes[inside], at, axis=0) - np.quantile(planes[around], at, axis=0)
    return float(np.abs(steps).mean())


def shifted(before: Planes, after: Planes, close: NDArray[np.bool_]) -> bool:
    """Whether the same item merely stands elsewhere in its slot: a small move explains the difference."""
    side = float(np.sqrt(np.count_nonzero(close)))
    reach = [max(1, round(share * side)) for share in (DEEPER_SHARE, SHIFT_SHARE)]
    still = _residue(before, after, close, 0, 0)
    if still <= 0:
        return False
    steps_down = np.unique(np.linspace(-reach[0], reach[0], 9).round().astype(int))
    steps_across = np.unique(np.linspace(-reach[1], reach[1], 9).round().astype(int))
    best = min(_residue(before, after, close, int(y), int(x)) for y in steps_down for x in steps_across)
    return best < SHIFT_LEFT * still


def _residue(before: Planes, after: Planes, close: NDArray[np.bool_], down: int, across: int) -> float:
    height, width = close.shape
    there = (slice(max(0, down), height + min(0, down)), slice(max(0, across), width + min(0, across)))
    here = (slice(max(0, -down), height + min(0, -down)), slice(max(0, -across), width + min(0, -across)))
    mask = close[there] & close[here]
    if not mask.any():
        return float("inf")
    return float(np.abs(after[there] - before[here]).max(axis=2)[mask].mean())
