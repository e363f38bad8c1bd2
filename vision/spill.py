"""Whose change it is: a pack that comes or goes is also seen in the slot beside it, over which it leans in the picture.

Pixels that changed form blobs. A blob belongs to the slot that holds most of it; a slot that holds less than half as
much has not changed itself. Must not: know how a slot looks, or tell an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vision.planes import Mask

LEANING = 0.75  # of a change already told, where nothing else is left to see
HALF = 0.5  # two slots with comparable parts of a blob have both changed
FOREIGN_SHARE = 0.7  # so much of what changed in a slot must belong to others
LEAST_SHARE, SMALL_SHARE = 0.03, 0.15  # of a slot
TOUCH_PX = 3
KEPT_NS = 60_000_000_000


@dataclass(frozen=True)
class _Told:
    """A change that was told: when nobody saw the slot, where it is, and how large in its own slot."""

    slot: int
    began_ns: int
    ended_ns: int
    where: Mask
    area: int


class Claims:
    """Blobs and slots of one camera; `inside` are the masks of the slots at working size."""

    def __init__(self, inside: Sequence[Mask]) -> None:
        self._inside = inside
        self._told: list[_Told] = []

    def foreign(self, slot: int, changed: Mask, began_ns: int, ended_ns: int) -> bool:
        """Whether the change of a slot, unseen from `began_ns` to `ended_ns`, is a part of its neighbour's."""
        here = self._inside[slot]
        total = int(np.count_nonzero(changed & here))
        told = [row for row in self._told if row.slot != slot and row.began_ns <= ended_ns and row.ended_ns >= began_ns]
        least = LEAST_SHARE * np.count_nonzero(here)
        if total < least:  # what was told explained what could be seen here
            parts = [(int(np.count_nonzero(row.where & here)), row.area) for row in told]
            return any(total < part < LEANING * area for part, area in parts)
        foreign = 0
        for blob in _blobs(changed, here):
            own = int(np.count_nonzero(blob & here))
            beside = _told_beside(blob, told) if own < SMALL_SHARE * np.count_nonzero(here) else 0
            if own < HALF * max(self._most_elsewhere(slot, blob), beside):
                foreign += own
        return foreign >= FOREIGN_SHARE * total

    def tell(self, slot: int, changed: Mask, began_ns: int, ended_ns: int) -> Mask:
        """A slot's change was told; returns everything in the picture that it explains."""
        here = self._inside[slot]
        where = np.zeros(changed.shape, np.bool_)
        for blob in _blobs(changed, here):
            own = int(np.count_nonzero(blob & here))
            if own >= self._most_elsewhere(slot, blob):
                where |= blob
        self._told = [row for row in self._told if ended_ns - row.ended_ns < KEPT_NS]
        area = int(np.count_nonzero(where & here))
        self._told.append(_Told(slot, began_ns, ended_ns, where | here, area))
        return where

    def _most_elsewhere(self, slot: int, blob: Mask) -> int:
        """The largest part of a blob in another slot."""
        return max(
            (int(np.count_nonzero(blob & mask)) for number, mask in enumerate(self._inside) if number != slot),
            default=0,
        )


def _told_beside(blob: Mask, told: Sequence[_Told]) -> int:
    """The size of the largest told change that a blob touches."""
    wide = cv2.dilate(blob.astype(np.uint8), np.ones((2 * TOUCH_PX + 1,) * 2, np.uint8)).astype(np.bool_)
    return max((row.area for row in told if (wide & row.where).any()), default=0)


def _blobs(changed: Mask, here: Mask) -> list[Mask]:
    """Connected parts of what changed that reach into a slot."""
    closed = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(closed, connectivity=8)
    return [labels == label for label in np.unique(labels[here]) if label]
