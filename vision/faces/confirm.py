"""Several looks agree before a face is somebody: follows faces from look to look and reports each person once.

`Confirmer` is a pure function of the sightings and times it is shown. Must not: keep a picture or a template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.core.events import CredentialShown
from vision.faces.face import FaceEngine, Picture, overlap
from vision.faces.matching import Known, Rule, Verdict, identify

SAME_FACE_OVERLAP = 0.2
FORGET_AFTER_LOOKS = 3
STRANGER_LOOKS = 4  # a shopper's first looks are often turned or blurred: a stranger needs more of them
NEVER_NS = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One face of one look. `verdict` is None where the face was too small or too blurred to be compared."""

    box_px: tuple[int, int, int, int]
    verdict: Verdict | None


@dataclass(slots=True)
class _Track:
    box_px: tuple[int, int, int, int]
    agreeing: int = 0
    name: str | None = None
    reason: str = ""
    missed: int = 0
    verdict: Verdict | None = None
    told: set[str] = field(default_factory=set)


def sightings(engine: FaceEngine, picture: Picture, known: Known, rule: Rule) -> list[Sighting]:
    """The faces of one picture and what the rule says of each."""
    return [
        Sighting(face.box_px, None if face.template is None else identify(engine, face.template, known, rule))
        for face in engine.faces(picture)
    ]


class Confirmer:
    """Turns looks at one gate into CredentialShown events.

    `confirm_looks` looks in a row must give the same answer; the same shopper is reported again only after
    `repeat_ns`, a stranger only once per face and at most every `unknown_every_ns`.
    """

    def __init__(
        self, gate: str, source: str, confirm_looks: int, repeat_ns: int = 8_000_000_000, unknown_every_ns: int = 0
    ) -> None:
        self._gate, self._source = gate, source
        self._confirm_looks = confirm_looks
        self._repeat_ns, self._unknown_every_ns = repeat_ns, unknown_every_ns
        self._tracks: list[_Track] = []
        self._shown_ns: dict[str, int] = {}
        self._stranger_ns = NEVER_NS

    def look(self, sightings: Sequence[Sighting], captured_ns: int) -> list[CredentialShown]:
        """What one look tells. Times rise from call to call."""
        for track in self._tracks:
            track.missed += 1
        events = []
        for sighting in sorted(sightings, key=lambda one: one.box_px):
            track = self._follow(sighting)
            if sighting.verdict is not None:
                events += self._judge(track, sighting.verdict, captured_ns)
        self._tracks = [track for track in self._tracks if track.missed < FORGET_AFTER_LOOKS]
        return events

    def _follow(self, sighting: Sighting) -> _Track:
        free = [track for track in self._tracks if track.missed > 0]
        best = max(free, key=lambda track: overlap(track.box_px, sighting.box_px), default=None)
        if best is None or overlap(best.box_px, sighting.box_px) < SAME_FACE_OVERLAP:
            best = _Track(sighting.box_px)
            self._tracks.append(best)
        best.box_px, best.missed = sighting.box_px, 0
        return best

    def _judge(self, track: _Track, verdict: Verdict, captured_ns: int) -> list[CredentialShown]:
        same = track.verdict is not None and (track.name, track.reason) == (verdict.shopper, verdict.reason)
        track.agreeing = track.agreeing + 1 if same else 1
        track.name, track.reason, track.verdict = verdict.shopper, verdict.reason, verdict
        if verdict.shopper is not None:
            return self._name(verdict, captured_ns) if track.agreeing >= self._confirm_looks else []
        if track.agreeing < max(STRANGER_LOOKS, self._confirm_looks) or verdict.reason in track.told:
            return []
        if captured_ns - self._stranger_ns < self._unknown_every_ns:
            return []
        track.told.add(verdict.reason)
        self._stranger_ns = captured_ns
        return [self._event(verdict, captured_ns)]

    def _name(self, verdict: Verdict, captured_ns: int) -> list[CredentialShown]:
        shopper = verdict.shopper or ""
        self._shown_ns = {who: at for who, at in self._shown_ns.items() if captured_ns - at < self._repeat_ns}
        if shopper in self._shown_ns:
            return []
        self._shown_ns[shopper] = captured_ns
        return [self._event(verdict, captured_ns)]

    def _event(self, verdict: Verdict, captured_ns: int) -> CredentialShown:
        return CredentialShown(
            captured_ns=captured_ns,
            source=self._source,
            gate=self._gate,
            method="face",
            shopper=verdict.shopper,
            score_ppm=verdict.score_ppm,
            reason=verdict.reason,
        )
