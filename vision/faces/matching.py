"""The one rule that turns distances into a name, and the same rule over several looks.

A face is a shopper's only if their nearest template is within the engine's largest distance and nearer than any
other shopper's by a margin. Must not: know what a distance is made of, or read a clock.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vision.faces.quality import Template

SCORE_FULL = 1_000_000
DISTANCE_FULL = 2.0  # both engines' distances lie between 0 and 2


class Distances(Protocol):
    """The part of an engine that compares."""

    def distances(self, template: Template, others: Template) -> Template:
        """Distances of one template [n] to others [m, n], as float32 [m]."""
        ...


@dataclass(frozen=True, slots=True)
class Impostors:
    """How far apart two different people are: the normal distribution that fits the *nearest* of their pairs.

    Measured by `muin evaluate face-threshold`; the middle of the distribution does not matter, its near end does.
    """

    mean: float
    deviation: float

    def limit(self, chance: float) -> float:
        """The distance that a pair of different people stays above, except for this share of pairs."""
        return self.mean + self.deviation * NormalDist().inv_cdf(chance)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a face is somebody's: limits in the engine's distance.

    `max_distance` holds whatever the gallery. Where `impostors` is known, a face that belongs to nobody may get a
    name with at most `wrong_name_chance`: each of the templates it is compared with is another chance, so the limit
    falls as the gallery grows. The nearest shopper must be `min_margin` nearer than the next one.
    """

    max_distance: float
    min_margin: float
    impostors: Impostors | None = None
    wrong_name_chance: float = 0.001

    def limit(self, gallery: int) -> float:
        """The largest distance accepted among `gallery` templates; one comparison may be wrong with chance / gallery.

        By Boole's inequality, so it errs on the strict side: templates of one shopper resemble each other.
        """
        if self.impostors is None:
            return self.max_distance
        return min(self.max_distance, self.impostors.limit(self.wrong_name_chance / max(1, gallery)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who a face is, or why nobody: `shopper` is None with `reason` "unknown" or "ambiguous".

    `distance` is that of the nearest shopper, `margin` how much further the second one is (infinite where there
    is none), `limit` the largest distance that was accepted among `gallery` templates.
    """

    shopper: str | None
    reason: Literal["", "unknown", "ambiguous", "needs-claim"]
    distance: float = float("inf")
    margin: float = float("inf")
    limit: float = 0.0
    gallery: int = 0

    @property
    def score_ppm(self) -> int:
        """Closeness as an event carries it: 1,000,000 = same, 0 = nothing in common."""
        return closeness_ppm(self.distance)


def closeness_ppm(distance: float) -> int:
    """1,000,000 for distance 0, falling to 0."""
    if not np.isfinite(distance):
        return 0
    return max(0, round(SCORE_FULL * (1.0 - distance / DISTANCE_FULL)))


UNKNOWN = Verdict(None, "unknown")
NEEDS_CLAIM = Verdict(None, "needs-claim")


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
    gallery = len(owners)
    limit = rule.limit(gallery)
    if not distance <= limit:
        return Verdict(None, "unknown", distance, margin, limit, gallery)
    if others and not margin >= rule.min_margin:
        return Verdict(None, "ambiguous", distance, margin, limit, gallery)
    return Verdict(name, "", distance, margin, limit, gallery)


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

    def among(self, owners: Collection[str]) -> Known:
        """Those of some owners only."""
        chosen = [number for number, owner in enumerate(self.owners) if owner in owners]
        if self.templates is None or not chosen:
            return Known()
        return Known(tuple(self.owners[number] for number in chosen), self.templates[chosen])


def identify(engine: Distances, template: Template, known: Known, rule: Rule) -> Verdict:
    """Who a template is, among the known ones."""
    if known.templates is None:
        return UNKNOWN
    return decide(engine.distances(template, known.templates), known.owners, rule)
