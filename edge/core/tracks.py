"""All bodies of the last seconds, under names that stay. Must not: know who anybody is or what they took."""

from __future__ import annotations

from typing import NamedTuple

from edge.core.events import Person, TracksSeen
from edge.core.meetings import Doubt, Exchange, Meetings, Pair
from edge.core.trails import Trail

RECENT = 8  # exchanges that a late frame may be older than


class Renumbered(NamedTuple):
    """Since a moment the tracker has had this `number` for the body that is ours by the name of `track`."""

    track: str
    number: str
    since_ns: int


class _Exchanged(NamedTuple):
    """Two numbers of the tracker that changed bodies at a moment."""

    numbers: tuple[str, str]
    since_ns: int


class Tracks:
    """All trails of the last seconds, by track id."""

    def __init__(self) -> None:
        self.trails: dict[str, Trail] = {}
        self.last_frame_ns: int | None = None
        self.doubts: list[Doubt] = []
        self.renumbered: list[Renumbered] = []
        self._names: dict[str, str] = {}  # the tracker's number -> ours, where it exchanged two bodies
        self._recent: list[_Exchanged] = []
        self._meetings = Meetings(self.trails)

    def see(self, frame: TracksSeen) -> tuple[list[str], list[str]]:
        """Take in a tracker frame; returns all tracks seen and those that are new, under our names for them.

        `renumbered` are then the bodies whose number the tracker was found to have exchanged, `doubts` the pairs of
        which nobody can tell.
        """
        is_late = self.last_frame_ns is not None and frame.captured_ns < self.last_frame_ns
        self.last_frame_ns = max(frame.captured_ns, self.last_frame_ns or 0)
        self.doubts, self.renumbered = [], []
        if not is_late:
            for pair in self._meetings.before(self._named(frame), frame):
                self._exchange(pair, frame, frame.captured_ns)
        seen, fresh = [], []
        people = self._named(frame)
        for name, person in people:
            seen.append(name)
            trail = self.trails.get(name)
            if trail is None:
                trail = self.trails[name] = Trail(frame.captured_ns)
                fresh.append(name)
            trail.add(frame.captured_ns, person)
        if is_late:
            return seen, fresh
        exchanged, self.doubts = self._meetings.after(people, frame)
        for found in exchanged:
            self._exchange(found.tracks, frame, found.since_ns)
            self._put_right(found)
        return seen, fresh

    def _named(self, frame: TracksSeen) -> list[tuple[str, Person]]:
        """Everybody with our name, as the numbers were at that moment: some frames come late."""
        later = [found for found in self._recent if found.since_ns > frame.captured_ns]
        names = dict(self._names) if later else self._names
        for found in reversed(later):
            names[found.numbers[0]], names[found.numbers[1]] = (names[number] for number in found.numbers[::-1])
        return [(names.get(person.track, person.track), person) for person in frame.people]

    def _exchange(self, pair: Pair, frame: TracksSeen, since_ns: int) -> None:
        """From now on each of two numbers of the tracker is the other body."""
        numbers = {self.name_of(person): person.track for person in frame.people}
        one, other = numbers[pair[0]], numbers[pair[1]]
        self._names[one], self._names[other] = pair[1], pair[0]
        self._recent = [*self._recent, _Exchanged((one, other), since_ns)][-RECENT:]
        self.renumbered += [Renumbered(pair[1], one, since_ns), Renumbered(pair[0], other, since_ns)]

    def _put_right(self, found: Exchange) -> None:
        one, other = (self.trails[name] for name in found.tracks)
        one.exchange(other, found.since_ns)
        for trail, tall_mm in zip((one, other), found.tall_mm or (), strict=False):
            trail.stature.reset(tall_mm)

    def name_of(self, person: Person) -> str:
        """Our name for a track of the tracker."""
        return self._names.get(person.track, person.track)

    def forget(self, track: str) -> None:
        """Drop a trail."""
        self.trails.pop(track, None)
        self._meetings.forget(track)

    def clear(self) -> None:
        """Drop everything: a new run knows nobody."""
        self.trails.clear()
        self._names.clear()
        self._meetings.clear()
        self._recent.clear()
        self.doubts, self.renumbered = [], []
        self.last_frame_ns = None
