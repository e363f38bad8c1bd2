"""Follows boxes from picture to picture: overlap with a place predicted at constant speed.

Clear boxes are matched first, doubtful ones may only continue a track (the order of ByteTrack, arXiv 2110.06864).
Must not: look at pictures, or know what a shop is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from vision.people import Body, overlap

Box = tuple[float, float, float, float]

CLEAR_SCORE = 0.45
LEAST_OVERLAP = 0.20
NEAR_SHARE = 0.6  # of a box height: how far the middle may have jumped where boxes do not overlap
CONFIRM_HITS = 3
SURE_SCORE = 0.65  # below this something that never moved is furniture
MOVED_SHARE = 0.25  # of its height: a track that moved this far lives
KEEP_S = 1.5
SHOWN_S = 0.35  # a track that was just missed is still somebody
SPEED_SHARE = 0.4  # how fast the speed follows the last step
MOST_SPEED = 3.0  # box heights a second


@dataclass
class Track:
    """One followed body. Times in s, boxes in pixels, speed in pixels a second of the box's middle."""

    name: str
    box: Box
    first_s: float
    last_s: float
    best: float
    hits: int = 1
    speed: tuple[float, float] = (0.0, 0.0)
    alive: bool = False
    began_at: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        self.began_at = middle(self.box)
        self.alive = self.best >= SURE_SCORE

    @property
    def confirmed(self) -> bool:
        """Seen often enough, and either surely a person or moving."""
        return self.alive and self.hits >= CONFIRM_HITS

    def predicted(self, at_s: float) -> Box:
        """Where the box should be."""
        ahead = min(at_s - self.last_s, KEEP_S)
        across, down = self.speed[0] * ahead, self.speed[1] * ahead
        return (self.box[0] + across, self.box[1] + down, self.box[2] + across, self.box[3] + down)

    def take(self, body: Body, at_s: float) -> None:
        """Continue with a new box."""
        box = body.box_px
        span = max(at_s - self.last_s, 1e-3)
        new, old = middle(box), middle(self.box)
        limit = MOST_SPEED * max(1.0, box[3] - box[1])
        step = [max(-limit, min(limit, (n - o) / span)) for n, o in zip(new, old, strict=True)]
        share = SPEED_SHARE if self.hits > 1 else 0.5
        self.speed = (
            self.speed[0] + share * (step[0] - self.speed[0]),
            self.speed[1] + share * (step[1] - self.speed[1]),
        )
        self.box, self.last_s, self.hits = box, at_s, self.hits + 1
        self.best = max(self.best, body.score)
        moved = max(abs(new[0] - self.began_at[0]), abs(new[1] - self.began_at[1]))
        self.alive |= self.best >= SURE_SCORE or moved > MOVED_SHARE * (box[3] - box[1])


class Tracker:
    """Tracks of one camera. Names are `PREFIX-MS`, the time of the first sight, so they are unique in a run."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._tracks: list[Track] = []
        self._names: set[str] = set()
        self._awake = False

    def see(self, bodies: Sequence[Body], at_s: float) -> list[Track]:
        """Feed the bodies of one picture; gives the tracks that are visible now, oldest first."""
        self._tracks = [track for track in self._tracks if at_s - track.last_s <= KEEP_S]
        clear = [body for body in bodies if body.score >= CLEAR_SCORE]
        doubtful = [body for body in bodies if body.score < CLEAR_SCORE]
        left = self._match(self._tracks, clear, at_s)
        waiting = [track for track in self._tracks if track.last_s != at_s]
        self._match([track for track in waiting if track.confirmed], doubtful, at_s)
        for body in left:  # who stands there when the camera wakes need not prove anything
            hits = 1 if self._awake else CONFIRM_HITS
            self._tracks.append(Track(self._name(at_s), body.box_px, at_s, at_s, body.score, hits))
        self._awake = True
        return [track for track in self._tracks if track.confirmed and at_s - track.last_s <= SHOWN_S]

    def _match(self, tracks: Sequence[Track], bodies: Sequence[Body], at_s: float) -> list[Body]:
        pairs = sorted(self._pairs(tracks, bodies, at_s), reverse=True)
        used_tracks: set[int] = set()
        used_boxes: set[int] = set()
        for _, _, track, box in pairs:
            if track in used_tracks or box in used_boxes:
                continue
            tracks[track].take(bodies[box], at_s)
            used_tracks.add(track)
            used_boxes.add(box)
        return [body for number, body in enumerate(bodies) if number not in used_boxes]

    def _pairs(
        self, tracks: Sequence[Track], bodies: Sequence[Body], at_s: float
    ) -> Iterable[tuple[float, int, int, int]]:
        for number, track in enumerate(tracks):
            place = track.predicted(at_s)
            for other, body in enumerate(bodies):
                common = overlap(place, body.box_px)
                if common >= LEAST_OVERLAP:
                    yield 1 + common, track.hits, number, other
                elif (gap := _gap(place, body.box_px)) < NEAR_SHARE:
                    yield 1 - gap, track.hits, number, other

    def _name(self, at_s: float) -> str:
        number = round(at_s * 1000)
        while f"{self._prefix}-{number}" in self._names:
            number += 1
        self._names.add(f"{self._prefix}-{number}")
        return f"{self._prefix}-{number}"


def middle(box: Box) -> tuple[float, float]:
    """Centre of a box."""
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def feet(box: Box) -> tuple[float, float]:
    """Where a body stands: middle of the lower edge."""
    return ((box[0] + box[2]) / 2, box[3])


def _gap(first: Box, second: Box) -> float:
    heights = (first[3] - first[1], second[3] - second[1])
    if min(heights) <= 0 or max(heights) > 2 * min(heights):
        return float("inf")
    (x0, y0), (x1, y1) = middle(first), middle(second)
    return float(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 / max(heights))
