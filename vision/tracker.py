"""Follows boxes from picture to picture: overlap with a place predicted at constant speed, looks where that is unclear.

Clear boxes are matched first, doubtful ones may only continue a track (the order of ByteTrack, arXiv 2110.06864).
Must not: look at pictures, or know what a shop is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vision.bodies import Body
from vision.boxes import Box, apart, middle, overlap
from vision.identity import Identity
from vision.looks import FrameLooks, Look

CLEAR_SCORE = 0.45
LEAST_OVERLAP = 0.20
NEAR_SHARE = 0.6  # of a box height: how far the middle may have jumped where boxes do not overlap
CLEAR_LEAD = 0.5  # of overlap: a pair that fits this much better than all others needs no second look
LOOK_WEIGHT = 3.0  # a cosine that is 0.1 higher outweighs 0.3 of overlap
CONFIRM_HITS = 3
SURE_SCORE = 0.65  # below this something that never moved is furniture
MOVED_SHARE = 0.25  # of its height: a track that moved this far lives
KEEP_S = 1.5
SHOWN_S = 0.35  # a track that was just missed is still somebody
SPEED_SHARE = 0.4  # how fast the speed follows the last step
MOST_SPEED = 3.0  # box heights a second


@dataclass(eq=False)
class Track:
    """One followed body. Times in s, boxes in pixels, speed in pixels a second of the box's middle.

    `doubtful`, `votes` and `look_s` belong to vision.recognition: whether it is unclear who this is, the looks that
    were collected to find out, and when to look again.
    """

    who: Identity
    box: Box
    first_s: float
    last_s: float
    best: float
    hits: int = 1
    speed: tuple[float, float] = (0.0, 0.0)
    alive: bool = False
    doubtful: bool = True
    votes: list[Look] = field(default_factory=list)
    look_s: float = 0.0
    named: bool = False
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


class _Pair(NamedTuple):
    score: float
    hits: int
    track: int
    body: int
    near_only: bool


class Tracker:
    """Tracks of one camera. Names are `PREFIX-MS`, the time of the first sight, so they are unique in a run."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.tracks: list[Track] = []
        self._names: set[str] = set()
        self._awake = False

    def see(self, bodies: Sequence[Body], at_s: float, looks: FrameLooks | None = None) -> list[Track]:
        """Feed the bodies of one picture; gives the tracks that are visible now, oldest first."""
        self.tracks = [track for track in self.tracks if at_s - track.last_s <= KEEP_S]
        clear = [body for body in bodies if body.score >= CLEAR_SCORE]
        doubtful = [body for body in bodies if body.score < CLEAR_SCORE]
        left = self._match(self.tracks, clear, at_s, looks)
        waiting = [track for track in self.tracks if track.last_s != at_s]
        self._match([track for track in waiting if track.confirmed], doubtful, at_s, looks)
        for body in left:  # who stands there when the camera wakes need not prove anything
            hits = 1 if self._awake else CONFIRM_HITS
            who = Identity(self.new_name(at_s), body.box_px, at_s)
            self.tracks.append(Track(who, body.box_px, at_s, at_s, body.score, hits))
        self._awake = True
        return [track for track in self.tracks if track.confirmed and at_s - track.last_s <= SHOWN_S]

    def new_name(self, at_s: float) -> str:
        """A name that nobody had."""
        number = round(at_s * 1000)
        while f"{self._prefix}-{number}" in self._names:
            number += 1
        self._names.add(f"{self._prefix}-{number}")
        return f"{self._prefix}-{number}"

    def _match(
        self, tracks: Sequence[Track], bodies: Sequence[Body], at_s: float, looks: FrameLooks | None
    ) -> list[Body]:
        pairs = _pairs(tracks, bodies, at_s)
        if looks is not None:
            pairs = _with_looks(pairs, tracks, bodies, looks)
        used_tracks: set[int] = set()
        used_boxes: set[int] = set()
        for pair in sorted(pairs, reverse=True):
            if pair.track in used_tracks or pair.body in used_boxes:
                continue
            tracks[pair.track].take(bodies[pair.body], at_s)
            used_tracks.add(pair.track)
            used_boxes.add(pair.body)
        return [body for number, body in enumerate(bodies) if number not in used_boxes]


def _pairs(tracks: Sequence[Track], bodies: Sequence[Body], at_s: float) -> list[_Pair]:
    """What may belong together by place: overlapping boxes before those that are only near."""
    found = []
    for number, track in enumerate(tracks):
        place = track.predicted(at_s)
        for other, body in enumerate(bodies):
            both = overlap(place, body.box_px)
            if both >= LEAST_OVERLAP:
                found.append(_Pair(1 + both, track.hits, number, other, False))
            elif (gap := apart(place, body.box_px)) < NEAR_SHARE:
                found.append(_Pair(1 - gap, track.hits, number, other, True))
    return found


def _with_looks(
    pairs: Sequence[_Pair], tracks: Sequence[Track], bodies: Sequence[Body], looks: FrameLooks
) -> list[_Pair]:
    """Where several fit, or only the neighbourhood does, looks weigh in and can forbid; elsewhere they cost nothing."""
    unclear = [pair for pair in pairs if tracks[pair.track].who.looks and _unclear(pair, pairs)]
    looks.of_all([bodies[pair.body].box_px for pair in unclear])  # in one run
    found = [pair for pair in pairs if pair not in unclear]
    for pair in unclear:
        like = tracks[pair.track].who.likeness(looks.of(bodies[pair.body].box_px))
        assert like is not None
        if like >= looks.rules.other:
            found.append(pair._replace(score=pair.score + LOOK_WEIGHT * (like - looks.rules.same)))
    return found


def _unclear(pair: _Pair, pairs: Sequence[_Pair]) -> bool:
    """Whether a rival is about as good, or nothing but the neighbourhood speaks for a pair that has no better rival."""
    leads = [other.score - pair.score for other in pairs if (other.track == pair.track) != (other.body == pair.body)]
    if any(lead >= CLEAR_LEAD for lead in leads):
        return False
    return pair.near_only or any(abs(lead) < CLEAR_LEAD for lead in leads)
