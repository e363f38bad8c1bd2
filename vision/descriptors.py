"""What a slot looks like: gradients, colour and light in a grid of cells, and how far two looks are apart.

Robust against exposure, white balance, noise and soft shadows; sensitive to a thing that came or went.
Must not: know about time, hands or counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.planes import log_planes

ROWS, COLUMNS = 5, 4
DIRECTIONS = 8
TOP_SHARE = 0.30  # a change is judged by the cells that changed most: a pack rarely fills its slot
GRADIENT_FLOOR = 0.16  # summed gradient of a flat, noisy cell, in log units
COLOUR_FULL = 0.30  # log ratio at which a cell counts as another colour altogether
LIGHT_FULL = 0.60
WEIGHTS = (0.75, 0.80, 0.30)  # gradient, colour, light: light is the least to be trusted (shadows)


@dataclass(frozen=True)
class Look:
    """Description of one slot. `gradients` [rows, columns, directions]; `means` [rows, columns, 3] log planes."""

    gradients: NDArray[np.float32]
    means: NDArray[np.float32]


def describe(patch: NDArray[np.float32], offset: NDArray[np.float32]) -> Look:
    """Look of a rectified BGR patch [h, w, 3]; `offset` (3) is the picture's exposure and white balance now."""
    planes = log_planes(patch)
    light = cv2.GaussianBlur(planes[..., 0], (3, 3), 0)
    across = cv2.Sobel(light, cv2.CV_32F, 1, 0, ksize=3, scale=0.25)
    down = cv2.Sobel(light, cv2.CV_32F, 0, 1, ksize=3, scale=0.25)
    angles = np.arange(DIRECTIONS, dtype=np.float32) * (2 * np.pi / DIRECTIONS)
    towards = across[..., None] * np.cos(angles) + down[..., None] * np.sin(angles)
    return Look(
        gradients=_cells(np.maximum(towards, 0).astype(np.float32)),
        means=_cells(planes) - offset.astype(np.float32),
    )


def _cells(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    layers = [cv2.resize(maps[..., k], (COLUMNS, ROWS), interpolation=cv2.INTER_AREA) for k in range(maps.shape[2])]
    return np.stack(layers, axis=-1).astype(np.float32)


def cell_differences(first: Look, second: Look) -> NDArray[np.float32]:
    """Difference of each cell, 0 (same) to 1 (another thing). Shape [rows, columns]."""
    strongest = np.maximum(first.gradients.sum(-1), second.gradients.sum(-1))
    gradient = np.abs(first.gradients - second.gradients).sum(-1) / (strongest + GRADIENT_FLOOR)
    means = np.abs(first.means - second.means)
    colour = np.minimum(1, np.hypot(means[..., 1], means[..., 2]) / COLOUR_FULL)
    light = np.minimum(1, means[..., 0] / LIGHT_FULL)
    total = WEIGHTS[0] * gradient + WEIGHTS[1] * colour + WEIGHTS[2] * light
    return np.asarray(np.minimum(1, total), np.float32)


def distance(first: Look, second: Look) -> float:
    """How far two looks are apart, 0 to 1: mean of the cells that differ most."""
    cells = np.sort(cell_differences(first, second), axis=None)[::-1]
    return float(cells[: max(1, round(TOP_SHARE * cells.size))].mean())


def blend(old: Look, new: Look, share: float) -> Look:
    """Follow slow light: `share` of the new look in the old one."""
    return Look(
        gradients=((1 - share) * old.gradients + share * new.gradients).astype(np.float32),
        means=((1 - share) * old.means + share * new.means).astype(np.float32),
    )
