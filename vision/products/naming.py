"""Names what was taken from a slot or put into it: the part of the slot that changed, before a take or after a put.

One embedding per change, nothing per picture. Must not: hold up a camera: where products cannot be named the watch goes
on without, and says why; what is none of the enrolled products, or unclear, stays without a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np

from edge.config import StoreConfig
from edge.core.errors import BadInput
from edge.core.events import ShelfChanged
from vision.places import SlotShape
from vision.products.catalogue import Catalogue
from vision.products.classifier import Classifier
from vision.products.embedding import Embedder, Picture, Vector, open_embedder
from vision.products.pictures import LEAST_PX

CHANGED: Final = 30  # grey levels, after evening out the light
LEAST_PART: Final = 0.12  # of the slot; less is noise, then the whole slot is looked at
MARGIN: Final = 0.06
# Against the planogram: a put is of another product where that one's cosine is at least this, and this much above the
# planogram's own (rendered shops: 0 of 36 takes misnamed, 1 of 36 foreign puts). A take waits for an earlier such put.
STRANGER_COSINE: Final = 0.45
STRANGER_LEAD: Final = 0.20


class SlotNamer:
    """Remembers how each slot of one camera looked when it was last quiet, and names changes."""

    def __init__(self, embedder: Embedder, fitted: Classifier, slots: Sequence[SlotShape], min_share: float) -> None:
        self._embedder, self._fitted, self._min_share = embedder, fitted, min_share
        self._slots = tuple(slots)
        self._quiet: dict[str, Picture] = {}
        self._strangers: dict[str, list[str]] = {}

    def settle(self, slot: SlotShape, picture: Picture) -> None:
        """The slot is quiet and looks like this now, in a BGR picture of the camera."""
        self._quiet[slot.id] = slot_crop(picture, slot).copy()

    def name(self, slot: SlotShape, event: ShelfChanged, picture: Picture) -> ShelfChanged:
        """The event with the product where it is clear. `picture` is the one that showed the change."""
        before, after = self._quiet.get(slot.id), slot_crop(picture, slot)
        if before is None:
            if event.change == "take":
                return event
            before = after
        part = changed_part(before, after)
        seen = (before if event.change == "take" else after)[part]
        if min(seen.shape[:2]) < LEAST_PX:
            return event
        sku = self._sku(slot, event.change, self._embedder.embed(np.ascontiguousarray(seen)))
        return event if sku is None else msgspec.structs.replace(event, sku=sku)

    def _sku(self, slot: SlotShape, change: str, vector: Vector) -> str | None:
        """The product of a vector; where it is below the catalogue's threshold, compared with the slot's own."""
        answer = self._fitted.answer(vector)
        likeliest, share = answer.ranked[0]
        strangers = self._strangers.setdefault(slot.id, [])
        named = answer.sku if share >= self._min_share else None
        if slot.sku in self._fitted.space.skus:
            scores = dict(
                zip(self._fitted.space.skus, self._fitted.space.scores(vector[None])[0].tolist(), strict=True)
            )
            lead = scores[likeliest] - scores[slot.sku]
            if change == "take":
                there = max([slot.sku, *strangers], key=lambda sku: scores[sku])
                named = named or (there if strangers else None)
            elif share >= self._min_share and scores[likeliest] >= STRANGER_COSINE and lead >= STRANGER_LEAD:
                named = likeliest
        if named is not None and named != slot.sku:
            if change == "put":
                strangers.append(named)
            elif named in strangers:
                strangers.remove(named)
        return named

    def describe(self) -> str:
        """For people."""
        return f"names {len(self._fitted.space.skus)} products by {self._embedder.describe()}"


def open_namer(config: StoreConfig, slots: Sequence[SlotShape]) -> tuple[SlotNamer | None, str]:
    """The namer of a configuration and what to tell people; None where there is no catalogue, or it cannot be used."""
    if config.products.folder is None:
        return None, ""
    try:
        embedder = open_embedder(config.models)
        fitted = Catalogue(Path(config.products.folder)).classifier(embedder.kind)
    except BadInput as problem:
        return None, f"products are not named: {problem}"
    namer = SlotNamer(embedder, fitted, slots, config.products.min_share)
    return namer, namer.describe()


def changed_part(before: Picture, after: Picture) -> tuple[slice, slice]:
    """Rows and columns around what differs between two pictures of one place; all of it where little does."""
    first, second = (cv2.GaussianBlur(one, (5, 5), 0).astype(np.float32) + 1 for one in (before, after))
    light = np.median(first / second, axis=(0, 1))
    differs = np.abs(first - second * light).max(axis=2) > CHANGED
    solid = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    height, width = solid.shape
    if not len(rows) or (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1) < LEAST_PART * height * width:
        return slice(0, height), slice(0, width)
    return _widened(rows[0], rows[-1], height), _widened(columns[0], columns[-1], width)


def _widened(first: int, last: int, size: int) -> slice:
    margin = round(MARGIN * (last - first + 1))
    return slice(max(0, int(first) - margin), min(size, int(last) + 1 + margin))


def slot_crop(picture: Picture, slot: SlotShape) -> Picture:
    """The upright box round a slot, a view into the picture."""
    across, down = zip(*slot.corners_px, strict=True)
    return picture[max(0, min(down)) : max(down), max(0, min(across)) : max(across)]
