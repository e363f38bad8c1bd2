"""Where slots are in the picture: masks and rectified patches at working size.

Must not: judge what is seen there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from vision.planes import Mask, Picture, work_scale

PATCH_WIDTH_PX, PATCH_HEIGHT_PX = 32, 40
LEAST_SIZE_PX = 16
FOOT_SHARE = 0.25
MARGIN_SHARE = 0.12  # an item may stand a little out of its slot


@dataclass(frozen=True)
class SlotShape:
    """One slot as configured: `corners_px` in picture pixels, three or more; `count` items at the start."""

    id: str
    corners_px: tuple[tuple[int, int], ...]
    count: int = 1
    sku: str | None = None


def box(x0: int, y0: int, x1: int, y1: int) -> tuple[tuple[int, int], ...]:
    """Corners of a box, clockwise from the top left."""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


class Places:
    """Masks and patches of all slots of one camera for pictures of one size."""

    def __init__(self, slots: Sequence[SlotShape], width_px: int, height_px: int) -> None:
        self.size = (width_px, height_px)
        for slot in slots:
            _check(slot, width_px, height_px)
        scale = work_scale(width_px)
        shape = (round(height_px * scale), round(width_px * scale))
        self.inside = [_mask(slot, scale, shape, 0.0) for slot in slots]
        self.feet = [_foot(slot, scale, shape) for slot in slots]
        self.near = [_mask(slot, scale, shape, MARGIN_SHARE) for slot in slots]
        self.boxes = [_bounds(mask) for mask in self.near]
        self.any_near: Mask = np.logical_or.reduce(self.near) if slots else np.zeros(shape, np.bool_)
        self._maps = _patch_maps(slots, scale) if slots else None
        self._inside_pixels, self._near_pixels = _Pixels(self.inside), _Pixels(self.near)

    def inside_shares(self, mask: Mask) -> list[float]:
        """The part of each slot that a mask of the picture covers."""
        return self._inside_pixels.shares(mask)

    def near_shares(self, mask: Mask) -> list[float]:
        """The same, of each slot with its margin."""
        return self._near_pixels.shares(mask)

    def patches(self, picture: Picture) -> NDArray[np.float32]:
        """Rectified slots of a picture of working size, shape [slots, height, width, 3], BGR, float32."""
        if self._maps is None:
            return np.zeros((0, PATCH_HEIGHT_PX, PATCH_WIDTH_PX, 3), np.float32)
        across, down = self._maps[..., 0], self._maps[..., 1]
        sheet = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(sheet, np.float32).reshape(-1, PATCH_HEIGHT_PX, PATCH_WIDTH_PX, 3)


class _Pixels:
    """The pixels of all slots in one row, so that all shares cost one sum."""

    def __init__(self, masks: Sequence[Mask]) -> None:
        rows = [np.flatnonzero(mask) for mask in masks]
        self._all = np.concatenate(rows) if rows else np.zeros(0, np.intp)
        self._counts = np.array([max(1, len(row)) for row in rows], np.float64)
        self._starts = np.cumsum([0, *(len(row) for row in rows[:-1])]) if rows else np.zeros(0, np.intp)

    def shares(self, mask: Mask) -> list[float]:
        if not len(self._all):
            return [0.0] * len(self._counts)
        hits = mask.ravel()[self._all].astype(np.int32)
        found: list[float] = (np.add.reduceat(hits, self._starts) / self._counts).tolist()
        return found


def _check(slot: SlotShape, width_px: int, height_px: int) -> None:
    outside = [(x, y) for x, y in slot.corners_px if not (0 <= x <= width_px and 0 <= y <= height_px)]
    if outside:
        raise BadInput(
            f"slot {slot.id}",
            f"corner {outside[0]} lies outside the picture of {width_px}x{height_px} pixels; "
            "draw the slot in pixels of this camera's picture, or choose the stream it was drawn for",
        )
    spans = [max(axis) - min(axis) for axis in zip(*slot.corners_px, strict=True)]
    if min(spans) < LEAST_SIZE_PX:
        raise BadInput(
            f"slot {slot.id}", f"is only {min(spans)} pixels wide or high; {LEAST_SIZE_PX} are needed to see an item"
        )


def _mask(slot: SlotShape, scale: float, shape: tuple[int, int], margin: float) -> Mask:
    corners = np.array(slot.corners_px, np.float32) * scale
    if margin:
        centre = corners.mean(axis=0)
        corners = centre + (corners - centre) * (1 + 2 * margin)
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1)
    return mask.astype(np.bool_)


def _foot(slot: SlotShape, scale: float, shape: tuple[int, int]) -> Mask:
    """Where the first row of packs has its feet: there a pack that leans over from the slot beside shows least."""
    top_left, top_right, right, left = _quad(slot, scale)
    corners = np.array([left + FOOT_SHARE * (top_left - left), right + FOOT_SHARE * (top_right - right), right, left])
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1)
    return mask.astype(np.bool_)


def _bounds(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _patch_maps(slots: Sequence[SlotShape], scale: float) -> NDArray[np.float32]:
    """One map [slots * height, width, 2] of working pixels, so that all slots cost one remap."""
    across, down = np.meshgrid(np.arange(PATCH_WIDTH_PX) + 0.5, np.arange(PATCH_HEIGHT_PX) + 0.5)
    points = np.stack([across, down], axis=-1).reshape(1, -1, 2).astype(np.float32)
    sheets = []
    for slot in slots:
        target = np.array(
            [[0, 0], [PATCH_WIDTH_PX, 0], [PATCH_WIDTH_PX, PATCH_HEIGHT_PX], [0, PATCH_HEIGHT_PX]], np.float32
        )
        matrix = cv2.getPerspectiveTransform(target, _quad(slot, scale))
        sheets.append(cv2.perspectiveTransform(points, matrix).reshape(PATCH_HEIGHT_PX, PATCH_WIDTH_PX, 2) - 0.5)
    return np.concatenate(sheets).astype(np.float32)


def _quad(slot: SlotShape, scale: float) -> NDArray[np.float32]:
    """Four corners clockwise from the top left; a polygon with more or fewer is held by its smallest box."""
    corners = np.array(slot.corners_px, np.float32) * scale
    if len(corners) != 4:
        corners = np.asarray(cv2.boxPoints(cv2.minAreaRect(corners)), np.float32)
    centre = corners.mean(axis=0)
    order = np.argsort(np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0]))
    corners = corners[order]  # picture y points down, so rising angles run clockwise
    return np.roll(corners, -int(np.argmin(corners.sum(axis=1))), axis=0).astype(np.float32)
