"""What one picture tells about the camera's eye, as numbers a person can follow. Pure.

All light is on a logarithmic scale, so that exposure is an offset and contrast does not change with it. The picture
is divided into cells of about 1/20 of its width. Must not: remember anything, or judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.planes import DARK_SOFT, Picture

FINE_WIDTH_PX: Final = 640  # finest detail that is judged; a substream's own width
WORK_WIDTH_PX: Final = 320
CELLS_ACROSS: Final = 20
TEXTURE: Final = 0.017  # log light per working pixel: 1.7 % from pixel to pixel is more than noise or banding
FLAT_SHARE: Final = 0.25  # the calmest quarter of the cells shows the noise

Grey = NDArray[np.uint8]
Cells = NDArray[np.float32]

_LOG: Final = np.log(np.arange(256, dtype=np.float32) + np.float32(DARK_SOFT))


class Plane(NamedTuple):
    """A plane with mean and variance of each cell, which are asked for more often than they change."""

    values: NDArray[np.float32]
    mean: Cells
    spread: Cells


@dataclass(frozen=True)
class Look:
    """One picture, measured. `grey` has at most FINE_WIDTH_PX, `plain` (log light) at most WORK_WIDTH_PX columns.

    Per cell: `fine` is the size of the finest detail without noise, `coarse` the mean slope after a blur of 1.5 px,
    `level` the mean log light, `spread` its variance. `bright` is the 90th and `brightest` the 99th percentile of the
    light, 0 to 255.
    """

    at_ns: int
    grey: Grey
    plain: NDArray[np.float32]
    fine: Cells
    coarse: Cells
    level: Cells
    spread: Cells
    bright: float
    brightest: float

    @property
    def plane(self) -> Plane:
        """`plain`, ready to be compared."""
        return Plane(self.plain, self.level, self.spread)

    @property
    def textured(self) -> NDArray[np.bool_]:
        """Cells that show some structure."""
        return np.asarray(self.coarse > TEXTURE, np.bool_)

    def sharpness(self) -> float | None:
        """Median over textured cells of fine against coarse detail: what a lens loses first.

        None where fewer than 8 cells show anything. A ratio, so it hardly depends on what is in view.
        """
        where = self.textured
        if np.count_nonzero(where) < 8:
            return None
        return float(np.median(self.fine[where] / self.coarse[where]))


def measure(picture: Picture, at_ns: int) -> Look:
    """Measure a picture, uint8 [h, w, 3], BGR."""
    grey = np.asarray(_narrowed(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), FINE_WIDTH_PX), np.uint8)
    light = np.asarray(cv2.LUT(grey, _LOG), np.float32)
    plain = np.asarray(_narrowed(light, WORK_WIDTH_PX), np.float32)
    soft = cv2.GaussianBlur(plain, (0, 0), 1.5)
    slope = cv2.magnitude(
        cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8)
    )
    coarse = to_cells(np.asarray(slope, np.float32))
    detail = cv2.Laplacian(light, cv2.CV_32F)
    power = to_cells(np.asarray(detail * detail, np.float32))
    noise = float(np.quantile(power[coarse <= np.quantile(coarse, FLAT_SHARE)], 0.5))
    measured = plane_of(plain)
    bright, brightest = np.percentile(grey[::4, ::4], (90, 99))
    return Look(
        at_ns=at_ns,
        grey=grey,
        plain=plain,
        fine=np.sqrt(np.maximum(power - noise, 0)),
        coarse=coarse,
        level=measured.mean,
        spread=measured.spread,
        bright=float(bright),
        brightest=float(brightest),
    )


def to_cells(values: NDArray[np.float32]) -> Cells:
    """Mean of a plane over each cell."""
    height, width = values.shape
    down = max(1, round(CELLS_ACROSS * height / width))
    return np.asarray(cv2.resize(values, (CELLS_ACROSS, down), interpolation=cv2.INTER_AREA), np.float32)


def plane_of(values: NDArray[np.float32]) -> Plane:
    """A plane, ready to be compared."""
    mean = to_cells(values)
    return Plane(values, mean, np.asarray(to_cells(values * values) - mean**2, np.float32))


def agreement(one: Plane, other: Plane) -> Cells:
    """Correlation (-1 to 1) of two planes of one size, cell by cell; 0 where there is no structure."""
    common = to_cells(one.values * other.values) - one.mean * other.mean
    return np.asarray(common / np.sqrt(np.maximum(one.spread * other.spread, 1e-8)), np.float32)


def _narrowed(plane: Any, width_px: int) -> Any:
    height, width = plane.shape
    if width <= width_px:
        return plane
    return cv2.resize(plane, (width_px, round(height * width_px / width)), interpolation=cv2.INTER_AREA)
