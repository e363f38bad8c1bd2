"""One look at a gate: every face of a picture, whom it resembles among those it may be compared with, and how alive.

The rule of 1:N: a face is compared with everybody only where few enough are enrolled (`gallery_limit`); else a claim
must narrow them first. Must not: remember anything from look to look, or keep a picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from vision.faces.confirm import NarrowedBy, Sighting
from vision.faces.face import FaceEngine, Picture
from vision.faces.liveness import Liveness
from vision.faces.matching import NEEDS_CLAIM, Known, Rule, Verdict, identify


@dataclass(frozen=True, slots=True)
class Among:
    """Whom faces are compared with now: `known`, chosen by a claim or, without one, everybody.

    `gallery_limit` is how many shoppers may be compared without a claim.
    """

    known: Known
    gallery_limit: int
    narrowed_by: NarrowedBy = ""

    @property
    def needs_claim(self) -> bool:
        """Whether too many are enrolled to compare a face that nobody vouched for."""
        return not self.narrowed_by and len(set(self.known.owners)) > self.gallery_limit


def sightings(
    engine: FaceEngine, picture: Picture, among: Among, rule: Rule, liveness: Liveness | None = None
) -> list[Sighting]:
    """The faces of one picture and what the rule says of each. Liveness is asked of recognised faces only."""
    found = []
    for face in engine.faces(picture):
        if face.template is None:
            found.append(Sighting(face, None, None, among.narrowed_by))
            continue
        with engine.watch("match"):
            verdict: Verdict = NEEDS_CLAIM if among.needs_claim else identify(engine, face.template, among.known, rule)
        alive = None
        if liveness is not None and verdict.shopper is not None:
            with engine.watch("liveness"):
                alive = liveness.of(picture, face.head_px, face.lean_deg)
        found.append(Sighting(face, verdict, alive, among.narrowed_by))
    return found
