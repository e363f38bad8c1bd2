"""How many of each product a still of a shelf shows: crops of a reference picture are looked for in other pictures.

For stock-taking with a hand-held camera or before and after a sale: the view may shift and zoom a little, the packs
stand as in the reference. Normalised cross-correlation in colour (OpenCV `TM_CCOEFF_NORMED`) over a few sizes.
Must not: follow a stream (vision.slots does), or find a product that it has no crop of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from vision.places import SlotShape
from vision.products.embedding import Picture

CROP_PX: Final = 44  # the narrower side of the smallest crop at working size
WORK_PX: Final = (240, 800)  # least and most of a picture's longer side
SIZES: Final = (0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15)
LEAST_MATCH: Final = 0.7
SAME_PLACE: Final = 0.35  # intersection over the smaller box
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Facing:
    """One pack that was found: `box_px` is x0, y0, x1, y1 in the picture, `match` 1 = as in the reference."""

    sku: str
    box_px: Box
    match: float


def crops_of(reference: Picture, slots: Sequence[SlotShape]) -> list[tuple[str, Picture]]:
    """(sku, crop) of the slots that have a product. Raises BadInput for a slot outside the picture."""
    found = []
    height, width = reference.shape[:2]
    for slot in slots:
        across, down = zip(*slot.corners_px, strict=True)
        x0, y0, x1, y1 = min(across), min(down), max(across), max(down)
        if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
            cure = "give the reference picture that the slots were drawn in"
            raise BadInput(f"slot {slot.id}", f"lies outside the picture of {width}x{height} pixels; {cure}")
        if slot.sku is not None:
            found.append((slot.sku, reference[y0:y1, x0:x1]))
    if not found:
        raise BadInput("slots", "none has a product; draw a [[slot]] around one pack of each product")
    return found


def facings(picture: Picture, crops: Sequence[tuple[str, Picture]]) -> list[Facing]:
    """Packs in a picture of about the reference's size, the clearest first."""
    scale = _scale(picture, crops)
    small = _shrunk(picture, scale)
    found = [one for sku, crop in crops for one in _candidates(small, sku, _shrunk(crop, scale), scale)]
    kept: list[Facing] = []
    for one in sorted(found, key=lambda facing: (-facing.match, facing.sku, facing.box_px)):
        if all(_overlap(one.box_px, other.box_px) < SAME_PLACE for other in kept):
            kept.append(one)
    return kept


def counts(found: Sequence[Facing]) -> dict[str, int]:
    """How many of each product, those with none left out."""
    return dict(sorted(Counter(one.sku for one in found).items()))


def change(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What came (above 0) and went (below 0) between two counts."""
    gaps = {sku: after.get(sku, 0) - before.get(sku, 0) for sku in sorted({*before, *after})}
    return {sku: gap for sku, gap in gaps.items() if gap}


def _scale(picture: Picture, crops: Sequence[tuple[str, Picture]]) -> float:
    wanted = CROP_PX / min(min(crop.shape[:2]) for _, crop in crops)
    longest = max(picture.shape[:2])
    return min(1.0, float(max(WORK_PX[0] / longest, min(WORK_PX[1] / longest, wanted))))


def _shrunk(picture: Picture, scale: float) -> Picture:
    size = (max(4, round(picture.shape[1] * scale)), max(4, round(picture.shape[0] * scale)))
    return np.asarray(cv2.GaussianBlur(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (0, 0), 1.0), np.uint8)


def _candidates(small: Picture, sku: str, crop: Picture, scale: float) -> list[Facing]:
    """Peaks of the match over all sizes, at least half a crop apart."""
    found = []
    for size in SIZES:
        shape = (max(4, round(crop.shape[1] * size)), max(4, round(crop.shape[0] * size)))
        if shape[0] > small.shape[1] or shape[1] > small.shape[0]:
            continue
        sized = cv2.resize(crop, shape, interpolation=cv2.INTER_AREA)
        matches = cv2.matchTemplate(small, sized, cv2.TM_CCOEFF_NORMED)
        for x, y in _peaks(matches, shape):
            box = (x, y, x + shape[0], y + shape[1])
            found.append(Facing(sku, _in_picture(box, scale), round(float(matches[y, x]), 4)))
    return found


def _peaks(matches: NDArray[Any], shape: tuple[int, int]) -> list[tuple[int, int]]:
    around = np.ones((shape[1] // 2 * 2 + 1, shape[0] // 2 * 2 + 1), np.uint8)
    finite = np.where(np.isfinite(matches), matches, -1.0).astype(np.float32)  # a flat part of a picture has no match
    rows, columns = np.nonzero((finite >= LEAST_MATCH) & (finite >= cv2.dilate(finite, around)))
    return [(int(x), int(y)) for y, x in zip(rows, columns, strict=True)]


def _in_picture(box: Box, scale: float) -> Box:
    x0, y0, x1, y1 = (round(value / scale) for value in box)
    return x0, y0, x1, y1


def _overlap(first: Box, second: Box) -> float:
    """Intersection over the smaller box: a pack in front of another hides it."""
    wide = max(0, min(first[2], second[2]) - max(first[0], second[0]))
    high = max(0, min(first[3], second[3]) - max(first[1], second[1]))
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return wide * high / max(1, smaller)
