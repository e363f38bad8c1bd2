"""All that a shelf camera tells: changes and reaches of its slots, and whose hand it was.

Slots that the camera cannot judge (`judged_by = "others"`, as gravity feeders) are reached into and never change here.
Must not: sell, or begin a body: where the camera knows places, the shop's floor cameras decide who is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.config import StoreConfig
from edge.core.events import Event, HealthChanged, ShelfChanged, ShelfReached, TracksSeen
from vision.boxes import Box
from vision.floor import FloorWatch
from vision.hand_watch import HandWatch
from vision.hands import NoHands, choose_hands
from vision.people import NetworkFinder
from vision.places import SlotShape
from vision.planes import Picture
from vision.slots import SlotWatch
from vision.stir import Stir

FOLLOW_NS = 200_000_000


@dataclass
class ShelfWatch:
    """One shelf camera (edge.core.ports.PictureSense). `people` follows bodies where that can be done."""

    camera: str
    slots: SlotWatch
    hands: HandWatch
    people: FloorWatch | None = None
    unjudged: frozenset[str] = frozenset()
    _stir: Stir = field(default_factory=Stir)
    _bodies: dict[str, Box] = field(default_factory=dict)
    _followed_ns: int = -FOLLOW_NS
    _problem_told: bool = False

    @classmethod
    def from_config(cls, config: StoreConfig, camera_id: str) -> ShelfWatch:
        """The watch of one camera. Raises BadInput for what is configured wrongly."""
        hands = HandWatch(choose_hands(config.models) if config.shelf_vision.hands else NoHands())
        people = FloorWatch.from_config(config, camera_id) if hands.finder.able else None
        if people is not None and not isinstance(people.finder, NetworkFinder):
            people = None  # before a shelf every hand is a blob
        unjudged = frozenset(row.id for row in config.slot if row.judged_by == "others")
        return cls(camera_id, SlotWatch.from_config(config, camera_id), hands, people, unjudged)

    def see(self, picture: Picture, captured_ns: int) -> list[Event]:
        """Look at one picture, uint8 [h, w, 3] BGR."""
        events = self._health(captured_ns)
        told = self.slots.see(picture, captured_ns)
        reached = self.slots.reached_now()
        events += self._follow(picture, captured_ns, reached)
        self.hands.look(picture, captured_ns, reached, self._bodies)
        return [*events, *self._judged(told)]

    def flush(self) -> list[Event]:
        """What was still waiting when the stream ended."""
        self.hands.finder.close()
        return self._judged(self.slots.flush())

    def describe(self) -> str:
        """How this camera is watched, for people."""
        words = [self.slots.describe(), self.hands.finder.describe()]
        return "; ".join([*words, *([self.people.describe()] if self.people is not None else [])])

    def _judged(self, events: Sequence[Event]) -> list[Event]:
        kept = [e for e in events if not (isinstance(e, ShelfChanged) and e.slot in self.unjudged)]
        return [self.hands.explain(event) if isinstance(event, ShelfReached) else event for event in kept]

    def _follow(self, picture: Picture, at_ns: int, reached: Sequence[SlotShape]) -> list[Event]:
        """Bodies before the shelf, while something moves; told only where the camera knows places on the floor."""
        awake = self._stir.awake(picture, at_ns) or bool(reached)
        if self.people is None or not awake or at_ns - self._followed_ns < FOLLOW_NS:
            return []
        self._followed_ns = at_ns
        found = [event for event in self.people.see(picture, at_ns) if isinstance(event, TracksSeen)]
        for event in found:
            self._bodies = {person.track: person.box_px for person in event.people if person.box_px is not None}
        return list(found) if self.people.plane is not None else []

    def _health(self, at_ns: int) -> list[Event]:
        problem, self._problem_told = "" if self._problem_told else self.hands.finder.problem, True
        if not problem:
            return []
        device = f"{self.camera}:hands"
        return [HealthChanged(captured_ns=at_ns, source=self.camera, device=device, state="degraded", detail=problem)]
