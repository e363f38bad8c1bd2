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
ABOUT_AS_MUCH = 1.3  # up to that, the feet decide: where the first row stands
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
    feet: int


class Claims:
    """Blobs and slots of one camera; `inside` are the masks of its slots, `feet` the parts where first rows stand."""

    def __init__(self, inside: Sequence[Mask], feet: Sequence[Mask]) -> None:
        self._inside, self._feet = inside, feet
        self._told: list[_Told] = []

    def foreign(self, slot: int, changed: Mask, began_ns: int, ended_ns: int) -> bool:
        """Whether the change of a slot, unseen from `began_ns` to `ended_ns`, is a part of its neighbour's."""
        here = self._inside[slot]
        total = int(np.count_nonzero(changed & here))
        told = [row for row in self._told if row.slot != slot and row.began_ns <= ended_ns and row.ended_ns >= began_ns]
        least = LEAST_SHARE * np.count_nonzero(here)
        if total < least:  # what was told explained what could be seen here
            return any(total < np.count_nonzero(row.where & here) and self._leans(slot, row) for row in told)
        foreign = 0
        for blob in _blobs(changed, here):
            own = int(np.count_nonzero(blob & here))
            beside = _told_beside(blob, told) if own < SMALL_SHARE * np.count_nonzero(here) else 0
            most, number = self._most_elsewhere(slot, blob)
            if own < HALF * max(most, beside) or (own < ABOUT_AS_MUCH * most and self._stands_in(number, slot, blob)):
                foreign += own
        return foreign >= FOREIGN_SHARE * total

    def _leans(self, slot: int, row: _Told) -> bool:
        """Whether a told change of another slot explains what was seen of it in this one."""
        part = int(np.count_nonzero(row.where & self._inside[slot]))
        feet = int(np.count_nonzero(row.where & self._feet[slot]))
        return part < LEANING * row.area or (part < ABOUT_AS_MUCH * row.area and feet < HALF * row.feet)

    def _stands_in(self, other: int, slot: int, blob: Mask) -> bool:
        """Whether what changed has its foot in the other slot."""
        here, there = (int(np.count_nonzero(blob & self._feet[number])) for number in (slot, other))
        return here < HALF * there

    def tell(self, slot: int, changed: Mask, began_ns: int, ended_ns: int) -> Mask:
        """A slot's change was told; returns everything in the picture that it explains."""
        here = self._inside[slot]
        where = np.zeros(changed.shape, np.bool_)
        for blob in _blobs(changed, here):
            own = int(np.count_nonzero(blob & here))
            most, number = self._most_elsewhere(slot, blob)
            if own >= most or (most < ABOUT_AS_MUCH * own and self._stands_in(slot, number, blob)):
                where |= blob
        self._told = [row for row in self._told if ended_ns - row.ended_ns < KEPT_NS]
        area, feet = (int(np.count_nonzero(where & mask)) for mask in (here, self._feet[slot]))
        self._told.append(_Told(slot, began_ns, ended_ns, where | here, area, feet))
        return where

    def _most_elsewhere(self, slot: int, blob: Mask) -> tuple[int, int]:
        """The largest part of a blob in another slot, and that slot."""
        return max(
            (
                (int(np.count_nonzero(blob & mask)), number)
                for number, mask in enumerate(self._inside)
                if number != slot
            ),
            default=(0, slot),
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
