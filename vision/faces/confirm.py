"""Several looks agree before a face is somebody: follows faces from look to look and reports each person once.

`Confirmer` is a pure function of the sightings and times it is shown. Must not: keep a picture or a template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from edge.core.events import CredentialShown, FaceLook
from vision.faces.face import Face, overlap
from vision.faces.matching import Verdict, closeness_ppm

SAME_FACE_OVERLAP = 0.2
FORGET_AFTER_LOOKS = 3
STRANGER_LOOKS = 4  # a shopper's first looks are often turned or blurred: a stranger needs more of them
MORE_LOOKS = 4  # a recognised face that looks little alive is looked at this many times more before it is reported
NEVER_NS = -(1 << 62)
NarrowedBy = Literal["", "digits", "code"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One face of one look. `verdict` is None where the quality gate refused to compare it (`face.flaw` says why)."""

    face: Face
    verdict: Verdict | None
    liveness: float | None = None
    narrowed_by: NarrowedBy = ""

    @property
    def box_px(self) -> tuple[int, int, int, int]:
        """Where the face is."""
        return self.face.box_px


@dataclass(slots=True)
class _Track:
    box_px: tuple[int, int, int, int]
    agreeing: int = 0
    answer: tuple[str | None, str] | None = None
    flawed_ns: int | None = None  # since when the face cannot be compared
    missed: int = 0
    liveness: list[float] = field(default_factory=list)  # of the looks that agree
    told: set[str] = field(default_factory=set)


class Confirmer:
    """Turns looks at one gate into CredentialShown events.

    `confirm_looks` looks in a row must give the same answer; the same shopper is reported again only after
    `repeat_ns`, a stranger only once per face and at most every `unknown_every_ns`. A face that could not be compared
    for `guide_after_ns` is reported once with the reason, so that the person can be helped. A recognised face less
    alive than `min_liveness` is given some more looks; the liveness reported is the mean of those that agree.
    """

    def __init__(
        self,
        gate: str,
        source: str,
        confirm_looks: int,
        repeat_ns: int = 8_000_000_000,
        unknown_every_ns: int = 0,
        guide_after_ns: int = 3_000_000_000,
        min_liveness: float = 0.0,
    ) -> None:
        self._gate, self._source = gate, source
        self._confirm_looks, self._min_liveness = confirm_looks, min_liveness
        self._repeat_ns, self._unknown_every_ns, self._guide_after_ns = repeat_ns, unknown_every_ns, guide_after_ns
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
            judge = self._flawed if sighting.verdict is None else self._judge
            events += judge(track, sighting, captured_ns)
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

    def _flawed(self, track: _Track, sighting: Sighting, captured_ns: int) -> list[CredentialShown]:
        since_ns = track.flawed_ns = captured_ns if track.flawed_ns is None else track.flawed_ns
        if captured_ns - since_ns < self._guide_after_ns:
            return []
        return self._nobody(track, sighting, sighting.face.flaw, captured_ns)

    def _judge(self, track: _Track, sighting: Sighting, captured_ns: int) -> list[CredentialShown]:
        verdict = sighting.verdict
        assert verdict is not None
        answer = (verdict.shopper, verdict.reason)
        if track.answer != answer:
            track.answer, track.agreeing, track.liveness = answer, 0, []
        track.agreeing, track.flawed_ns = track.agreeing + 1, None
        if sighting.liveness is not None:
            track.liveness.append(sighting.liveness)
        if verdict.shopper is not None:
            return self._name(track, sighting, verdict.shopper, captured_ns)
        if track.agreeing < max(STRANGER_LOOKS, self._confirm_looks):
            return []
        return self._nobody(track, sighting, verdict.reason, captured_ns)

    def _nobody(self, track: _Track, sighting: Sighting, reason: str, captured_ns: int) -> list[CredentialShown]:
        if reason in track.told or captured_ns - self._stranger_ns < self._unknown_every_ns:
            return []
        track.told.add(reason)
        self._stranger_ns = captured_ns
        return [self._event(track, sighting, None, reason, captured_ns)]

    def _name(self, track: _Track, sighting: Sighting, shopper: str, captured_ns: int) -> list[CredentialShown]:
        wanted = self._confirm_looks
        if track.liveness and _mean(track.liveness) < self._min_liveness:
            wanted += MORE_LOOKS
        if track.agreeing < wanted:
            return []
        self._shown_ns = {who: at for who, at in self._shown_ns.items() if captured_ns - at < self._repeat_ns}
        if shopper in self._shown_ns:
            return []
        self._shown_ns[shopper] = captured_ns
        return [self._event(track, sighting, shopper, "", captured_ns)]

    def _event(
        self, track: _Track, sighting: Sighting, shopper: str | None, reason: str, captured_ns: int
    ) -> CredentialShown:
        return CredentialShown(
            captured_ns=captured_ns,
            source=self._source,
            gate=self._gate,
            method="face",
            shopper=shopper,
            score_ppm=sighting.verdict.score_ppm if sighting.verdict else 0,
            reason=reason,
            look=_look(track, sighting),
        )


def _look(track: _Track, sighting: Sighting) -> FaceLook:
    """The measures as whole numbers: what is decided from here on is exact."""
    found, verdict = sighting.face.measures, sighting.verdict
    return FaceLook(
        width_px=found.width_px,
        sharpness=round(found.sharpness),
        light=round(found.light),
        clipped_pct=round(found.clipped_pct),
        turn_deg=round(found.turn_deg),
        limit_ppm=closeness_ppm(verdict.limit) if verdict and verdict.gallery else 0,
        gallery=verdict.gallery if verdict else 0,
        narrowed_by=sighting.narrowed_by,
        liveness_ppm=round(1_000_000 * _mean(track.liveness)) if track.liveness else None,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
