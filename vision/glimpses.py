"""A look of a slot that stood still between two hands, too short to be judged: it parts one difference in two.

One takes a pack and the next puts another at its place half a second later; when all hands are gone a single difference
is left. What was seen between them tells both. Must not: judge a glimpse while nothing came after it; the wait does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vision.descriptors import Look, distance
from vision.planes import Planes

GLIMPSE_NS: Final = 150_000_000  # three pictures at 10 Hz: a hand that only passes moves on
LEAST_APART: Final = 0.55  # between what was glimpsed and what is seen at last; less is the same state


@dataclass
class State:
    """How a slot looked, and the picture that the look was taken from."""

    look: Look
    planes: Planes


@dataclass(frozen=True)
class Glimpse:
    """A state seen from `began_ns` (nobody could see the slot from `hidden_ns` to then) to `seen_ns`.

    `alone`: with nobody near."""

    state: State
    hidden_ns: int
    began_ns: int
    seen_ns: int
    layer: tuple[int, ...]
    alone: bool


@dataclass(frozen=True)
class Step:
    """One change: two states, and when nobody could see the slot."""

    before: State
    after: State
    began_ns: int
    ended_ns: int


def steps_between(before: State, glimpse: Glimpse | None, after: State, hidden_ns: tuple[int, int]) -> list[Step]:
    """The changes from one state to another: two where something else was glimpsed between them."""
    if glimpse is None or distance(glimpse.state.look, after.look) < LEAST_APART:
        return [Step(before, after, *hidden_ns)]
    return [
        Step(before, glimpse.state, glimpse.hidden_ns, glimpse.began_ns),
        Step(glimpse.state, after, glimpse.seen_ns, max(glimpse.seen_ns, hidden_ns[1])),
    ]
