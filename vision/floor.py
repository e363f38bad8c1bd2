"""The floor watch: pictures of a floor camera in, `TracksSeen` and `LineCrossed` out.

Must not: open a stream, read a clock, or say who somebody is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from edge.config import StoreConfig
from edge.core.events import Event, HealthChanged, LineCrossed, Person, TracksSeen
from vision.people import PeopleFinder, choose_finder
from vision.planes import Picture
from vision.tracker import Box, Track, Tracker, feet

LEAST_STEP_NS = 60_000_000
EMPTY_EVERY_NS = 1_000_000_000  # "nobody here" is repeated, so that silence means a dead camera
SIDE_MARGIN_SHARE = 0.03  # of the body's height: nearer to the line than this is neither side


@dataclass(frozen=True)
class Line:
    """A line in the picture. Walking from `from_px` to `to_px`, the shop lies on the `inside` hand."""

    id: str
    from_px: tuple[int, int]
    to_px: tuple[int, int]
    inside: Literal["left", "right"]

    def side(self, point: tuple[float, float]) -> float:
        """Signed distance in pixels, above 0 on the inside (picture y points down)."""
        across, down = self.to_px[0] - self.from_px[0], self.to_px[1] - self.from_px[1]
        area = across * (point[1] - self.from_px[1]) - down * (point[0] - self.from_px[0])
        distance = area / max(1.0, math.hypot(across, down))
        return distance if self.inside == "right" else -distance

    def beside(self, point: tuple[float, float]) -> bool:
        """Whether the point's foot on the line lies between its ends."""
        across, down = self.to_px[0] - self.from_px[0], self.to_px[1] - self.from_px[1]
        along = across * (point[0] - self.from_px[0]) + down * (point[1] - self.from_px[1])
        return 0 <= along <= across**2 + down**2


@dataclass
class FloorWatch:
    """People of one floor camera (edge.core.ports.PictureSense)."""

    camera: str
    finder: PeopleFinder
    lines: Sequence[Line] = ()
    _tracker: Tracker = field(init=False)
    _sides: dict[tuple[str, str], bool] = field(default_factory=dict)
    _last_ns: int = -LEAST_STEP_NS
    _told_ns: int = -EMPTY_EVERY_NS
    _told_somebody: bool = True
    _problem_told: bool = False

    def __post_init__(self) -> None:
        self._tracker = Tracker(self.camera)

    @classmethod
    def from_config(cls, config: StoreConfig, camera_id: str) -> FloorWatch:
        """The watch of one camera."""
        lines = [Line(row.id, row.from_px, row.to_px, row.inside) for row in config.line if row.camera == camera_id]
        return cls(camera_id, choose_finder(config.models), lines)

    def see(self, picture: Picture, captured_ns: int) -> list[Event]:
        """Look at one picture, uint8 [h, w, 3] BGR."""
        if captured_ns - self._last_ns < LEAST_STEP_NS:
            return []
        self._last_ns = captured_ns
        tracks = self._tracker.see(self.finder.find(picture), captured_ns / 1e9)
        events = self._health(captured_ns)
        if tracks or self._told_somebody or captured_ns - self._told_ns >= EMPTY_EVERY_NS:
            self._told_ns, self._told_somebody = captured_ns, bool(tracks)
            people = tuple(Person(track=track.name, box_px=_whole(track.box)) for track in tracks)
            events.append(TracksSeen(captured_ns=captured_ns, source=self.camera, people=people))
        for line in self.lines:
            events += self._crossings(line, tracks, captured_ns)
        return events

    def flush(self) -> list[Event]:
        """Nothing waits here."""
        return []

    def describe(self) -> str:
        """Which finder is in use, for people."""
        return self.finder.describe()

    def _health(self, captured_ns: int) -> list[Event]:
        """Said once: weights that could not be used, and so who else finds the people."""
        problem, self._problem_told = "" if self._problem_told else self.finder.problem, True
        if not problem:
            return []
        detail, device = f"{problem}; meanwhile: {self.finder.describe()}", f"{self.camera}:people"
        return [
            HealthChanged(captured_ns=captured_ns, source=self.camera, device=device, state="degraded", detail=detail)
        ]

    def _crossings(self, line: Line, tracks: Sequence[Track], captured_ns: int) -> list[Event]:
        events: list[Event] = []
        for track in tracks:
            point = feet(track.box)
            side = line.side(point)
            if abs(side) < SIDE_MARGIN_SHARE * (track.box[3] - track.box[1]):
                continue
            key = (line.id, track.name)
            was, self._sides[key] = self._sides.get(key), side > 0
            if was is None or was == (side > 0) or not line.beside(point):
                continue
            direction: Literal["in", "out"] = "in" if side > 0 else "out"
            events.append(
                LineCrossed(
                    captured_ns=captured_ns, source=self.camera, line=line.id, track=track.name, direction=direction
                )
            )
        return events


def _whole(box: Box) -> tuple[int, int, int, int]:
    return (round(box[0]), round(box[1]), round(box[2]), round(box[3]))
