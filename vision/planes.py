"""Pictures as logarithmic light and colour planes, in which exposure and white balance are plain offsets.

Must not: remember anything between pictures.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]
Planes: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

WORK_WIDTH_PX = 320  # wide enough for a hand at a shelf, small enough for a dozen cameras on one core
DARK_SOFT = 12.0  # levels added before the logarithm, so that sensor noise in the dark does not look like change
COLOUR_SOFT = 24.0
SATURATED = 250.0


def work_scale(width_px: int) -> float:
    """Factor from picture pixels to working pixels."""
    return min(1.0, WORK_WIDTH_PX / width_px)


def to_work_size(picture: Picture) -> Picture:
    """The picture at working size, area-averaged. Shape [h, w, 3], uint8, BGR."""
    scale = work_scale(picture.shape[1])
    if scale >= 1.0:
        return picture
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def log_planes(picture: NDArray[np.uint8] | NDArray[np.float32]) -> Planes:
    """BGR [h, w, 3] -> float32 [h, w, 3]: log luminance, log red/green, log blue/green.

    A change of exposure adds a constant to plane 0, a change of white balance one to planes 1 and 2.
    """
    bgr = np.asarray(picture, np.float32)
    logs = np.log(bgr + COLOUR_SOFT)
    luminance = bgr @ np.array([0.114, 0.587, 0.299], np.float32)
    planes = np.empty_like(bgr)
    planes[..., 0] = np.log(luminance + DARK_SOFT)
    planes[..., 1] = logs[..., 2] - logs[..., 1]
    planes[..., 2] = logs[..., 0] - logs[..., 1]
    return planes


def saturated(picture: NDArray[np.uint8] | NDArray[np.float32]) -> Mask:
    """Pixels whose brightness the sensor could not tell any more, and their neighbours. Shape [h, w]."""
    full = (picture.max(axis=2) >= SATURATED).astype(np.uint8)
    return np.asarray(cv2.dilate(full, np.ones((3, 3), np.uint8)), np.bool_)
