"""Faces that are coloured squares, and an engine that knows them: the gate's rules without a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vision.face_records import Consent
from vision.faces.face import Picture, Template
from vision.faces.matching import Impostors
from vision.faces.quality import Quality
from vision.faces.stages import Box, StagedEngine
from vision.gallery import Gallery

AGREED = Consent(text_version="1", given_at="2026-05-01T00:00:00.000Z", retain_until="2026-12-31")
COLOURS = {"anna": (40, 40, 220), "bert": (40, 220, 40), "carl": (220, 40, 40), "dora": (220, 220, 40)}
SIDE_PX = 100


class DrawnEngine(StagedEngine[Box, tuple[int, ...]]):
    """Finds the squares of COLOURS; a person's template is 1 in one place, so two people are at distance 1."""

    name, kind, max_distance, impostors = "drawn", "drawn", 0.5, Impostors(1.0, 0.1)

    def __init__(self, quality: Quality | None = None) -> None:
        super().__init__(quality or Quality(min_face_px=50))

    def distances(self, template: Template, others: Template) -> Template:
        return np.asarray(1 - others @ template, np.float32)

    def merged(self, templates: list[Template]) -> Template:
        return templates[0]

    def describe(self) -> str:
        return "drawn faces"

    def close(self) -> None: ...

    def _find(self, picture: Picture) -> list[Box]:
        found = []
        for colour in COLOURS.values():
            rows, columns = np.nonzero((picture == np.array(colour, np.uint8)).all(axis=2))
            if len(rows) > 400:
                found.append((int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))
        return found

    def _box(self, found: Box) -> Box:
        return found

    def _lean_deg(self, found: Box) -> float:
        return 0.0

    def _align(self, picture: Picture, found: Box) -> tuple[tuple[int, ...], float]:
        return tuple(int(value) for value in picture[(found[1] + found[3]) // 2, (found[0] + found[2]) // 2]), 0.0

    def _embed(self, aligned: tuple[int, ...]) -> Template:
        return template_of(next(name for name, colour in COLOURS.items() if colour == aligned))


def template_of(name: str) -> Template:
    """The template that the engine gives for a square."""
    return np.eye(len(COLOURS), 128, dtype=np.float32)[list(COLOURS).index(name)]


def standing(name: str, side_px: int = SIDE_PX, at: tuple[int, int] = (120, 200)) -> Picture:
    """A picture of one person at the gate."""
    picture = np.random.default_rng(5).integers(80, 100, (480, 640, 3)).astype(np.uint8)
    picture[at[0] : at[0] + side_px, at[1] : at[1] + side_px] = COLOURS[name]
    return picture


def enrol(state: Path, **digits: str) -> Gallery:
    """A store that knows these people, each with the digits given ("" = none)."""
    gallery = Gallery(state)
    for name, number in digits.items():
        gallery.enrol(name, [("drawn", template_of(name))], AGREED, number)
    return gallery
