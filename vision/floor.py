"""The floor watch: pictures of a floor camera in, `TracksSeen` and `LineCrossed` out.

Must not: open a stream, read a clock, or say who somebody is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from edge.config import StoreConfig
from edge.core.events import Event, HealthChanged, LineCrossed, PassageCounted, Person, TracksSeen
from vision.bodies import PeopleFinder
from vision.boxes import Box
from vision.calibration import FloorPlane, calibrated, is_overhead
from vision.following import Followed, Follower
from vision.lines import Crossing, Line, LineWatch
from vision.looks import LookMaker, NoLooks, as_bytes, choose_looks
from vision.people import choose_finder
from vision.planes import Picture

LEAST_STEP_NS = 60_000_000
EMPTY_EVERY_NS = 1_000_000_000  # "nobody here" is repeated, so that silence means a dead camera


@dataclass
class FloorWatch:
    """People of one floor camera (edge.core.ports.PictureSense)."""

    camera: str
    finder: PeopleFinder
    lines: Sequence[Line] = ()
    looks: LookMaker = field(default_factory=NoLooks)
    plane: FloorPlane | None = None
    share_looks: bool = False
    _follower: Follower = field(init=False)
    _line_watch: LineWatch = field(init=False)
    _passed: dict[tuple[str, str], int] = field(default_factory=dict)
    _last_ns: int = -LEAST_STEP_NS
    _told_ns: int = -EMPTY_EVERY_NS
    _told_somebody: bool = True
    _problem_told: bool = False
    _size_px: tuple[int, int] = (0, 0)
    _misfit: str = ""

    def __post_init__(self) -> None:
        self._follower = Follower(self.camera, self.finder, self.looks)
        self._line_watch = LineWatch(tuple(self.lines))

    @classmethod
    def from_config(cls, config: StoreConfig, camera_id: str) -> FloorWatch:
        """The watch of one camera. Raises BadInput for marks on the floor that cannot be right."""
        plane = FloorPlane.of(config, camera_id)
        return cls(
            camera_id,
            choose_finder(config.models, overhead=is_overhead(config, camera_id)),
            Line.of(config, camera_id),
            choose_looks(config.models),
            plane,
            share_looks=plane is not None and calibrated(config.camera) > 1,
        )

    def see(self, picture: Picture, captured_ns: int) -> list[Event]:
        """Look at one picture, uint8 [h, w, 3] BGR."""
        if captured_ns - self._last_ns < LEAST_STEP_NS:
            return []
        self._last_ns = captured_ns
        bodies = self._follower.see(picture, captured_ns / 1e9)
        events = [*self._health(captured_ns), *self._fit(picture, captured_ns)]
        if bodies or self._told_somebody or captured_ns - self._told_ns >= EMPTY_EVERY_NS:
            self._told_ns, self._told_somebody = captured_ns, bool(bodies)
            people = tuple(self._person(body, picture.shape[0]) for body in bodies)
            events.append(TracksSeen(captured_ns=captured_ns, source=self.camera, people=people))
        for found in self._line_watch.see((body.name, body.box) for body in bodies):
            events += self._crossed(found, captured_ns)
        return events

    def flush(self) -> list[Event]:
        """Nothing waits here."""
        return []

    def describe(self) -> str:
        """What finds people and tells them apart, for people."""
        return self._follower.describe()

    def _crossed(self, found: Crossing, captured_ns: int) -> list[Event]:
        line, direction = found.line, found.direction
        events: list[Event] = [
            LineCrossed(
                captured_ns=captured_ns, source=self.camera, line=line.id, track=found.name, direction=direction
            )
        ]
        if line.gate is not None:
            total = self._passed[line.id, direction] = self._passed.get((line.id, direction), 0) + 1
            events.append(
                PassageCounted(
                    captured_ns=captured_ns,
                    source=self.camera,
                    gate=line.gate,
                    direction=direction,
                    total=total,
                    bodies=True,
                )
            )
        return events

    def _person(self, body: Followed, height_px: int) -> Person:
        return Person(
            track=body.name,
            place_mm=self.plane.place(body.box, height_px) if self.plane is not None else None,
            box_px=_whole(body.box),
            look=as_bytes(body.look) if self.share_looks and body.look is not None else b"",
            corrected=body.corrected,
        )

    def _health(self, captured_ns: int) -> list[Event]:
        """Said once: weights that could not be used, and so who else finds the people."""
        problem, self._problem_told = "" if self._problem_told else self._follower.problem, True
        if not problem:
            return []
        detail, device = f"{problem}; meanwhile: {self.describe()}", f"{self.camera}:people"
        return [
            HealthChanged(captured_ns=captured_ns, source=self.camera, device=device, state="degraded", detail=detail)
        ]

    def _fit(self, picture: Picture, captured_ns: int) -> list[Event]:
        """Said when it begins and ends: lines drawn for another picture. People are followed all the same."""
        size_px = (picture.shape[1], picture.shape[0])
        if size_px == self._size_px:
            return []
        self._size_px = size_px
        misfit = "; ".join(text for line in self.lines if (text := line.misfit(*size_px)))
        if misfit == self._misfit:
            return []
        self._misfit, device = misfit, f"{self.camera}:lines"
        state: Literal["ok", "degraded"] = "degraded" if misfit else "ok"
        return [HealthChanged(captured_ns=captured_ns, source=self.camera, device=device, state=state, detail=misfit)]


def _whole(box: Box) -> tuple[int, int, int, int]:
    return (round(box[0]), round(box[1]), round(box[2]), round(box[3]))
