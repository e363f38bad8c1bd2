"""What every finder of people gives, and what it must be able to do. Must not: find anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vision.boxes import Box
from vision.planes import Picture


@dataclass(frozen=True)
class Body:
    """One person in a picture: corners in pixels (left, top, right, bottom) and a score from 0 to 1."""

    box_px: Box
    score: float


class PeopleFinder(Protocol):
    """Finds people in pictures that come in order. `problem` says which weights could not be used, if any."""

    problem: str

    def find(self, picture: Picture, at_s: float) -> list[Body]:
        """Everybody in one picture, uint8 [h, w, 3] BGR, taken at `at_s`."""
        ...

    def describe(self) -> str:
        """What is used, for people who install a shop."""
        ...
