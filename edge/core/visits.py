"""The life of a visit as one table: every state against every stimulus. Must not: act; the store acts.

granted --entered--> inside --left--> leaving --settled--> closed
   |                    ^----entered-----'
   '--refused, timed out--> void
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class State(StrEnum):
    """Where a visit stands."""

    GRANTED = "granted"
    INSIDE = "inside"
    LEAVING = "leaving"
    CLOSED = "closed"
    VOID = "void"


class Stimulus(StrEnum):
    """What can happen to a visit."""

    ENTERED = "entered"  # a body was bound to it, or came back
    LEFT = "left"  # its last body is gone
    SETTLED = "settled"  # evidence had its time to arrive
    REFUSED = "refused"  # the passage did not open
    TIMED_OUT = "timed-out"  # nobody came in on the grant
    SHOWN_AGAIN = "shown-again"  # the same credential once more
    RUN_ENDED = "run-ended"  # the recording or run is over


TABLE: Final[dict[tuple[State, Stimulus], State]] = {
    (State.GRANTED, Stimulus.ENTERED): State.INSIDE,
    (State.GRANTED, Stimulus.LEFT): State.GRANTED,
    (State.GRANTED, Stimulus.SETTLED): State.GRANTED,
    (State.GRANTED, Stimulus.REFUSED): State.VOID,
    (State.GRANTED, Stimulus.TIMED_OUT): State.VOID,
    (State.GRANTED, Stimulus.SHOWN_AGAIN): State.GRANTED,
    (State.GRANTED, Stimulus.RUN_ENDED): State.VOID,
    (State.INSIDE, Stimulus.ENTERED): State.INSIDE,
    (State.INSIDE, Stimulus.LEFT): State.LEAVING,
    (State.INSIDE, Stimulus.SETTLED): State.INSIDE,
    (State.INSIDE, Stimulus.REFUSED): State.INSIDE,
    (State.INSIDE, Stimulus.TIMED_OUT): State.INSIDE,
    (State.INSIDE, Stimulus.SHOWN_AGAIN): State.INSIDE,
    (State.INSIDE, Stimulus.RUN_ENDED): State.CLOSED,
    (State.LEAVING, Stimulus.ENTERED): State.INSIDE,
    (State.LEAVING, Stimulus.LEFT): State.LEAVING,
    (State.LEAVING, Stimulus.SETTLED): State.CLOSED,
    (State.LEAVING, Stimulus.REFUSED): State.LEAVING,
    (State.LEAVING, Stimulus.TIMED_OUT): State.LEAVING,
    (State.LEAVING, Stimulus.SHOWN_AGAIN): State.LEAVING,
    (State.LEAVING, Stimulus.RUN_ENDED): State.CLOSED,
    **{(state, stimulus): state for state in (State.CLOSED, State.VOID) for stimulus in Stimulus},
}

OPEN: Final = frozenset({State.GRANTED, State.INSIDE, State.LEAVING})
PRESENT: Final = frozenset({State.INSIDE, State.LEAVING})


class Tag(msgspec.Struct, kw_only=True):
    """A tag that was read at the portal while this visit was leaving. `best_cdbm`: its strongest read, 0 = not told."""

    sku: str
    reads: int
    last_ns: int
    best_cdbm: int = -99_999


class Showing(msgspec.Struct, kw_only=True):
    """A credential at the gate, and how sure the gate was of it."""

    at_ns: int
    score_ppm: int


class Spell(msgspec.Struct, kw_only=True):
    """From `since_ns` on the body of `track` had another number at the tracker."""

    track: str
    number: str
    since_ns: int


class Visit(msgspec.Struct, kw_only=True):
    """One visit. Part of the durable state, so every field survives a restart."""

    id: str
    shopper: str | None
    method: str
    gate: str
    state: State
    opened_ns: int
    entered_ns: int | None = None
    left_ns: int | None = None
    last_seen_ns: int = 0
    request: str = ""
    tries: int = 0
    shown: list[Showing] = []
    party: int = 1
    passed_in: int = 0  # bodies that a beam counted in on its grant
    tracks: list[str] = []
    spells: list[Spell] = []
    seen: dict[str, tuple[int, int]] = {}  # of each track, when it was seen first and last with this visit
    lost_mm: tuple[int, int] | None = None  # where its last body was when its track was given up
    tags: dict[str, Tag] = {}
    reason: str = ""
    gap: bool = False
    reaches: int = 0  # into shelves, and in how many of them something moved: see reaches.py
    touches: int = 0
    reached_ns: int = 0
    reached_silent: list[str] = []  # plates that had not spoken by then
    unclear: list[str] = []  # products that it held at an unexplained change: see unexplained.py
    pressed: list[str] = []  # products at whose place it was when an unexplained weight came
    mixed_ppm: int = 0  # chance that a tracker exchanged its body with another one's

    def step(self, stimulus: Stimulus) -> bool:
        """Follow the table; True if the state changed."""
        before = self.state
        self.state = TABLE[self.state, stimulus]
        return self.state is not before
