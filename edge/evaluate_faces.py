"""Accuracy of faces on labelled pictures: who is named rightly, wrongly, not at all, and at what price.

Terms after ISO/IEC 19795-1: a face that cannot be found counts as refused (frr, fnir). Must not: choose a threshold,
or let one bad file end the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from edge.labelled_faces import Labelled
from vision.enrolment import one_face, read_picture, templates_of
from vision.faces.face import FaceEngine, Template
from vision.faces.matching import Known, Rule, Verdict, identify

Numbers = NDArray[np.float64]
NEAREST_SHARE = 0.95
TAIL_DEVIATIONS = 3.719


@dataclass(slots=True)
class Bench:
    """An engine at work on lists: what it could not use, and the CPU time it took per face."""

    engine: FaceEngine
    cpu_ns: Callable[[], int]
    warn: Callable[[str], None]
    unusable: list[dict[str, str]] = field(default_factory=list)
    spent_ns: int = 0
    faces: int = 0

    def enrol(self, rows: Sequence[Labelled]) -> Known:
        """Templates of the people of a list; a row that cannot be used is noted and left out."""
        found: list[tuple[str, Template]] = []
        for row in rows:
            try:
                found += [(row.identity, template) for template in templates_of(self.engine, row.path)]
            except BadInput as problem:
                self._note(row, problem)
        if not found:
            raise BadInput(
                rows[0].place.rpartition(":")[0], "no row of it can be enrolled; give pictures of one face each"
            )
        return Known.of(found)

    def probe(self, row: Labelled) -> tuple[bool, Template | None]:
        """(readable, template or None where no face can be used); the face is the largest one of the picture."""
        try:
            picture = read_picture(row.path)
        except BadInput as problem:
            self._note(row, problem)
            return False, None
        before = self.cpu_ns()
        faces = self.engine.faces(picture)
        self.spent_ns += self.cpu_ns() - before
        self.faces += len(faces)
        usable = [face for face in faces if face.template is not None]
        try:
            return True, max(usable or [one_face(faces, str(row.path))], key=lambda face: face.width_px).template
        except BadInput as problem:
            self._note(row, problem)
        return True, None

    def _note(self, row: Labelled, problem: BadInput) -> None:
        self.unusable.append({"path": str(row.path), "identity": row.identity, "reason": problem.text})
        self.warn(f"{row.place}: {problem}")


@dataclass(frozen=True, slots=True)
class Judged:
    """One readable probe: who it is, what the rule said, and its distance to each enrolled person."""

    identity: str
    verdict: Verdict
    distances: dict[str, float]


def judge(bench: Bench, known: Known, rows: Sequence[Labelled], rule: Rule) -> list[Judged]:
    """Every readable probe against everybody enrolled."""
    found = []
    for row in rows:
        readable, template = bench.probe(row)
        if not readable:
            continue
        nobody = Judged(row.identity, Verdict(None, "unknown", float("inf"), float("inf")), {})
        found.append(nobody if template is None else _judged(bench.engine, known, row.identity, template, rule))
    return found


def _judged(engine: FaceEngine, known: Known, identity: str, template: Template, rule: Rule) -> Judged:
    nearest: dict[str, float] = {}
    if known.templates is not None:
        for owner, distance in zip(known.owners, engine.distances(template, known.templates), strict=True):
            nearest[owner] = min(float(distance), nearest.get(owner, float("inf")))
    return Judged(identity, identify(engine, template, known, rule), nearest)


def report(judged: Sequence[Judged], known: Known, rule: Rule) -> dict[str, Any]:
    """The figures of `muin evaluate faces`; rates are null where nothing was there to be measured."""
    people = set(known.owners)
    mates = [one for one in judged if one.identity in people]
    strangers = [one for one in judged if one.identity not in people]
    genuine = np.array([one.distances.get(one.identity, np.inf) for one in mates])
    impostor = np.array(
        [one.distances.get(who, np.inf) for one in mates for who in sorted(people) if who != one.identity]
    )
    named_wrongly = sum(one.verdict.shopper not in (None, one.identity) for one in mates)
    named_strangers = sum(one.verdict.shopper is not None for one in strangers)
    missed = sum(one.verdict.shopper != one.identity for one in mates)
    return {
        "threshold": rule.max_distance,
        "min_margin": rule.min_margin,
        "far": _share(impostor <= rule.max_distance),
        "frr": _share(genuine > rule.max_distance),
        "eer": equal_error_rate(genuine, impostor),
        "fpir": named_strangers / len(strangers) if strangers else None,
        "fnir": missed / len(mates) if mates else None,
        "gallery": len(people),
        "probes": len(mates),
        "strangers": len(strangers),
        "wrong_names": named_wrongly + named_strangers,
        "refused": sum(one.verdict.shopper is None for one in mates),
        "genuine_comparisons": len(genuine),
        "impostor_comparisons": len(impostor),
    }


def equal_error_rate(genuine: Numbers, impostor: Numbers) -> float | None:
    """Where false acceptance and false rejection meet, as the mean of both at the nearest threshold."""
    if not len(genuine) or not len(impostor):
        return None
    thresholds = np.unique(np.concatenate([genuine, impostor]))
    far = np.searchsorted(np.sort(impostor), thresholds, side="right") / len(impostor)
    frr = 1.0 - np.searchsorted(np.sort(genuine), thresholds, side="right") / len(genuine)
    at = int(np.argmin(np.abs(far - frr)))
    return float((far[at] + frr[at]) / 2)


def impostors(engine: FaceEngine, known: Known) -> Numbers:
    """Distances between different people of one list: what a threshold is chosen from, without any probe."""
    if known.templates is None:
        return np.array([])
    names = np.array(known.owners)
    rows = [engine.distances(known.templates[i], known.templates[i + 1 :]) for i in range(len(names))]
    apart = [row[names[i + 1 :] != names[i]] for i, row in enumerate(rows)]
    return np.concatenate(apart).astype(np.float64)


def _share(hits: NDArray[np.bool_]) -> float | None:
    return float(hits.mean()) if len(hits) else None


def threshold_report(distances: Numbers) -> dict[str, Any]:
    """What a threshold may rest on: the nearest pair of different people, and the tail of a normal distribution.

    `suggested` is the smaller of two limits: 5 % below the nearest pair, and where the normal distribution with
    their mean and deviation puts one pair in 10,000 (3.719 deviations below the mean).
    """
    if len(distances) < 2:
        return {"pairs": len(distances), "nearest": None, "mean": None, "deviation": None, "suggested": None}
    nearest, mean, deviation = distances.min(), distances.mean(), distances.std(ddof=1)
    return {
        "pairs": len(distances),
        "nearest": round(float(nearest), 4),
        "mean": round(float(mean), 4),
        "deviation": round(float(deviation), 4),
        "suggested": round(float(min(NEAREST_SHARE * nearest, mean - TAIL_DEVIATIONS * deviation)), 4),
    }
