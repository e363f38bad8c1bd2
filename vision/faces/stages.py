"""The stages of a face engine in their order: detect, align, quality, embed. What an engine fills in is its own.

A face that the quality gate refuses is never embedded. Must not: compare templates, or read a clock (the watch that
times a stage is handed in).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from vision.faces.face import Face, Watch, unwatched
from vision.faces.quality import Picture, Quality, Template, measure

Box = tuple[int, int, int, int]
Found = TypeVar("Found")
Aligned = TypeVar("Aligned")


class StagedEngine(ABC, Generic[Found, Aligned]):
    """Runs the stages of one engine on a picture. `watch` may be replaced by one that measures."""

    def __init__(self, quality: Quality, problem: str = "") -> None:
        self.quality, self.problem = quality, problem
        self.watch: Watch = unwatched

    def faces(self, picture: Picture) -> list[Face]:
        """All faces of a BGR picture (uint8 [height, width, 3]), left to right."""
        with self.watch("detect"):
            found = sorted(self._find(picture), key=self._box)
        return [self._face(picture, one) for one in found]

    def _face(self, picture: Picture, found: Found) -> Face:
        box_px, head_px, lean_deg = self._box(found), self._head(found), self._lean_deg(found)
        with self.watch("align"):
            aligned, turn_deg = self._align(picture, found)
        with self.watch("quality"):
            measures = measure(picture, box_px, turn_deg)
            flaw = self.quality.flaw(measures)
        if flaw:
            return Face(box_px, measures, flaw, None, head_px, lean_deg)
        with self.watch("embed"):
            template = self._embed(aligned)
        return Face(box_px, measures, "", template, head_px, lean_deg)

    @abstractmethod
    def _find(self, picture: Picture) -> Sequence[Found]:
        """Where faces are."""

    @abstractmethod
    def _box(self, found: Found) -> Box:
        """The box of a face in the picture."""

    def _head(self, found: Found) -> Box:
        """The box from forehead to chin, as YuNet gives it."""
        return self._box(found)

    @abstractmethod
    def _lean_deg(self, found: Found) -> float:
        """How far the line between the eyes is from level."""

    @abstractmethod
    def _align(self, picture: Picture, found: Found) -> tuple[Aligned, float]:
        """What is embedded, and how far the face looks to the side in degrees."""

    @abstractmethod
    def _embed(self, aligned: Aligned) -> Template:
        """The template."""
