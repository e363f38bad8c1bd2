"""One person as a camera knows them: a name that nobody else gets, and their last looks. Must not: decide anything."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from vision.boxes import Box
from vision.looks import Look

KEPT_LOOKS = 8
BEST_OF = 3


@dataclass(eq=False)
class Identity:
    """`looks` are the last ones, newest last; `box` and `last_s` are of the last sight."""

    name: str
    box: Box
    last_s: float
    looks: deque[Look] = field(default_factory=lambda: deque(maxlen=KEPT_LOOKS))
    fresh: bool = False  # a look was added and nobody was told

    def learn(self, *looks: Look) -> None:
        """Keep looks."""
        self.looks.extend(looks)
        self.fresh = True

    def likeness(self, look: Look) -> float | None:
        """Mean cosine to the most alike of the kept looks; None where none is kept."""
        best = sorted((float(kept @ look) for kept in self.looks), reverse=True)[:BEST_OF]
        return sum(best) / len(best) if best else None

    def mean_likeness(self, looks: Iterable[Look]) -> float | None:
        """Mean over several looks of one body."""
        found = [value for look in looks if (value := self.likeness(look)) is not None]
        return sum(found) / len(found) if found else None
