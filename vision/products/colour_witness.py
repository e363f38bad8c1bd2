"""Whether a pack in a slot is of another product than the slot's, by its colours and its embedding together.

Colours speak only where the slot's own stock, when it was first seen, is best explained by its own product: under
another light, or with studio pictures, they stay silent. Must not: name what a classifier was sure of, or keep a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.places import SlotShape
from vision.planes import Mask, Planes, log_planes
from vision.products.colours import Colours
from vision.products.embedding import Picture

# Rendered shops 2 and 8, packs of 20 to 40 pixels: 0 of 56 own puts and 1 of 195 own takes misnamed, 134 of 173 strange
# puts and 135 of 146 strange takes named right.
COSINE_WEIGHT: Final = 0.3
PUT_LEAD: Final = 0.8  # of the mean log-likelihood, over the slot's own product
TAKE_LEAD: Final = 1.0
LEAST_PIXELS: Final = 20


class ColourWitness:
    """Remembers how each slot looked when it was first quiet."""

    def __init__(self, colours: Colours) -> None:
        self._colours = colours
        self._first: dict[str, Planes] = {}
        self._credible: dict[str, bool] = {}

    def settle(self, slot: SlotShape, crop: Picture) -> None:
        """The slot is quiet; `crop` is the upright box round it."""
        if slot.id not in self._first:
            self._first[slot.id] = log_planes(crop)[_inside(slot, crop.shape[:2])]

    def scores(
        self, slot: SlotShape, crop: Picture, changed: Mask, cosines: Mapping[str, float]
    ) -> dict[str, float] | None:
        """How well each product explains the changed pixels of a crop; None where colours cannot be trusted."""
        if np.count_nonzero(changed) < LEAST_PIXELS or not self._trusted(slot):
            return None
        likely = self._colours.scores(log_planes(crop)[changed]).tolist()
        return {
            sku: score + COSINE_WEIGHT * cosines[sku]
            for sku, score in zip(self._colours.skus, likely, strict=True)
            if sku in cosines
        }

    def _trusted(self, slot: SlotShape) -> bool:
        if slot.sku not in self._colours.skus or slot.id not in self._first:
            return False
        if slot.id not in self._credible:
            likely = self._colours.scores(self._first[slot.id])
            self._credible[slot.id] = self._colours.skus[int(likely.argmax())] == slot.sku
        return self._credible[slot.id]


def other_than(own: str, change: str, scores: Mapping[str, float], strangers: Sequence[str]) -> str | None:
    """The product that clearly explains a pack better than the slot's own; one known to stand there needs no lead."""
    best = max(scores, key=lambda sku: scores[sku])
    if change == "take" and strangers:
        return max([own, *(sku for sku in strangers if sku in scores)], key=lambda sku: scores[sku])
    lead = scores[best] - scores[own]
    return best if lead >= (TAKE_LEAD if change == "take" else PUT_LEAD) else None


def _inside(slot: SlotShape, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    corners = np.array(slot.corners_px) - np.min(slot.corners_px, axis=0)
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return mask.astype(np.bool_)
