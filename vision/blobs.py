"""People as blobs before an empty floor: no weights needed, and no notion of what a person is.

From above (`overhead`) a blob of twice the usual size is two people. Must not: follow anybody.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.bodies import Body, PeopleFinder
from vision.boxes import Box, area, covered
from vision.empty_floor import EmptyFloor
from vision.planes import Mask, Picture

WIDTH_PX: Final = 240
BLOB_SCORE: Final = 0.66  # as sure as a person must be (vision.tracker.SURE_SCORE): what sways is somebody
PART_SHARE, LEAST_SHARE, MOST_SHARE = 0.0012, 0.003, 0.6  # of the picture
WIDEST: Final = 1.7  # width over height of a body seen from the side
ABOVE_SHARE, GAP_SHARE = 0.5, 0.25  # parts of one body stand above one another, with a small gap at most
CROWD_FACTOR: Final = 1.6
USUAL_AFTER: Final = 20  # blobs seen
MOST_IN_A_CROWD: Final = 6


class BlobFinder:
    """Finds what stands before the floor and is as large as a person."""

    def __init__(self, problem: str = "", overhead: bool = False) -> None:
        self.problem = problem
        self._overhead = overhead
        self._floor: EmptyFloor | None = None
        self._sizes: deque[int] = deque(maxlen=200)

    def find(self, picture: Picture, at_s: float) -> list[Body]:
        """Blobs of a person's size and shape."""
        scale = min(1.0, WIDTH_PX / picture.shape[1])
        small = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        if self._floor is None or self._floor.stands.shape != small.shape[:2]:
            self._floor = EmptyFloor(small, at_s)
        mask = self._floor.see(small, at_s)
        boxes = self._from_above(mask) if self._overhead else _from_the_side(mask)
        return [Body((left / scale, top / scale, right / scale, bottom / scale), BLOB_SCORE)
                for left, top, right, bottom in boxes]  # fmt: skip

    def describe(self) -> str:
        """What it is, and what would be better."""
        return (
            "people by blobs before the empty floor "
            "(no network weights found; set models.folder and run `muin models pull yolox_nano`)"
        )

    def _from_above(self, mask: Mask) -> list[Box]:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        usual = float(np.median(self._sizes)) if len(self._sizes) >= USUAL_AFTER else float("inf")
        found: list[Box] = []
        for label in range(1, count):
            left, top, width, high, pixels = (int(value) for value in stats[label])
            if not LEAST_SHARE * mask.size <= pixels <= MOST_SHARE * mask.size:
                continue
            whole = left > 0 and top > 0 and left + width < mask.shape[1] and top + high < mask.shape[0]
            if pixels < CROWD_FACTOR * usual:
                found.append((left, top, left + width, top + high))
                if whole:
                    self._sizes.append(pixels)
                continue
            found += _parted(np.argwhere(labels == label)[:, ::-1], min(MOST_IN_A_CROWD, round(pixels / usual)))
        return found


class OverheadFinder:
    """For a camera that looks straight down: a network where it knows people from above, blobs where it does not."""

    def __init__(self, network: PeopleFinder | None, problem: str = "") -> None:
        self._network, self._blobs = network, BlobFinder(overhead=True)
        self.problem = network.problem if network is not None else problem

    def find(self, picture: Picture, at_s: float) -> list[Body]:
        """Blobs, and bodies of the network where no blob is (somebody who was there before the floor was known)."""
        blobs = self._blobs.find(picture, at_s)
        bodies = self._network.find(picture, at_s) if self._network is not None else []
        return blobs + [body for body in bodies if all(covered(body.box_px, blob.box_px) < 0.3 for blob in blobs)]

    def describe(self) -> str:
        """What is used."""
        added = f"; {self._network.describe()}" if self._network is not None else ""
        return f"people from above by blobs before the empty floor{added}"


def _from_the_side(mask: Mask) -> list[Box]:
    """Blobs with the parts of one body joined: a head and legs that the shelf between them cut off."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    parts = [
        ((float(left), float(top), float(left + width), float(top + high)), int(pixels))
        for left, top, width, high, pixels in stats[1:].tolist()
        if pixels > PART_SHARE * mask.size
    ]
    while (pair := _one_body(parts)) is not None:
        (first, one), (second, other) = parts[pair[0]], parts.pop(pair[1])
        joined = (
            min(first[0], second[0]),
            min(first[1], second[1]),
            max(first[2], second[2]),
            max(first[3], second[3]),
        )
        parts[pair[0]] = (joined, one + other)
    return [
        box
        for box, pixels in parts
        if LEAST_SHARE * mask.size <= pixels and area(box) <= MOST_SHARE * mask.size and _upright(box)
    ]


def _one_body(parts: list[tuple[Box, int]]) -> tuple[int, int] | None:
    for first in range(len(parts)):
        for second in range(first + 1, len(parts)):
            one, other = parts[first][0], parts[second][0]
            across = min(one[2], other[2]) - max(one[0], other[0])
            gap = max(one[1], other[1]) - min(one[3], other[3])
            above = across > ABOVE_SHARE * min(one[2] - one[0], other[2] - other[0])
            if above and gap < GAP_SHARE * max(one[3] - one[1], other[3] - other[1]):
                return first, second
    return None


def _upright(box: Box) -> bool:
    return box[2] - box[0] <= WIDEST * (box[3] - box[1])


def _parted(points: NDArray[np.int64], count: int) -> list[Box]:
    """`count` bodies in one blob (Lloyd's k-means, begun along its longest axis). `points` [n, 2] are its pixels."""
    spots = points.astype(np.float64)
    _, _, axes = np.linalg.svd(spots - spots.mean(axis=0), full_matrices=False)
    order = np.argsort((spots - spots.mean(axis=0)) @ axes[0])
    centres = np.array([spots[part].mean(axis=0) for part in np.array_split(order, count)])
    for _ in range(8):
        nearest = np.argmin(((spots[:, None] - centres[None]) ** 2).sum(axis=2), axis=1)
        centres = np.array(
            [spots[nearest == n].mean(axis=0) if (nearest == n).any() else centres[n] for n in range(count)]
        )
    found: list[Box] = []
    for number in range(count):
        own = spots[nearest == number]
        if len(own):
            (left, top), (right, bottom) = own.min(axis=0), own.max(axis=0) + 1
            found.append((float(left), float(top), float(right), float(bottom)))
    return found
