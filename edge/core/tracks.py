"""Where bodies and hands were in the last seconds. Must not: know who anybody is or what they took."""

from __future__ import annotations

from collections import deque
from itertools import combinations, pairwise
from math import isqrt
from typing import NamedTuple

from edge.core.events import Person, PointMm, TracksSeen

KEEP_NS = 15_000_000_000
SWAP_MM = 550  # far more than two people move in a frame, and than a tracker's noise
JUMP_MM = 200
TALL_OF = 8  # sightings that the mean height of a head is taken over
SWAP_NS = 300_000_000
SWAP_SPOTS = 3
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


class Trail:
    """Sightings of one track, newest last."""

    __slots__ = ("first_ns", "last_ns", "spots", "tall_mm")

    def __init__(self, at_ns: int) -> None:
        self.first_ns = at_ns
        self.last_ns = at_ns
        self.tall_mm: int | None = None  # height of the head, a slow mean
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
            head_mm = person.head_mm[2]
            self.tall_mm = head_mm if self.tall_mm is None else (self.tall_mm * (TALL_OF - 1) + head_mm) // TALL_OF

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
        spots = [spot.place_mm for spot in self._within(from_ns, to_ns) if spot.place_mm is not None]
        return max(0, min(distance2(place, target[:2]) for place in spots) - ARM_MM) if spots else None

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


class Tracks:
    """All trails of the last seconds, by track id."""

    def __init__(self) -> None:
        self.trails: dict[str, Trail] = {}
        self.last_frame_ns: int | None = None
        self._names: dict[str, str] = {}  # the tracker's number -> ours, where it exchanged two bodies

    def see(self, frame: TracksSeen) -> tuple[list[str], list[str]]:
        """Take in a tracker frame; returns all tracks seen and those that are new, under our names for them."""
        self.last_frame_ns = frame.captured_ns
        self._undo_swaps(frame)
        seen, fresh = [], []
        for person in frame.people:
            name = self._names.get(person.track, person.track)
            seen.append(name)
            trail = self.trails.get(name)
            if trail is None:
                trail = self.trails[name] = Trail(frame.captured_ns)
                fresh.append(name)
            trail.add(frame.captured_ns, person)
        return seen, fresh

    def _undo_swaps(self, frame: TracksSeen) -> None:
        """Two bodies that jump onto each other's place in one frame have not moved: their numbers were exchanged."""
        jumped = []
        for person in frame.people:
            if person.corrected:  # the camera knows it by its look
                continue
            was_mm = self._was(person.track, frame.captured_ns) if person.place_mm is not None else None
            if was_mm is not None and person.place_mm is not None and distance2(was_mm, person.place_mm) >= JUMP_MM:
                jumped.append((person.track, was_mm, person.place_mm))
        for (one, was_one, one_mm), (other, was_other, other_mm) in combinations(jumped, 2):
            kept = distance2(was_one, one_mm) + distance2(was_other, other_mm)
            crossed = distance2(was_one, other_mm) + distance2(was_other, one_mm)
            if kept - crossed >= SWAP_MM:
                name, other_name = self._names.get(one, one), self._names.get(other, other)
                self._names[one], self._names[other] = other_name, name

    def _was(self, track: str, at_ns: int) -> tuple[int, int] | None:
        """Mean of the last places just before a moment."""
        trail = self.trails.get(self._names.get(track, track))
        if trail is None or at_ns - trail.last_ns > SWAP_NS:
            return None
        newest = [trail.spots[-number] for number in range(1, min(SWAP_SPOTS, len(trail.spots)) + 1)]
        places = [spot.place_mm for spot in newest if spot.place_mm is not None]
        if not places:
            return None
        return sum(x for x, _ in places) // len(places), sum(y for _, y in places) // len(places)

    def name_of(self, person: Person) -> str:
        """Our name for a track of the tracker."""
        return self._names.get(person.track, person.track)

    def forget(self, track: str) -> None:
        """Drop a trail."""
        self.trails.pop(track, None)

    def clear(self) -> None:
        """Drop everything: a new run knows nobody."""
        self.trails.clear()
        self._names.clear()
        self.last_frame_ns = None
