"""Where one body and its hands were in the last seconds. Must not: know who it is or what it took."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from math import isqrt
from typing import NamedTuple

from edge.core.events import Person, PointMm

KEEP_NS = 15_000_000_000
EXPECTED_NS = 300_000_000  # farther ahead nobody can say where a body will be
EXPECTED_SPOTS = 4
TALL_UP, TALL_DOWN = 4, 256  # a head is at its height when its bearer stands; bending down says little
GAP_NS = 400_000_000  # a reach takes longer than this
SMOOTH_NS = 200_000_000  # a hand rests this long about a grip
SAME_HAND_MM = 220  # a hand does not move farther in that time while it grips
WALK_UM_MS = 1_800  # how fast people walk at most
TREMBLE_MM = 200  # how far a tracker is off at most
NEAR_MM = 700  # within this of a grip the place of a hand counts
ARM_MM = 650  # from the middle of a body to a fist, arm stretched


class Spot(NamedTuple):
    """One sighting of a person."""

    at_ns: int
    place_mm: tuple[int, int] | None
    hands_mm: tuple[PointMm, ...]


class Stature:
    """How high a head is when its bearer stands: quick to rise, slow to sink."""

    __slots__ = ("_fine", "looks")

    def __init__(self) -> None:
        self._fine = 0
        self.looks = 0

    @property
    def tall_mm(self) -> int:
        """Millimetres above the floor; 0 before the first look."""
        return self._fine // TALL_DOWN

    def see(self, head_mm: int) -> None:
        """One more sighting."""
        off = head_mm * TALL_DOWN - self._fine
        self._fine += off if not self.looks else off // (TALL_UP if off > 0 else TALL_DOWN)
        self.looks += 1

    def reset(self, tall_mm: int) -> None:
        """What was known before a mix-up."""
        self._fine = tall_mm * TALL_DOWN


class Trail:
    """Sightings of one track, newest last."""

    __slots__ = ("first_ns", "last_ns", "spots", "stature")

    def __init__(self, at_ns: int) -> None:
        self.first_ns = at_ns
        self.last_ns = at_ns
        self.stature = Stature()
        self.spots: deque[Spot] = deque()

    def add(self, at_ns: int, person: Person) -> None:
        """Remember a sighting and forget what is too old to matter."""
        self.last_ns = max(self.last_ns, at_ns)
        spot = Spot(at_ns, person.place_mm, person.hands_mm)
        later = 0
        while later < len(self.spots) and self.spots[-1 - later].at_ns > at_ns:  # a frame that came late
            later += 1
        self.spots.insert(len(self.spots) - later, spot)
        while self.spots[0].at_ns < self.last_ns - KEEP_NS:
            self.spots.popleft()
        if person.head_mm is not None:
            self.stature.see(person.head_mm[2])

    @property
    def tall_mm(self) -> int | None:
        """Height of the head; None = never told."""
        return self.stature.tall_mm if self.stature.looks else None

    def expected(self, at_ns: int) -> tuple[int, int] | None:
        """Where the body should be a frame later if it goes on as it went; None = not seen just before."""
        if at_ns - self.last_ns > EXPECTED_NS:
            return None
        newest = [self.spots[-number] for number in range(1, min(EXPECTED_SPOTS, len(self.spots)) + 1)]
        placed = [(spot.at_ns, *spot.place_mm) for spot in newest if spot.place_mm is not None]
        if not placed:
            return None
        count = len(placed)
        times, xs, ys = zip(*placed, strict=True)  # written out: this runs for everybody near somebody, each frame
        x, y = sum(xs) // count, sum(ys) // count
        if count < EXPECTED_SPOTS:
            return x, y
        span = times[0] + times[1] - times[2] - times[3]
        if span <= 0:
            return x, y
        ahead = at_ns - sum(times) // count
        return (
            x + (xs[0] + xs[1] - xs[2] - xs[3]) * ahead // span,
            y + (ys[0] + ys[1] - ys[2] - ys[3]) * ahead // span,
        )

    def exchange(self, other: Trail, since_ns: int) -> None:
        """What was seen of two bodies since a moment belongs to the other one each."""
        mine = [spot for spot in self.spots if spot.at_ns >= since_ns]
        theirs = [spot for spot in other.spots if spot.at_ns >= since_ns]
        for trail, fresh in ((self, theirs), (other, mine)):
            trail.spots = deque([spot for spot in trail.spots if spot.at_ns < since_ns] + fresh)
            trail.last_ns = max(trail.first_ns, trail.spots[-1].at_ns) if trail.spots else trail.last_ns

    def first_place(self) -> tuple[int, int] | None:
        """The oldest place on the floor that is still remembered."""
        return next((spot.place_mm for spot in self.spots if spot.place_mm is not None), None)

    def place_at(self, at_ns: int) -> tuple[int, int] | None:
        """The place seen last before a moment, or the first one after it."""
        for spot in reversed(self.spots):
            if spot.at_ns <= at_ns and spot.place_mm is not None:
                return spot.place_mm
        return self.first_place()

    def last_place(self) -> tuple[int, int] | None:
        """The newest known place on the floor."""
        for spot in reversed(self.spots):
            if spot.place_mm is not None:
                return spot.place_mm
        return None

    def nearest_hand_mm(self, target: PointMm, from_ns: int, to_ns: int) -> int | None:
        """Smallest distance of a hand to `target` in a span; None = no hand was seen."""
        found = [distance3(hand, target) for spot in self._within(from_ns, to_ns) for hand in spot.hands_mm]
        return min(found) if found else None

    def smooth_hands(self, from_ns: int, to_ns: int, target: PointMm | None = None) -> list[PointMm]:
        """Hands seen in a span, each the mean of what is surely the same hand just before and after; a hand that is
        more than `NEAR_MM` from `target` stays as it was seen, because its exact place matters to nobody."""
        spots = self._within(from_ns - SMOOTH_NS, to_ns + SMOOTH_NS)[::-1]
        found: list[PointMm] = []
        first = 0
        for number, spot in enumerate(spots):
            if not from_ns <= spot.at_ns <= to_ns:
                continue
            while spots[first].at_ns < spot.at_ns - SMOOTH_NS:
                first += 1
            for hand in spot.hands_mm:
                if target is not None and _square(hand, target) > NEAR_MM * NEAR_MM:
                    found.append(hand)
                else:
                    found.append(_mean_about(spots, first, number, hand))
        return found

    def nearest_body_mm(self, target: PointMm, from_ns: int, to_ns: int) -> int | None:
        """How far `target` was out of arm's reach at best in a span (0 = within); None = not seen."""
        x, y, _ = target
        places = [spot.place_mm for spot in self._within(from_ns, to_ns) if spot.place_mm is not None]
        if not places:
            return None
        return max(0, isqrt(min((place[0] - x) ** 2 + (place[1] - y) ** 2 for place in places)) - ARM_MM)

    def out_of_reach_mm(self, target: PointMm, from_ns: int, to_ns: int) -> int | None:
        """How far out of a body's reach `target` was while the body was not seen, judged by where it was just before
        and just after. None = never seen at a known place."""
        placed = [spot for spot in self.spots if spot.place_mm is not None]
        before = [spot for spot in placed if spot.at_ns < from_ns][-1:]
        after = [spot for spot in placed if spot.at_ns > to_ns][:1]
        found = []
        for spot in (*before, *after):
            gap_ms = min(abs(spot.at_ns - from_ns), abs(spot.at_ns - to_ns)) // 1_000_000
            far = distance2(spot.place_mm or (0, 0), target[:2])
            found.append(max(0, far - ARM_MM - TREMBLE_MM - WALK_UM_MS * gap_ms // 1_000))
        return max(found) if found else None

    def between(self, from_ns: int, to_ns: int) -> list[Spot]:
        """The sightings of a span, oldest first."""
        return self._within(from_ns, to_ns)[::-1]

    def unwatched(self, from_ns: int, to_ns: int) -> list[tuple[int, int]]:
        """Parts of a span of `GAP_NS` and more in which no hand was seen."""
        times = [spot.at_ns for spot in reversed(self._within(from_ns, to_ns)) if spot.hands_mm]
        edges = [from_ns, *times, to_ns]
        return [(left, right) for left, right in pairwise(edges) if right - left >= GAP_NS]

    def _within(self, from_ns: int, to_ns: int) -> list[Spot]:
        found = []
        for spot in reversed(self.spots):
            if spot.at_ns < from_ns:
                break
            if spot.at_ns <= to_ns:
                found.append(spot)
        return found


def _mean_about(spots: list[Spot], first: int, number: int, hand: PointMm) -> PointMm:
    """Mean of the sightings of one hand from `first` until just after `number`."""
    until_ns = spots[number].at_ns + SMOOTH_NS
    x = y = z = count = 0
    for spot in spots[first:]:
        if spot.at_ns > until_ns:
            break
        for other in spot.hands_mm:
            if _square(hand, other) <= SAME_HAND_MM * SAME_HAND_MM:
                x, y, z, count = x + other[0], y + other[1], z + other[2], count + 1
    return x // count, y // count, z // count


def _square(one: PointMm, other: PointMm) -> int:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


def distance2(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Whole millimetres between two places on the floor."""
    return isqrt((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2)


def distance3(one: PointMm, other: PointMm) -> int:
    """Whole millimetres between two points."""
    return isqrt((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2)
