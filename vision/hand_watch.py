"""Whose hand is in which slot: hands in slots that something reaches into, and the body at the end of their forearm.

Looks only at the surroundings of such slots, and not more often than `LOOK_NS`. Must not: make events of its own, or
say that a product moved.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import cv2
import msgspec
import numpy as np

from edge.core.events import ShelfReached
from vision.boxes import Box
from vision.hands import Hand, HandFinder, Point
from vision.places import SlotShape
from vision.planes import Picture

LOOK_NS = 100_000_000
KEEP_NS = 20_000_000_000
AROUND = 1.8  # of the slot's longer side: the part of the picture that is looked at
MOST_PARTS = 2
LEAST_POINTS = 3  # of 21
SLACK_NS = 300_000_000
FOREARM_REACH = 1.0  # of a body's height: how far behind the wrist the body may be
WIDER_SHARE = 0.1


class _Seen(NamedTuple):
    at_ns: int
    slot: str
    track: str | None


class HandWatch:
    """Hands of one shelf camera."""

    def __init__(self, finder: HandFinder) -> None:
        self.finder = finder
        self._seen: deque[_Seen] = deque()
        self._next_ns = 0

    def look(self, picture: Picture, at_ns: int, reached: Sequence[SlotShape], bodies: Mapping[str, Box]) -> None:
        """Look for hands in `reached`; `bodies` are those in the picture now, name -> box."""
        while self._seen and self._seen[0].at_ns < at_ns - KEEP_NS:
            self._seen.popleft()
        if not self.finder.able or not reached or at_ns < self._next_ns:
            return
        self._next_ns = at_ns + LOOK_NS
        for part in parts(reached, picture.shape[1], picture.shape[0]):
            for hand in self.finder.find(picture, part):
                track = body_behind(hand, bodies)
                self._seen.extend(_Seen(at_ns, slot.id, track) for slot in reached if in_slot(hand, slot))

    def explain(self, event: ShelfReached) -> ShelfReached:
        """The event with the hand that was in its slot meanwhile, and whose it was most often; else as it is."""
        during = [
            seen
            for seen in self._seen
            if seen.slot == event.slot and event.began_ns - SLACK_NS <= seen.at_ns <= event.ended_ns + SLACK_NS
        ]
        if not during:
            return event
        tracks = Counter(seen.track for seen in during if seen.track is not None)
        track = tracks.most_common(1)[0][0] if tracks else None
        return msgspec.structs.replace(event, by="hand", track=track)


def parts(slots: Iterable[SlotShape], width_px: int, height_px: int) -> list[tuple[int, int, int, int]]:
    """What to look at: a square around each slot, those that overlap as one, at most `MOST_PARTS`."""
    found: list[tuple[int, int, int, int]] = []
    for slot in slots:
        xs, ys = zip(*slot.corners_px, strict=True)
        half = AROUND * max(max(xs) - min(xs), max(ys) - min(ys)) / 2
        x, y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
        part = (round(x - half), round(y - half), round(x + half), round(y + half))
        for other in [other for other in found if _touch(part, other)]:
            found.remove(other)
            part = (min(part[0], other[0]), min(part[1], other[1]), max(part[2], other[2]), max(part[3], other[3]))
        found.append(part)
    clipped = [(max(0, a), max(0, b), min(width_px, c), min(height_px, d)) for a, b, c, d in found]
    return sorted(clipped, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))[:MOST_PARTS]


def in_slot(hand: Hand, slot: SlotShape) -> bool:
    """Whether a finger tip, or several points of the hand, are in the slot as the camera sees it."""
    corners = np.array(slot.corners_px, np.float32)
    inside = [cv2.pointPolygonTest(corners, (float(x), float(y)), False) >= 0 for x, y in hand.points]
    tips = [cv2.pointPolygonTest(corners, tip, False) >= 0 for tip in hand.tips]
    return any(tips) or sum(inside) >= LEAST_POINTS


def body_behind(hand: Hand, bodies: Mapping[str, Box]) -> str | None:
    """The body that the forearm leads back to: the first box along the line from the wrist; None where none is near."""
    rated = []
    for name, box in bodies.items():
        reach = FOREARM_REACH * (box[3] - box[1])
        far = _along(hand.wrist, hand.forearm, _wider(box), reach)
        if far is not None:
            rated.append((far, name))
    return min(rated)[1] if rated else None


def _along(start: Point, way: Point, box: Box, reach: float) -> float | None:
    """How far along a line a box begins (0 = the start is inside); None beyond `reach`. Slab method."""
    near, far = 0.0, reach
    for axis in (0, 1):
        low, high = box[axis] - start[axis], box[axis + 2] - start[axis]
        if abs(way[axis]) < 1e-6:
            if low > 0 or high < 0:
                return None
            continue
        first, second = sorted((low / way[axis], high / way[axis]))
        near, far = max(near, first), min(far, second)
    return near if near <= far else None


def _wider(box: Box) -> Box:
    more = WIDER_SHARE * (box[2] - box[0])
    return (box[0] - more, box[1], box[2] + more, box[3])


def _touch(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]
