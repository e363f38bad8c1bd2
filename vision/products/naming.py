"""Names what was taken from a slot or put into it: the part of the slot that changed, before a take or after a put.

One embedding per change, nothing per picture. Must not: hold up a camera: where products cannot be named the watch goes
on without, and says why; what is none of the enrolled products, or unclear, stays without a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np

from edge.config import StoreConfig
from edge.core.errors import BadInput
from edge.core.events import ShelfChanged
from vision.places import SlotShape
from vision.planes import Mask
from vision.products.catalogue import Catalogue
from vision.products.classifier import Answer, Classifier
from vision.products.colour_witness import ColourWitness, other_than
from vision.products.colours import Colours
from vision.products.embedding import Embedder, Picture, open_embedder
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

    def __init__(
        self,
        embedder: Embedder,
        fitted: Classifier,
        slots: Sequence[SlotShape],
        min_share: float,
        colours: Colours | None = None,
    ) -> None:
        self._embedder, self._fitted, self._min_share = embedder, fitted, min_share
        self._witness = None if colours is None else ColourWitness(colours)
        self._slots = tuple(slots)
        self._quiet: dict[str, Picture] = {}
        self._between: dict[str, Picture] = {}
        self._strangers: dict[str, list[str]] = {}

    def settle(self, slot: SlotShape, picture: Picture) -> None:
        """The slot is quiet and looks like this now, in a BGR picture of the camera."""
        self._quiet[slot.id] = slot_crop(picture, slot).copy()
        if self._witness is not None:
            self._witness.settle(slot, self._quiet[slot.id])

    def glimpse(self, slot: SlotShape, picture: Picture) -> None:
        """The slot looks like this for a moment; it may turn out to be the look between two changes."""
        self._between[slot.id] = slot_crop(picture, slot).copy()

    def name(self, slot: SlotShape, events: Sequence[ShelfChanged], picture: Picture) -> list[ShelfChanged]:
        """The events of one moment with their products where these are clear; `picture` is the one that showed them."""
        before, after, between = self._quiet.get(slot.id), slot_crop(picture, slot), self._between.get(slot.id)
        if len(events) != 2 or between is None:
            return [self._named(slot, event, before, after) for event in events]
        return [self._named(slot, events[0], before, between), self._named(slot, events[1], between, after)]

    def _named(self, slot: SlotShape, event: ShelfChanged, before: Picture | None, after: Picture) -> ShelfChanged:
        """One event, by how the slot looked before and after it."""
        if before is None:
            if event.change == "take":
                return event
            before = after
        part = changed_part(before, after)
        seen = before if event.change == "take" else after
        if min(seen[part].shape[:2]) < LEAST_PX:
            return event
        sku = self._sku(slot, event.change, seen, part, differing(before, after))
        return event if sku is None else msgspec.structs.replace(event, sku=sku)

    def _sku(self, slot: SlotShape, change: str, seen: Picture, part: tuple[slice, slice], changed: Mask) -> str | None:
        """The product of a crop; where it is below the catalogue's threshold, compared with the slot's own."""
        vector = self._embedder.embed(np.ascontiguousarray(seen[part]))
        answer = self._fitted.answer(vector)
        named = answer.sku if answer.ranked[0][1] >= self._min_share else None
        strangers = self._strangers.setdefault(slot.id, [])
        if slot.sku in self._fitted.space.skus and (named is None or change == "put"):
            skus = self._fitted.space.skus
            cosines = dict(zip(skus, self._fitted.space.scores(vector[None])[0].tolist(), strict=True))
            scores = None if self._witness is None else self._witness.scores(slot, seen, changed, cosines)
            if scores is not None and slot.sku in scores:
                named = named or other_than(slot.sku, change, scores, strangers)
            named = self._by_cosine(slot.sku, change, answer, cosines, strangers, named)
        self._follow(slot, change, named)
        return named

    def _by_cosine(
        self,
        own: str,
        change: str,
        answer: Answer,
        cosines: Mapping[str, float],
        strangers: Sequence[str],
        named: str | None,
    ) -> str | None:
        """A pack of another product by its embedding alone; what was named already stays."""
        likeliest, share = answer.ranked[0]
        if named is not None:
            return named
        if change == "take":
            return max([own, *strangers], key=lambda sku: cosines[sku]) if strangers else None
        clear = cosines[likeliest] >= STRANGER_COSINE and cosines[likeliest] - cosines[own] >= STRANGER_LEAD
        return likeliest if share >= self._min_share and clear else None

    def _follow(self, slot: SlotShape, change: str, named: str | None) -> None:
        """Strange packs that stand in a slot."""
        strangers = self._strangers[slot.id]
        if named is not None and named != slot.sku:
            if change == "put":
                strangers.append(named)
            elif named in strangers:
                strangers.remove(named)

    def describe(self) -> str:
        """For people."""
        return f"names {len(self._fitted.space.skus)} products by {self._embedder.describe()}"


def open_namer(config: StoreConfig, slots: Sequence[SlotShape]) -> tuple[SlotNamer | None, str]:
    """The namer of a configuration and what to tell people; None where there is no catalogue, or it cannot be used."""
    if config.products.folder is None:
        return None, ""
    try:
        embedder = open_embedder(config.models)
        catalogue = Catalogue(Path(config.products.folder))
        fitted = catalogue.classifier(embedder.kind)
    except BadInput as problem:
        return None, f"products are not named: {problem}"
    namer = SlotNamer(embedder, fitted, slots, config.products.min_share, catalogue.colours())
    return namer, namer.describe()


def changed_part(before: Picture, after: Picture) -> tuple[slice, slice]:
    """Rows and columns around what differs between two pictures of one place; all of it where little does."""
    differs = differing(before, after)
    solid = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    height, width = solid.shape
    if not len(rows) or (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1) < LEAST_PART * height * width:
        return slice(0, height), slice(0, width)
    return _widened(rows[0], rows[-1], height), _widened(columns[0], columns[-1], width)


def differing(before: Picture, after: Picture) -> Mask:
    """Pixels that differ by more than the light does."""
    first, second = (cv2.GaussianBlur(one, (5, 5), 0).astype(np.float32) + 1 for one in (before, after))
    light = np.median(first / second, axis=(0, 1))
    return np.asarray(np.abs(first - second * light).max(axis=2) > CHANGED, np.bool_)


def _widened(first: int, last: int, size: int) -> slice:
    margin = round(MARGIN * (last - first + 1))
    return slice(max(0, int(first) - margin), min(size, int(last) + 1 + margin))


def slot_crop(picture: Picture, slot: SlotShape) -> Picture:
    """The upright box round a slot, a view into the picture."""
    across, down = zip(*slot.corners_px, strict=True)
    return picture[max(0, min(down)) : max(down), max(0, min(across)) : max(across)]
