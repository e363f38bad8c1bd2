"""One body, seen by several calibrated cameras, is one track: each camera's own names become the shop's.

A camera's new body is held back for a moment: it joins the one body that another camera sees at that place, or the one
lost a moment ago whose look it has and who can have walked there; else it is somebody new. Cameras that only help
(those of shelves) never begin a body. A shop with one tracker is not touched.
Must not: know visits, or join two bodies of one camera.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isqrt
from typing import Final, NamedTuple

import msgspec

from edge.core.events import Event, LineCrossed, Person, ShelfReached, TracksSeen
from edge.core.trails import distance2

FRESH_NS: Final = 400_000_000  # cameras look at different moments
HOLD_NS: Final = 800_000_000
MOMENTS: Final = 4
JOIN_MM: Final = 700  # calibration, and feet that are half hidden
CLEAR_MM: Final = 300  # nearer than the next one by this
SPLIT_MM: Final = 1_600
SPLIT_MOMENTS: Final = 10
LOST_NS: Final = 10_000_000_000
WALK_MM_S: Final = 1_500
ALIKE_PPM: Final = 700_000  # cosine of looks of somebody who was out of sight
LOOKS_KEPT: Final = 4


class _Sight(NamedTuple):
    at_ns: int
    place_mm: tuple[int, int]
    track: str


class _Waiting:
    def __init__(self, at_ns: int) -> None:
        self.since_ns = at_ns
        self.distances: dict[str, list[int]] = {}


class SameBody:
    """The names of one shop. Feed it every event in order; it gives the event with the shop's names in it."""

    def __init__(self, helpers: Iterable[str] = ()) -> None:
        self._helpers = frozenset(helpers)
        self.clear()

    def clear(self) -> None:
        """A new run knows nobody."""
        self._body_of: dict[str, str] = {}
        self._sights: dict[str, dict[str, _Sight]] = {}  # body -> source -> last sight
        self._looks: dict[str, list[bytes]] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._strained: dict[str, int] = {}
        self._seen_ns: dict[str, int] = {}

    def rename(self, event: Event) -> Event | None:
        """The event under the shop's names; None for one about a body that is not known (yet)."""
        if isinstance(event, TracksSeen):
            return self._frame(event)
        if isinstance(event, LineCrossed):
            return msgspec.structs.replace(event, track=self._body_of.get(event.track, event.track))
        if isinstance(event, ShelfReached) and event.track is not None:
            return msgspec.structs.replace(event, track=self._body_of.get(event.track))
        return event

    def _frame(self, frame: TracksSeen) -> TracksSeen | None:
        self._forget(frame.captured_ns)
        people = []
        for person in frame.people:
            self._seen_ns[person.track] = frame.captured_ns
            self._check(frame, person)
            body = self._body_of.get(person.track) or self._settle(frame, person)
            if body is None:
                continue
            self._note(frame, person, body)
            people.append(person if person.track == body else msgspec.structs.replace(person, track=body))
        if frame.source in self._helpers and not people:
            return None  # what a helper does not see says nothing
        return msgspec.structs.replace(frame, people=tuple(people))

    def _settle(self, frame: TracksSeen, person: Person) -> str | None:
        """Whose body a new track is; None while that is not known."""
        helper = frame.source in self._helpers
        wait = self._waiting.setdefault(person.track, _Waiting(frame.captured_ns))
        here = self._elsewhere(frame.source, frame.captured_ns)
        if person.place_mm is not None:
            for body, sight in here.items():
                wait.distances.setdefault(body, []).append(distance2(sight.place_mm, person.place_mm))
        found = self._beside(wait, here) or self._again(frame, person)
        if found is not None:
            return self._join(person.track, found)
        held = frame.captured_ns - wait.since_ns < HOLD_NS
        if helper or (held and (here or (person.look and self._lost(frame)))):
            return None
        return self._begin(person.track)

    def _elsewhere(self, source: str, at_ns: int) -> dict[str, _Sight]:
        """Bodies that other cameras see now and this one does not."""
        found = {}
        for body, sights in self._sights.items():
            own = sights.get(source)
            others = [sight for name, sight in sights.items() if name != source and at_ns - sight.at_ns <= FRESH_NS]
            if others and (own is None or at_ns - own.at_ns > FRESH_NS):
                found[body] = max(others, key=lambda sight: sight.at_ns)
        return found

    def _beside(self, wait: _Waiting, here: Iterable[str]) -> str | None:
        means = sorted(
            (sum(wait.distances[body]) // len(wait.distances[body]), body)
            for body in here
            if len(wait.distances.get(body, ())) >= MOMENTS
        )
        if not means or means[0][0] > JOIN_MM:
            return None
        clear = len(means) == 1 or means[1][0] - means[0][0] >= CLEAR_MM
        longest = max(len(seen) for seen in wait.distances.values())
        return means[0][1] if clear or longest >= 2 * MOMENTS else None

    def _again(self, frame: TracksSeen, person: Person) -> str | None:
        """The one body lost within walking distance whose look this is."""
        if not person.look or person.place_mm is None:
            return None
        rated = []
        for body, sight in self._lost(frame).items():
            walked_mm = JOIN_MM + WALK_MM_S * (frame.captured_ns - sight.at_ns) // 1_000_000_000
            if distance2(sight.place_mm, person.place_mm) <= walked_mm:
                rated.append(
                    (max((alike_ppm(look, person.look) for look in self._looks.get(body, ())), default=0), body)
                )
        best = max(rated, default=(0, ""))
        return best[1] if best[0] >= ALIKE_PPM else None

    def _lost(self, frame: TracksSeen) -> dict[str, _Sight]:
        """Bodies that nobody sees now; those that this camera saw last it would know itself."""
        found = {}
        for body, sights in self._sights.items():
            source, last = max(sights.items(), key=lambda item: item[1].at_ns)
            if source != frame.source and frame.captured_ns - last.at_ns > FRESH_NS:
                found[body] = last
        return found

    def _begin(self, track: str) -> str:
        return self._join(track, track)

    def _join(self, track: str, body: str) -> str:
        self._waiting.pop(track, None)
        self._body_of[track] = body
        return body

    def _note(self, frame: TracksSeen, person: Person, body: str) -> None:
        if person.place_mm is not None:
            sight = _Sight(frame.captured_ns, person.place_mm, person.track)
            self._sights.setdefault(body, {})[frame.source] = sight
        if person.look:
            self._looks[body] = [*self._looks.get(body, ()), person.look][-LOOKS_KEPT:]

    def _check(self, frame: TracksSeen, person: Person) -> None:
        """A track that was joined and now walks elsewhere than its body was joined wrongly: it is new again."""
        body = self._body_of.get(person.track)
        if body is None or body == person.track or person.place_mm is None:
            return
        others = [
            sight
            for source, sight in self._sights.get(body, {}).items()
            if source != frame.source and frame.captured_ns - sight.at_ns <= FRESH_NS
        ]
        if not others:
            return
        far = min(distance2(sight.place_mm, person.place_mm) for sight in others) > SPLIT_MM
        self._strained[person.track] = self._strained.get(person.track, 0) + 1 if far else 0
        if self._strained[person.track] >= SPLIT_MOMENTS:
            del self._body_of[person.track], self._strained[person.track]
            self._sights[body].pop(frame.source, None)

    def _forget(self, at_ns: int) -> None:
        for track in [track for track, seen_ns in self._seen_ns.items() if at_ns - seen_ns > LOST_NS]:
            for table in (self._seen_ns, self._body_of, self._waiting, self._strained):
                table.pop(track, None)
        for body in [body for body, sights in self._sights.items() if _newest(sights) < at_ns - LOST_NS]:
            del self._sights[body]
            self._looks.pop(body, None)


def _newest(sights: dict[str, _Sight]) -> int:
    return max((sight.at_ns for sight in sights.values()), default=0)


def alike_ppm(one: bytes, other: bytes) -> int:
    """Cosine of two looks (signed bytes) in ppm; 0 where they are not of one kind."""
    if len(one) != len(other) or not one:
        return 0
    first, second = memoryview(one).cast("b"), memoryview(other).cast("b")
    dot = sum(a * b for a, b in zip(first, second, strict=True))
    length = isqrt(sum(a * a for a in first) * sum(b * b for b in second))
    return dot * 1_000_000 // length if length else 0
