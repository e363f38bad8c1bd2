"""Whether anything moves in front of a camera: a search for faces is worth its price only then.

Must not: say what moves.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.faces.face import Picture

GRID_PX: Final = (64, 36)
MIN_LEVELS: Final = 6.0  # of 255, in a cell of the grid: above sensor noise averaged over a cell, below a hand
MIN_CELLS: Final = 4
AWAKE_NS: Final = 3_000_000_000


class Stir:
    """Awake for some seconds after movement, after somebody was seen, and at the very first picture."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._until_ns: int | None = None

    def awake(self, picture: Picture, captured_ns: int) -> bool:
        """Whether it is worth looking at this picture (uint8 [height, width, 3], BGR)."""
        small = cv2.resize(picture, GRID_PX, interpolation=cv2.INTER_AREA)
        grid = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.float32)
        if self._before is None or np.count_nonzero(np.abs(grid - self._before) > MIN_LEVELS) >= MIN_CELLS:
            self.keep_awake(captured_ns)
            self._before = grid
        return self._until_ns is not None and captured_ns < self._until_ns

    def keep_awake(self, captured_ns: int) -> None:
        """Somebody was seen: stay awake although they stand still."""
        self._until_ns = captured_ns + AWAKE_NS
