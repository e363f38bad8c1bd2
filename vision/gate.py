"""The gate camera: who shows a code or a face. Codes first, faces second, and only while something moves.

A pure function of the pictures and times it is shown and of the identity store. Faces that cannot work (no weights,
a damaged store) are reported once and leave the code as the way in. Must not: open a door, keep a picture, or be the
only way in.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from edge.config import Faces, StoreConfig
from edge.core.errors import BadInput
from edge.core.events import ClaimMade, CredentialShown, Event, HealthChanged
from vision import codes
from vision.claims import Claim
from vision.faces.confirm import Confirmer, Sighting
from vision.faces.engines import open_engine, open_liveness, rule_of
from vision.faces.face import FaceEngine, Picture
from vision.faces.liveness import Liveness
from vision.faces.matching import Known
from vision.faces.sightings import Among, sightings
from vision.gallery import CodeAnswer, Gallery, day_of
from vision.stir import Stir

MS: Final = 1_000_000
NO_DAY: Final = "9999-12-31"  # where nobody says what day it is, nothing with a last day is good any more
BAD_CODE: Final = CodeAnswer(shopper=None, reason="bad-code")


class GateWatch:
    """PictureSense of one gate camera: emits CredentialShown and, about itself, HealthChanged."""

    def __init__(
        self,
        gate: str,
        camera: str,
        faces: Faces,
        engine: FaceEngine | None,
        gallery: Gallery | None,
        origin_wall_ns: int | None = None,
        problem: BadInput | None = None,
        liveness: Liveness | None = None,
    ) -> None:
        self._gate, self._camera, self._faces = gate, camera, faces
        self._engine, self._gallery, self._origin_wall_ns = engine, gallery, origin_wall_ns
        self._liveness = liveness
        repeat_ns, unknown_every_ns = faces.repeat_ms * MS, faces.unknown_every_ms * MS
        self._confirmer = confirmer_of(gate, camera, faces, liveness)
        self._repeat_ns = {"": repeat_ns, "bad-code": unknown_every_ns, "expired": unknown_every_ns}
        self._shown_ns: dict[tuple[str, str], int] = {}
        self._claim: Claim | None = None  # times on the run's time line
        self._claimed: str | None = None  # who was recognised by it
        self._typed_ns = 0  # wall clock of the newest claim by digits that was taken up
        self._stir = Stir()
        self._next_look_ns: int | None = None
        self._problem, self._told_health = problem, ""

    @classmethod
    def from_config(
        cls,
        config: StoreConfig,
        camera_id: str,
        gallery: Gallery | dict[str, Any] | None = None,
        origin_wall_ns: int | None = None,
    ) -> GateWatch:
        """The watch of a gate camera.

        `gallery` is an open store, or {"state": folder, "origin_wall_ns": n} for a worker process, or None where
        nobody is known. `origin_wall_ns` is the wall clock (Unix ns) at zero of the run's time line; without it
        everything that has a last day counts as expired.
        """
        if isinstance(gallery, dict):
            origin_wall_ns = gallery.get("origin_wall_ns", origin_wall_ns)
            gallery = Gallery(Path(gallery["state"]))
        engine, liveness, problem = None, None, None
        try:
            engine = open_engine(config.faces, config.models, make_do=True)
            liveness = open_liveness(config.faces, config.models)
        except BadInput as error:
            problem = error
            engine = engine if config.faces.liveness == "note" else None  # what is asked for and cannot be is no "yes"
        gate = gate_of(config, camera_id)
        return cls(gate, camera_id, config.faces, engine, gallery, origin_wall_ns, problem, liveness)

    def see(self, picture: Picture, captured_ns: int) -> list[Event]:
        """Events of one picture (uint8 [height, width, 3], BGR). Times rise from call to call."""
        awake = self._stir.awake(picture, captured_ns)
        if not awake or (self._next_look_ns is not None and captured_ns < self._next_look_ns):
            return []
        self._next_look_ns = captured_ns + self._faces.look_every_ms * MS
        if self._gallery:
            self._gallery.refresh()
        shown = codes.read(picture)
        answers = self._answers(shown, captured_ns)
        claims = self._claims(answers, captured_ns)
        opening = any(answer.shopper is not None and answer.opens for answer in answers)
        faces = [] if opening else self._look(picture, captured_ns)
        if shown or faces:
            self._stir.keep_awake(captured_ns)
        named = self._confirmer.look(faces, captured_ns)
        self._end_claim(faces, named)
        return [*self._health(captured_ns), *self._codes(answers, captured_ns), *claims, *named]

    def _look(self, picture: Picture, captured_ns: int) -> list[Sighting]:
        if self._engine is None:
            return []
        among = Among(Known(), 0)
        if self._gallery:
            claim, limit = self._claim, self._faces.gallery_limit
            known = self._gallery.known(self._engine.kind, self._day(captured_ns), claim.shoppers if claim else None)
            among = Among(known, limit, claim.by if claim else "")
        return sightings(self._engine, picture, among, rule_of(self._engine, self._faces), self._liveness)

    def _claims(self, answers: Sequence[CodeAnswer], captured_ns: int) -> list[Event]:
        """Take up a claim by a member's code shown here or by digits typed elsewhere; the newest one holds."""
        before = self._claim
        if before is not None and captured_ns >= before.until_ns:
            self._claim = self._claimed = None
        members = [answer.shopper for answer in answers if answer.shopper is not None and not answer.opens]
        until_ns = captured_ns + self._faces.claim_ms * MS
        if members:
            shoppers = tuple(sorted(set(members)))
            self._claim = Claim(shoppers=shoppers, by="code", made_ns=captured_ns, until_ns=until_ns)
        elif self._gallery and self._origin_wall_ns is not None:
            typed = self._gallery.claims.at(self._gate, self._origin_wall_ns + captured_ns)
            if typed is not None and typed.made_ns != self._typed_ns:
                self._typed_ns = typed.made_ns
                until_ns = typed.until_ns - self._origin_wall_ns
                self._claim = Claim(shoppers=typed.shoppers, by="digits", made_ns=captured_ns, until_ns=until_ns)
        claim = self._claim
        if claim is None or claim.made_ns != captured_ns or (before and before.shoppers == claim.shoppers):
            return []
        return [
            ClaimMade(
                captured_ns=captured_ns, source=self._camera, gate=self._gate, by=claim.by,
                candidates=len(claim.shoppers), until_ns=claim.until_ns,
            )
        ]  # fmt: skip

    def flush(self) -> list[Event]:
        """Nothing waits: a face that was not confirmed is nobody's."""
        return []

    def describe(self) -> str:
        """One line for people: what this camera looks for, and with what."""
        if self._engine is None:
            return f"codes only ({self._problem})"
        alive = "liveness by MiniFASNet" if self._liveness else "liveness is not measured"
        return f"codes; {self._engine.describe()}; {alive}"

    def close(self) -> None:
        """Give native resources back."""
        if self._engine:
            self._engine.close()

    def _day(self, captured_ns: int) -> str:
        return NO_DAY if self._origin_wall_ns is None else day_of(self._origin_wall_ns + captured_ns)

    def _end_claim(self, faces: Sequence[Sighting], named: Sequence[CredentialShown]) -> None:
        """A claim ends with the person it was for: once recognised, when that face is gone."""
        seen = {face.verdict.shopper for face in faces if face.verdict}
        if self._claimed is not None and self._claimed not in seen:
            self._claim = self._claimed = None
        if self._claim is not None:
            self._claimed = next((event.shopper for event in named if event.shopper), self._claimed)

    def _answers(self, texts: Sequence[str], captured_ns: int) -> list[CodeAnswer]:
        day, store = self._day(captured_ns), self._gallery
        return [store.resolve_code(text, day) if store else BAD_CODE for text in texts]

    def _codes(self, answers: Sequence[CodeAnswer], captured_ns: int) -> list[Event]:
        good = [answer for answer in answers if answer.shopper is not None]
        told = [answer for answer in good if answer.opens] if good else answers[:1]
        events = [self._code(answer, captured_ns) for answer in told]
        return [event for event in events if event is not None]

    def _code(self, answer: CodeAnswer, captured_ns: int) -> Event | None:
        """The event, unless the same answer was given a moment ago: a phone is held up for many pictures."""
        key = (answer.shopper or "", answer.reason)
        pause_ns = self._repeat_ns[answer.reason]
        if captured_ns - self._shown_ns.get(key, captured_ns - pause_ns) < pause_ns:
            return None
        self._shown_ns[key] = captured_ns
        return CredentialShown(
            captured_ns=captured_ns,
            source=self._camera,
            gate=self._gate,
            method="qr",
            shopper=answer.shopper,
            score_ppm=1_000_000 if answer.shopper else 0,
            reason=answer.reason,
        )

    def _health(self, captured_ns: int) -> list[Event]:
        """One event when what works has changed: missing weights, a damaged record, templates of another engine."""
        problems = [str(self._problem)] if self._problem else []
        problems += [self._engine.problem] if self._engine and self._engine.problem else []
        if self._gallery:
            problems += [str(problem) for problem in self._gallery.problems]
            others = self._gallery.other_kinds(self._engine.kind) if self._engine else 0
            problems += [f"{others} shoppers have faces of another engine; enrol them again"] if others else []
        detail = "; ".join(problems)
        if detail == self._told_health:
            return []
        self._told_health = detail
        state: Any = "degraded" if detail else "ok"
        device = f"{self._camera}:identity"
        return [HealthChanged(captured_ns=captured_ns, source=self._camera, device=device, state=state, detail=detail)]


def confirmer_of(gate: str, camera: str, faces: Faces, liveness: Liveness | None) -> Confirmer:
    """The confirmer of `[faces]`."""
    return Confirmer(
        gate,
        camera,
        faces.confirm_frames,
        faces.repeat_ms * MS,
        faces.unknown_every_ms * MS,
        faces.guide_after_ms * MS,
        faces.min_liveness if liveness else 0.0,
    )


def gate_of(config: StoreConfig, camera_id: str) -> str:
    """The door or turnstile that lists this camera, else the camera itself."""
    gates = [(gate.id, gate.cameras) for gate in config.door] + [(gate.id, gate.cameras) for gate in config.turnstile]
    return next((gate for gate, cameras in gates if camera_id in cameras), camera_id)
