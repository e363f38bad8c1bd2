"""Two bodies meet and a tracker may exchange their numbers: what motion and stature say about it.

A body does not jump, and it is as tall after a meeting as before. Both speak as log-likelihood ratios; a clear exchange
is put right at once or back to the moment at which it happened, an unclear one is told as a doubt on both.
Must not: know visits or goods.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final, NamedTuple

from edge.core.chance import share_ppm, weight
from edge.core.events import Person, TracksSeen
from edge.core.trails import Stature, Trail, distance2

JUMP_MM: Final = 500  # no body gets so far from where it was expected in a frame
NEAR_MM: Final = 700  # trackers mix up bodies that are no farther apart
BLUR_MM: Final = 300  # nearer than this, motion tells nothing
PLACE_MM: Final = 105  # how far a body is from where it was expected a frame later, an axis
WRONG_MM: Final = 700
FITS_MM: Final = 450
TALL_MM: Final = 22  # the same for its height, bobbing and all
LIKE_BEFORE_MM: Final = 70  # somebody who bends is not measured
TALL_MOST_MNAT: Final = 12_000
PRIOR_MNAT: Final = -3_200  # one close meeting in twenty-five
PLAUSIBLE_MNAT: Final = 3_000
CLEAR_MNAT: Final = 8_000  # by motion alone
DECIDE_MNAT: Final = 1_500
SURE_MNAT: Final = 5_000  # before `LOOKS_MOST`: what is decided early stays in doubt
REFUTED_MNAT: Final = -6_000
LOOKS: Final = 8  # sightings of both that a decision needs
LOOKS_MOST: Final = 40
DOUBT_PPM: Final = 3_000  # less is not worth telling
OVER_NS: Final = 3_000_000_000
LN2_MNAT: Final = 693

Pair = tuple[str, str]
Place = tuple[int, int]


class Exchange(NamedTuple):
    """Two tracks that were exchanged at a moment, and how tall the two were before."""

    tracks: Pair
    since_ns: int
    tall_mm: tuple[int, int] | None


class Doubt(NamedTuple):
    """Two tracks that may have been exchanged, with what probability."""

    tracks: Pair
    ppm: int


class _Meeting:
    """Two bodies near each other. `motion` is the best moment at which an exchange can have happened."""

    def __init__(self, tall: tuple[int, int] | None) -> None:
        self.tall_mm = tall
        self.prior = PRIOR_MNAT
        self.frames = 0
        self.last_ns = 0
        self.blurred = False
        self.blur_ns: tuple[int, int] | None = None  # first and last frame in which motion told nothing
        self.motion: int | None = None
        self.at_ns = 0
        self.after = (Stature(), Stature())

    def suspect(self, motion: int, at_ns: int) -> None:
        """An exchange can have happened at this moment."""
        self.motion, self.at_ns = motion, at_ns
        self.after = (Stature(), Stature())

    @property
    def exchanged_ns(self) -> int:
        """When it happened: where motion tells nothing, the middle of the time in which it can have."""
        if self.blur_ns is None or (self.motion is not None and self.motion >= PLAUSIBLE_MNAT):
            return self.at_ns
        return sum(self.blur_ns) // 2

    def rest(self) -> None:
        """Nothing is suspected any more."""
        self.motion = None


class Meetings:
    """All meetings of one shop. `trails` are under our own names and belong to the caller."""

    def __init__(self, trails: dict[str, Trail]) -> None:
        self._trails = trails
        self._known: dict[Pair, _Meeting] = {}

    def before(self, people: list[tuple[str, Person]], frame: TracksSeen) -> list[Pair]:
        """Pairs that jumped onto each other's place in this frame; call it before the frame joins the trails."""
        found = []
        expected: dict[str, Place | None] = {}
        heads = {name: person.head_mm[2] for name, person in people if person.head_mm is not None}
        for one, other, where, there in self._pairs(people):
            meeting = self._meet((one, other), frame.captured_ns)
            for name in (one, other):
                if name not in expected:
                    expected[name] = self._trails[name].expected(frame.captured_ns)
            first, second = expected[one], expected[other]
            if first is None or second is None:
                continue
            kept = _square(where, first) + _square(there, second)
            swapped = _square(where, second), _square(there, first)
            crossed = sum(swapped) if max(swapped) <= FITS_MM * FITS_MM else kept  # else one is not where the other was
            motion = (kept - crossed) * 500 // (PLACE_MM * PLACE_MM)
            meeting.frames += 1
            apart_mm = distance2(where, there)
            if apart_mm < BLUR_MM:
                first_ns = frame.captured_ns if meeting.blur_ns is None else meeting.blur_ns[0]
                meeting.blur_ns = first_ns, frame.captured_ns
            against = min(0, _tall_mnat(meeting.tall_mm, (heads.get(one), heads.get(other))))
            if motion + against >= CLEAR_MNAT:
                found.append((one, other))
                meeting.prior = -motion  # what would have to be wrong now
                meeting.rest()
            elif self._is_suspect(meeting, motion, apart_mm):
                meeting.suspect(motion, frame.captured_ns)
        return found

    def after(self, people: list[tuple[str, Person]], frame: TracksSeen) -> tuple[list[Exchange], list[Doubt]]:
        """Exchanges that are certain by now, and doubts that stay; call it when the frame has joined the trails."""
        exchanged: list[Exchange] = []
        doubts: list[Doubt] = []
        heads = {name: person.head_mm[2] for name, person in people if person.head_mm is not None}
        for pair, meeting in list(self._known.items()):
            if meeting.motion is not None and all(name in heads for name in pair) and frame.captured_ns > meeting.at_ns:
                for name, stature in zip(pair, meeting.after, strict=True):
                    stature.see(heads[name])
                if meeting.after[0].looks < LOOKS:
                    continue
                total = meeting.prior + meeting.motion + self._tall(meeting) - _ln_mnat(meeting.frames)
                looked = meeting.after[0].looks >= LOOKS_MOST
                if total >= (DECIDE_MNAT if looked else SURE_MNAT):
                    exchanged.append(Exchange(pair, meeting.exchanged_ns, meeting.tall_mm))
                    doubts.append(Doubt(pair, _chance_ppm(total)))  # that they were not, after all
                    meeting.prior = -total
                    meeting.rest()
                elif total <= REFUTED_MNAT:
                    meeting.rest()
                elif looked:
                    doubts.append(Doubt(pair, _chance_ppm(total)))
                    meeting.rest()
            elif frame.captured_ns - meeting.last_ns > OVER_NS:
                if meeting.motion is not None:
                    doubts.append(Doubt(pair, _chance_ppm(meeting.prior + meeting.motion - _ln_mnat(meeting.frames))))
                del self._known[pair]
        return exchanged, [doubt for doubt in doubts if doubt.ppm >= DOUBT_PPM]

    def forget(self, track: str) -> None:
        """A track is gone."""
        for pair in [pair for pair in self._known if track in pair]:
            del self._known[pair]

    def clear(self) -> None:
        """A new run."""
        self._known.clear()

    def _meet(self, pair: Pair, at_ns: int) -> _Meeting:
        meeting = self._known.get(pair)
        if meeting is None:
            trails = [self._trails.get(name) for name in pair]
            known = [trail.stature.tall_mm for trail in trails if trail is not None and trail.stature.looks >= LOOKS]
            meeting = self._known[pair] = _Meeting((known[0], known[1]) if len(known) == 2 else None)
        meeting.last_ns = at_ns
        return meeting

    def _pairs(self, people: list[tuple[str, Person]]) -> list[tuple[str, str, Place, Place]]:
        """Pairs of bodies near each other, or both far from where they were; those that a camera knows by their looks
        and those that are new are left out."""
        placed = sorted(
            (person.place_mm, name)
            for name, person in people
            if person.place_mm is not None and not person.corrected and name in self._trails
        )
        found = []
        for number, (where, one) in enumerate(placed):
            for there, other in placed[number + 1 :]:
                if there[0] - where[0] > NEAR_MM:
                    break
                if abs(there[1] - where[1]) <= NEAR_MM and distance2(where, there) <= NEAR_MM:
                    found.append((one, other, where, there) if one < other else (other, one, there, where))
        jumped = sorted((name, where) for where, name in placed if self._has_jumped(name, where))
        found += [(one, other, where, there) for (one, where), (other, there) in combinations(jumped, 2)]
        return sorted(set(found))

    def _has_jumped(self, name: str, where: Place) -> bool:
        last = self._trails[name].spots[-1].place_mm
        return last is not None and abs(where[0] - last[0]) + abs(where[1] - last[1]) > JUMP_MM

    def _is_suspect(self, meeting: _Meeting, motion: int, apart_mm: int) -> bool:
        if meeting.motion is not None:
            return motion > meeting.motion
        if motion >= PLAUSIBLE_MNAT:
            return True
        if apart_mm < BLUR_MM and not meeting.blurred:
            meeting.blurred = True
            return True
        return False

    def _tall(self, meeting: _Meeting) -> int:
        """What the heights of two heads before and after say for an exchange; nothing where somebody bends."""
        return _tall_mnat(meeting.tall_mm, (meeting.after[0].tall_mm, meeting.after[1].tall_mm))


def _tall_mnat(before: tuple[int, int] | None, after: tuple[int | None, int | None]) -> int:
    """What heights of two heads say for an exchange; nothing where one is not known or somebody bends."""
    first, second = after
    if before is None or first is None or second is None:
        return 0
    same = (before[0] - first) ** 2 + (before[1] - second) ** 2
    crossed = (before[0] - second) ** 2 + (before[1] - first) ** 2
    if min(same, crossed) > 2 * LIKE_BEFORE_MM * LIKE_BEFORE_MM:
        return 0
    found = (same - crossed) * 500 // (TALL_MM * TALL_MM)
    return max(-TALL_MOST_MNAT, min(TALL_MOST_MNAT, found))


def _square(one: Place, other: Place) -> int:
    """Squared distance, up to where a place is simply not the expected one."""
    return min(WRONG_MM * WRONG_MM, (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2)


def _ln_mnat(count: int) -> int:
    """About 1000 ln(count): the moment of an exchange is one of so many."""
    return LN2_MNAT * (max(1, count).bit_length() - 1)


def _chance_ppm(total: int) -> int:
    """Probability of an exchange from its log-odds, or of none where one is likelier."""
    unlikelier = weight(-abs(total))
    return share_ppm(unlikelier, unlikelier + weight(0))
