"""What in a shelf camera's picture is neither shelf nor stock: hands, bodies, and whatever else moves.

A reference of the scene follows slow light; pixels that differ from it form blobs. A blob that keeps within
one slot, or lies perfectly still over several, can be items; anything else is a body. A body that stands perfectly
still for long becomes a second layer of the reference, and the first comes back when it leaves.
Must not: know what a slot sells, or report anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.planes import Mask, Planes

COLOUR_SHARE = 0.9  # colour threshold as a share of the light threshold
MOTION_SHARE = 0.6
NOISE_FACTOR = 4.0
MOTION_SPAN_S = 0.15
REFERENCE_TAU_S = 20.0
OUTSIDE_SHARE = 0.35  # more of a blob than this outside the slot: it is a body
STILL_S = 1.2  # items of several slots that came or went together lie still for this long
STILL_QUANTILE = 0.15  # of the pixels may flutter with the key frames of the video
# What lies still and is not much larger than a slot may be mostly beside it, as the upper part of a tall pack is.
STILL_INSIDE_SHARE, STILL_LARGEST, STILL_LONG_S, BESIDE_PX = 0.2, 2.5, 2.5, 9
LEAST_BLOB_SHARE = 0.0008  # of the picture; smaller is noise
GLOBAL_MOTION_SHARE = 0.5  # more than this moving at once is light, not a body


SHADE_DEEPEST = 1.2  # of the logarithm of light: a third of it is left
SHADE_COLOUR = 1.2  # of the threshold
SHADE_TEXTURE = 0.035
SHADE_MISFIT, SHADE_FLAT = 0.45, 0.014
SHADE_PRINTED = 0.2  # of a piece
SHADE_WINDOW, DETAIL_WINDOW = (5, 5), (7, 7)


def _detail(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light without its slow part."""
    return np.asarray(light - cv2.blur(light, DETAIL_WINDOW), np.float32)


def _around(mask: Mask, margin: int) -> tuple[slice, slice]:
    """The upright box round all of a mask, with a margin."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )


def _shade(reference: Planes, plain: Planes, foreground: Mask, threshold: float) -> Mask:
    darker = reference[..., 0] - plain[..., 0]
    colour = np.maximum(np.abs(reference[..., 1] - plain[..., 1]), np.abs(reference[..., 2] - plain[..., 2]))
    before, now = (_detail(planes[..., 0]) for planes in (reference, plain))
    texture = cv2.blur(np.abs(before), SHADE_WINDOW)
    misfit = cv2.blur(np.abs(before - now), SHADE_WINDOW)
    possible = foreground & (darker > 0) & (darker < SHADE_DEEPEST) & (colour < SHADE_COLOUR * threshold)
    possible &= misfit < np.maximum(SHADE_MISFIT * texture, SHADE_FLAT)
    count, labels = cv2.connectedComponents(possible.astype(np.uint8), connectivity=8)
    sizes = np.bincount(labels.ravel(), minlength=count)
    printed = np.bincount(labels[possible & (texture > SHADE_TEXTURE)], minlength=count)
    sure = printed >= SHADE_PRINTED * sizes
    sure[0] = False
    return np.asarray(sure[labels], np.bool_)


@dataclass(frozen=True)
class Scene:
    """One picture explained. Masks have the working size; `offset` is exposure and white balance (3 planes).

    `changed` differs from the reference and is no body: something came or went there. `shade` is only darker.
    """

    body: Mask
    changed: Mask
    shade: Mask
    moving: Mask
    offset: NDArray[np.float32]
    flash: bool


class Backdrop:
    """The reference of one camera. Feed every picture in order."""

    def __init__(self, near_slots: Sequence[Mask], shape: tuple[int, int], threshold: float, absorb_s: float) -> None:
        self._owner = np.zeros(shape, np.int32)
        for number, mask in enumerate(near_slots, start=1):
            self._owner[mask & (self._owner == 0)] = number
        self._areas = [0, *(int(np.count_nonzero(mask)) for mask in near_slots)]
        self._threshold = threshold
        self._absorb_s = absorb_s
        self._reference: Planes | None = None
        self._under: Planes = np.zeros((*shape, 3), np.float32)
        self._candidate: Planes = np.zeros((*shape, 3), np.float32)
        self._candidate_since = np.zeros(shape, np.float64)
        self.layer = np.zeros(shape, np.int32)
        self._under_layer = np.full(shape, -1, np.int32)
        self.layers = 0
        self._noise = np.full(shape, 0.02, np.float32)
        self._background = np.ones(shape, np.bool_)
        self._recent: deque[tuple[float, Planes, Mask]] = deque()
        self._blinded: Mask = np.zeros(shape, np.bool_)
        self._reference_blinded = np.zeros(shape, np.uint8)
        self._seen = 0
        self._last_s = 0.0
        self.plain: Planes = np.zeros((*shape, 3), np.float32)

    def see(self, planes: Planes, blinded: Mask, at_s: float) -> Scene:
        """Explain one picture; `planes` as from `log_planes`, `blinded` as from `saturated`, times rise."""
        self._blinded = blinded
        planes = np.asarray(cv2.blur(planes, (3, 3)), np.float32)
        if self._reference is None:
            self._reference = planes.copy()
        self._seen += 1
        moving, flash = self._motion(planes, at_s)
        offset = self._offset(planes - self._reference)
        plain = self.plain = planes - offset
        foreground = self._stands_out(plain)
        foreground &= ~self._return_to_layer_under(plain, foreground)
        shade = self._shaded(plain, foreground)
        odd, foreground = foreground, foreground & ~shade
        self._follow_candidates(plain, foreground, at_s)
        body, blobs = self._bodies(foreground, at_s)
        self._absorb(blobs, at_s)
        self._follow_light(plain, odd | moving, at_s)
        self._background = ~odd
        return Scene(body=body, changed=foreground & ~body, shade=shade, moving=moving, offset=offset, flash=flash)

    def adopt(self, where: Mask) -> None:
        """Take what is seen now in `where` as the scene's own look: an item came or went there."""
        assert self._reference is not None
        self._reference[where] = self.plain[where]
        self._reference_blinded[where] = self._blinded[where]

    def _motion(self, planes: Planes, at_s: float) -> tuple[Mask, bool]:
        while len(self._recent) > 1 and at_s - self._recent[1][0] >= MOTION_SPAN_S:
            self._recent.popleft()
        before, blinded = self._recent[0][1:] if self._recent else (planes, self._blinded)
        step = planes - before
        step -= np.median(step[::4, ::4].reshape(-1, 3), axis=0)
        size = np.maximum(np.abs(step[..., 0]), np.hypot(step[..., 1], step[..., 2]) / COLOUR_SHARE)
        limit = np.maximum(MOTION_SHARE * self._threshold, NOISE_FACTOR * self._noise)
        moving = (size > limit) & ~(blinded & self._blinded)
        self._noise += np.where(moving, 0, 0.03 * (np.minimum(size, 0.08) - self._noise)).astype(np.float32)
        self._recent.append((at_s, planes, self._blinded))
        opened = cv2.morphologyEx(moving.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        return opened.astype(np.bool_), bool(opened.mean() > GLOBAL_MOTION_SHARE)

    def _offset(self, delta: Planes) -> NDArray[np.float32]:
        grid = self._background[::3, ::3]
        chosen = delta[::3, ::3][grid] if grid.mean() > 0.05 else delta[::3, ::3].reshape(-1, 3)
        return np.asarray(np.median(chosen, axis=0), np.float32)

    def _differs(self, plain: Planes, reference: Planes) -> Mask:
        delta = np.abs(plain - reference)
        limit = np.maximum(self._threshold, NOISE_FACTOR * self._noise)
        colour = np.maximum(delta[..., 1], delta[..., 2]) > COLOUR_SHARE * limit
        return np.asarray((delta[..., 0] > limit) | colour, np.bool_)

    def _stands_out(self, plain: Planes) -> Mask:
        """Differs from the reference and its neighbours: a camera that trembles by a pixel shows no edges."""
        assert self._reference is not None
        kernel = np.ones((3, 3), np.uint8)
        above = plain - cv2.dilate(self._reference, kernel)
        below = cv2.erode(self._reference, kernel) - plain
        limit = np.maximum(self._threshold, NOISE_FACTOR * self._noise)
        once_blinded = self._reference_blinded.astype(np.bool_)
        # what blinded the sensor may be brighter than it could say, and has no colour
        brighter = (above[..., 0] > limit) & ~once_blinded
        darker = (below[..., 0] > limit) & ~self._blinded
        beyond = np.maximum(above, below)
        colour = np.maximum(beyond[..., 1], beyond[..., 2]) > COLOUR_SHARE * limit
        return np.asarray(brighter | darker | (colour & ~once_blinded & ~self._blinded), np.bool_)

    def _shaded(self, plain: Planes, foreground: Mask) -> Mask:
        """Darker, but of the same colour and with the same print: a shadow lies there, and what stood there still does.

        Logarithms turn a shadow into an offset, so what is printed keeps its contrast. A plain surface cannot tell by
        itself: it is in the shadow where it is one piece with something printed that is.
        """
        assert self._reference is not None
        shade = np.zeros_like(foreground)
        if foreground.any():
            where = _around(foreground, SHADE_WINDOW[0] + DETAIL_WINDOW[0])
            shade[where] = _shade(self._reference[where], plain[where], foreground[where], self._threshold)
        return shade

    def _return_to_layer_under(self, plain: Planes, foreground: Mask) -> Mask:
        known = foreground & (self._under_layer >= 0)
        if not known.any():
            return known
        back = known & ~self._differs(plain, self._under)
        assert self._reference is not None
        for first, second in ((self._reference, self._under), (self.layer, self._under_layer)):
            kept = first[back].copy()
            first[back] = second[back]
            second[back] = kept
        return back

    def _bodies(self, foreground: Mask, at_s: float) -> tuple[Mask, list[Mask]]:
        closed = cv2.morphologyEx(foreground.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        closed = cv2.morphologyEx(closed, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
        least = max(6, LEAST_BLOB_SHARE * labels.size)
        body = np.zeros(labels.shape, np.bool_)
        blobs, doubtful = [], []
        for label in range(1, count):
            if stats[label, cv2.CC_STAT_AREA] < least:
                continue
            blob = labels == label
            still_s = self._items_when_still_s(blob, int(stats[label, cv2.CC_STAT_AREA]))
            if still_s is None:
                body |= blob
                blobs.append(blob)
            elif still_s > 0:
                doubtful.append((blob, still_s))
        # a head or a hand that rests there is beside the rest of its body
        beside = cv2.dilate(body.astype(np.uint8), np.ones((BESIDE_PX, BESIDE_PX), np.uint8)).astype(np.bool_)
        for blob, still_s in doubtful:
            if (blob & beside).any() or not self._still(blob, at_s, still_s):
                body |= blob
                blobs.append(blob)
        return body, blobs

    def _items_when_still_s(self, blob: Mask, area: int) -> float | None:
        """How long a blob must lie still to be items: 0 for one that keeps within a slot, None for a body."""
        owners = np.bincount(self._owner[blob], minlength=2)
        slot = int(owners[1:].argmax()) + 1
        if self._leaves_picture(blob, slot):
            return None
        if owners[slot] >= (1 - OUTSIDE_SHARE) * area:
            return 0.0
        if owners[0] <= OUTSIDE_SHARE * area:
            return STILL_S
        small = area <= STILL_LARGEST * self._areas[slot] and owners[slot] >= STILL_INSIDE_SHARE * area
        return STILL_LONG_S if small else None

    def _still(self, blob: Mask, at_s: float, lasts_s: float) -> bool:
        return bool(np.quantile(at_s - self._candidate_since[blob], STILL_QUANTILE) >= lasts_s)

    def _leaves_picture(self, blob: Mask, slot: int) -> bool:
        """Whether the blob goes on beyond the picture at a place that is not the slot's: as arms and bodies do."""
        strange = blob & (self._owner != slot)
        return bool(strange[[0, -1]].any() or strange[:, [0, -1]].any())

    def _follow_candidates(self, plain: Planes, foreground: Mask, at_s: float) -> None:
        fresh = self._differs(plain, self._candidate)
        cv2.copyTo(plain, fresh.astype(np.uint8), self._candidate)
        np.putmask(self._candidate_since, fresh, at_s)

    def _absorb(self, blobs: list[Mask], at_s: float) -> None:
        assert self._reference is not None
        for blob in blobs:
            if np.quantile(at_s - self._candidate_since[blob], 0.05) < self._absorb_s:
                continue
            self.layers += 1
            self._under[blob] = self._reference[blob]
            self._under_layer[blob] = self.layer[blob]
            self._reference[blob] = self._candidate[blob]
            self.layer[blob] = self.layers

    def _follow_light(self, plain: Planes, busy: Mask, at_s: float) -> None:
        assert self._reference is not None
        step = max(1.0 / self._seen, min(1.0, (at_s - self._last_s) / REFERENCE_TAU_S))
        calm = (~busy).astype(np.uint8)
        cv2.accumulateWeighted(plain, self._reference, step, mask=calm)
        cv2.copyTo(self._blinded.astype(np.uint8), calm, self._reference_blinded)
        self._last_s = at_s
