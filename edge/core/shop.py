"""What the parts of the core share while they handle one event: layout, durable state, tracks, timers, orders.

Must not: contain rules; those live in doors, presence, shelves and checkout.
"""

from __future__ import annotations

import msgspec

from edge.core.commands import Command, Evidence
from edge.core.events import PointMm, ShelfChanged
from edge.core.evidence import Grasp
from edge.core.health import Alarms
from edge.core.hypotheses import Story, begin
from edge.core.ids import fact_id
from edge.core.layout import Layout
from edge.core.ordering import Timers
from edge.core.planogram import Planogram
from edge.core.tracks import Tracks
from edge.core.trails import distance2
from edge.core.visits import OPEN, PRESENT, State, Visit


class Level(msgspec.Struct, kw_only=True):
    """The last quiet weight of a plate."""

    level_mg: int
    at_ns: int


class Doing(msgspec.Struct, kw_only=True):
    """A shelf interaction, kept for a while so that a slower sensor can add its word."""

    grasp: str
    plate: str
    taken: bool
    delta_mg: int = 0
    began_ns: int
    ended_ns: int


class Lying(msgspec.Struct, kw_only=True):
    """A product that may lie about inside: since when, and how many of it the likeliest story had lying there then."""

    since_ns: int
    quantity: int


class Gesture(msgspec.Struct, kw_only=True):
    """Hands away from shelves: two that `met`, or one at the `floor`. Lives in memory only."""

    kind: str
    visits: tuple[str, ...]
    began_ns: int
    ended_ns: int
    place_mm: PointMm
    looks: int = 1


class Surprise(msgspec.Struct, kw_only=True):
    """A lift from a plate of one product that its catalogue weight does not explain."""

    sku: str
    grasp: str
    weight_mg: int


class Unseen(msgspec.Struct, kw_only=True):
    """A time in which a shelf camera did not see its slots; `to_ns` None = it still does not."""

    camera: str
    from_ns: int
    to_ns: int | None = None


class ShopState(msgspec.Struct, kw_only=True):
    """Everything that must survive a restart. Saved with each durable decision, in the same transaction."""

    run_id: str = ""
    now_ns: int = 0
    visits: dict[str, Visit] = {}
    grasps: dict[str, Grasp] = {}
    levels: dict[str, Level] = {}
    stories: list[Story] = msgspec.field(default_factory=begin)
    shown: dict[str, dict[str, int]] = {}
    proof: dict[str, dict[str, list[Evidence]]] = {}
    recent: list[Doing] = []
    surprises: list[Surprise] = []
    learned: dict[str, int] = {}
    alarms: Alarms = msgspec.field(default_factory=Alarms)
    blind_from_ns: int = -1
    blind_to_ns: int = -1
    ever_tracked: bool = False
    portal_spoke: bool = False
    outs_ns: list[int] = []
    words: dict[str, ShelfChanged] = {}  # of cameras that wait for a scale of which a part is dead
    stays: list[tuple[int, int]] = []  # from when to when those were inside whose visits are closed
    loose: dict[str, Lying] = {}  # by product
    entrances: list[tuple[int, int]] = []  # where bodies began (mm) in a shop whose gates nobody told
    numbers_told: list[str] = []
    armed_doors: list[str] = []
    counted: dict[str, int] = {}  # gate, beam and direction -> its counter
    passed: dict[str, list[int]] = {}  # gate and camera -> when bodies came in, below 0: went out
    unseen: list[Unseen] = []


class Joined(msgspec.Struct, kw_only=True):
    """A track that was taken for the body of a visit which was out of sight. Lives in memory only.

    `beside` counts the frames in which that body was seen elsewhere at the same time.
    """

    visit: str
    before: tuple[str, ...]
    tall_mm: int | None = None
    beside: int = 0


class Shop:
    """The context of one store. `out` collects the orders of the event at hand."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.policy = layout.policy
        self.planogram = Planogram(layout)
        self.gate_spots = [gate.position_mm for gate in layout.gates if gate.position_mm is not None]
        self.state = ShopState()
        self.tracks = Tracks()
        self.timers = Timers()
        self.out: list[Command] = []
        self.joined: dict[str, Joined] = {}  # tracks taken for the rest of a broken one
        self.loners: dict[str, int] = {}  # tracks without a visit, by when they appeared
        self.saved_run = ""
        self.gestures: dict[tuple[str, ...], Gesture] = {}  # going on
        self.looked_ns = 0
        self.past_gestures: list[Gesture] = []  # of the last half minute: a camera speaks late
        self.counted_ns = 0
        # As of so many plates that spoke: those that did not (reaches.py).
        self.unfelt: tuple[int, list[tuple[str, PointMm]]] | None = None

    def is_near_gate(self, place: tuple[int, int] | None, within_mm: int) -> bool:
        """True if a place is within so much of a gate whose place is known."""
        return place is not None and any(distance2(place, spot) <= within_mm for spot in self.gate_spots)

    def order(self, *commands: Command) -> None:
        """Add to the orders of this event."""
        self.out.extend(commands)

    def new_id(self, prefix: str, *facts: str | int) -> str:
        """An id from facts of this run."""
        return fact_id(prefix, self.layout.store_id, self.state.run_id, *facts)

    def open_visits(self) -> list[Visit]:
        """Visits that have not ended, oldest first."""
        return [visit for visit in self.state.visits.values() if visit.state in OPEN]

    def present(self, from_ns: int = 0) -> list[Visit]:
        """Visits with somebody inside now, or seen inside since `from_ns`."""
        return [
            visit
            for visit in self.state.visits.values()
            if visit.state in PRESENT and (visit.state is State.INSIDE or visit.last_seen_ns >= from_ns)
        ]

    def visit_of(self, track: str) -> Visit | None:
        """The open visit that a track belongs to."""
        for visit in self.state.visits.values():
            if visit.state in OPEN and track in visit.tracks:
                return visit
        return None
