"""How a stream looks when it is well: learned from its first seconds, and followed where goods come and go.

Every limit that depends on the scene is a share of what was learned here, so nothing is tuned to one clip. Must not:
judge, or follow a change of the whole picture (that is what the watch is for).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.camera_health.anchors import Anchors, Shift
from vision.camera_health.look import Cells, Look, agreement, plane_of

LEARN_NS: Final = 4_000_000_000
LEARN_LOOKS: Final = 8
STEADY: Final = 0.8  # correlation of a cell with the reference in half of the first looks: no person, no screen
LOST_SHARE: Final = 0.4  # less fine detail than this share of the reference's is lost (measured: vision/README.md)
AGREES: Final = 0.5
WELL_SHARE: Final = 0.6  # of the cells agree: the view is the learned one, and single cells may be learned anew
ABSORB_NS: Final = 20_000_000_000  # a cell that shows another sharp thing for so long shows other goods
SAME: Final = 0.8
LEAST_CELLS: Final = 8

Chosen = NDArray[np.bool_]


class Reference:
    """The learned view of one camera. `goods` marks cells in which things come and go by purpose."""

    def __init__(self, looks: Sequence[Look], goods: Chosen | None = None) -> None:
        planes = [look.plain for look in looks]
        self._shape = looks[-1].grey.shape
        self.plain = np.asarray(np.median(np.stack(planes), axis=0), np.float32)
        self.fine = _median([look.fine for look in looks])
        self.coarse = _median([look.coarse for look in looks])
        self.level = _median([look.level for look in looks])
        self.bright = float(np.median([look.bright for look in looks]))
        sharp = [value for look in looks if (value := look.sharpness()) is not None]
        self.sharpness = float(np.median(sharp)) if sharp else None
        self.textured: Chosen = np.median(np.stack([look.textured for look in looks]), axis=0) >= 0.5
        self._plane = plane_of(self.plain)
        self._agreed: tuple[Look, Cells] | None = None  # asked for several times in a look
        alike = _median([agreement(look.plane, self._plane) for look in looks])
        self.useful: Chosen = self.textured & (alike >= STEADY)
        self.goods: Chosen = np.zeros(self.useful.shape, np.bool_) if goods is None else goods
        self.anchors = Anchors(planes, self.plain)
        self._candidate = self.plain.copy()
        self._since_ns = np.full(self.useful.shape, looks[-1].at_ns, np.int64)

    def fits(self, look: Look) -> bool:
        """Whether a picture has the size that was learned."""
        return look.grey.shape == self._shape

    @property
    def judgeable(self) -> bool:
        """Whether enough of the picture has structure that stays."""
        return int(np.count_nonzero(self.useful)) >= LEAST_CELLS

    def agrees(self, look: Look) -> Cells:
        """Correlation with the learned view, cell by cell."""
        if self._agreed is None or self._agreed[0] is not look:
            self._agreed = look, agreement(look.plane, self._plane)
        return self._agreed[1]

    def lost(self, look: Look) -> Chosen:
        """Useful cells whose fine detail is gone."""
        return np.asarray(self.useful & (look.fine < LOST_SHARE * self.fine), np.bool_)

    def shift(self, look: Look) -> Shift | None:
        """How far the camera moved, where anchors can tell."""
        return self.anchors.shift(look.plain)

    def follow(self, look: Look) -> None:
        """Learn anew single cells that show another sharp, still thing, while most of the view is unchanged."""
        agrees = self.agrees(look)
        if self.share(agrees >= WELL_SHARE) < WELL_SHARE:
            return
        foreign = (agrees < AGREES) & ~self.lost(look)
        still = agreement(look.plane, plane_of(self._candidate)) >= SAME if foreign.any() else foreign
        fresh = ~(foreign & still)
        self._since_ns[fresh] = look.at_ns
        pixels = _to_pixels(fresh, self.plain.shape)
        self._candidate[pixels] = look.plain[pixels]
        ripe = look.at_ns - self._since_ns >= ABSORB_NS
        if ripe.any():
            self._absorb(ripe, look)

    def share(self, cells: Chosen) -> float:
        """Share of the useful cells."""
        return float(np.count_nonzero(cells & self.useful)) / max(1, int(np.count_nonzero(self.useful)))

    def _absorb(self, ripe: Chosen, look: Look) -> None:
        pixels = _to_pixels(ripe, self.plain.shape)
        self.plain[pixels] = look.plain[pixels]
        self._plane, self._agreed = plane_of(self.plain), None
        for mine, seen in ((self.fine, look.fine), (self.coarse, look.coarse), (self.level, look.level)):
            mine[ripe] = seen[ripe]
        self.textured[ripe] = look.textured[ripe]
        self.useful[ripe] = look.textured[ripe]
        self._since_ns[ripe] = look.at_ns


def goods_cells(
    goods_px: Sequence[Sequence[tuple[int, int]]], size_px: tuple[int, int], shape: tuple[int, ...]
) -> Chosen:
    """Cells that lie in one of the polygons by a fifth or more."""
    mask = np.zeros((size_px[1], size_px[0]), np.float32)
    for corners in goods_px:
        cv2.fillPoly(mask, [np.array(corners, np.int32)], 1.0)
    return np.asarray(cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_AREA) >= 0.2, np.bool_)


def _median(planes: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.asarray(np.median(np.stack(planes), axis=0), np.float32)


def _to_pixels(cells: Chosen, shape: tuple[int, ...]) -> Chosen:
    grown = cv2.resize(cells.astype(np.uint8), (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(grown, np.bool_)
