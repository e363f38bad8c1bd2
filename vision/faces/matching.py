"""The one rule that turns distances into a name, and the same rule over several looks.

A face is a shopper's only if their nearest template is within the engine's largest distance and nearer than any
other shopper's by a margin. Must not: know what a distance is made of, or read a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vision.faces.face import FaceEngine, Template

SCORE_FULL = 1_000_000
DISTANCE_FULL = 2.0  # both engines' distances lie between 0 and 2


@dataclass(frozen=True, slots=True)
class Rule:
    """`max_distance` and `min_margin` in the engine's distance."""

    max_distance: float
    min_margin: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who a face is, or why nobody: `shopper` is None with `reason` "unknown" or "ambiguous".

    `distance` is that of the nearest shopper, `margin` how much further the second one is (infinite where there
    is none).
    """

    shopper: str | None
    reason: Literal["", "unknown", "ambiguous"]
    distance: float
    margin: float

    @property
    def score_ppm(self) -> int:
        """Closeness as an event carries it: 1,000,000 = same, 0 = nothing in common."""
        if not np.isfinite(self.distance):
            return 0
        return max(0, round(SCORE_FULL * (1.0 - self.distance / DISTANCE_FULL)))


UNKNOWN = Verdict(None, "unknown", float("inf"), float("inf"))


def decide(distances: Sequence[float] | NDArray[np.float32], owners: Sequence[str], rule: Rule) -> Verdict:
    """The rule. `distances[i]` is the distance to a template of `owners[i]`; a shopper may own several.

    Equal distances are settled by the name, so that the order of templates cannot change the answer (such a tie
    between two shoppers is ambiguous anyway).
    """
    nearest: dict[str, float] = {}
    for owner, distance in zip(owners, distances, strict=True):
        nearest[owner] = min(float(distance), nearest.get(owner, float("inf")))
    if not nearest:
        return UNKNOWN
    (distance, name), *others = sorted((value, owner) for owner, value in nearest.items())
    margin = others[0][0] - distance if others else float("inf")
    if not distance <= rule.max_distance:
        return Verdict(None, "unknown", distance, margin)
    if others and not margin >= rule.min_margin:
        return Verdict(None, "ambiguous", distance, margin)
    return Verdict(name, "", distance, margin)


@dataclass(frozen=True, slots=True)
class Known:
    """The templates that faces are compared with: `templates` [m, n], `owners[i]` owns row i."""

    owners: tuple[str, ...] = ()
    templates: Template | None = None

    @staticmethod
    def of(rows: Sequence[tuple[str, Template]]) -> Known:
        """From (owner, template) rows."""
        if not rows:
            return Known()
        return Known(tuple(owner for owner, _ in rows), np.stack([row for _, row in rows]).astype(np.float32))


def identify(engine: FaceEngine, template: Template, known: Known, rule: Rule) -> Verdict:
    """Who a template is, among the known ones."""
    if known.templates is None:
        return UNKNOWN
    return decide(engine.distances(template, known.templates), known.owners, rule)
