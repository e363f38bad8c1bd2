"""Accuracy of faces on labelled pictures: who is named rightly, wrongly, not at all, and at what price.

Terms after ISO/IEC 19795-1: a face that cannot be found counts as refused (frr, fnir). Must not: choose a threshold,
or let one bad file end the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from edge.labelled_faces import Labelled
from vision.enrolment import one_face, read_picture, templates_of
from vision.faces.face import Face, FaceEngine, Picture, Template, unwatched
from vision.faces.liveness import Liveness
from vision.faces.matching import UNKNOWN, Impostors, Known, Rule, Verdict, identify

Numbers = NDArray[np.float64]
NEAREST_SHARE = 0.1  # of the pairs of different people: those that a threshold has to do with
GALLERIES = (1, 10, 60, 100, 500, 1000, 5000)
STAGES = ("detect", "align", "quality", "liveness", "embed", "match")


@dataclass(slots=True)
class Laps:
    """CPU time by stage; calling it gives the watch that engines ask for."""

    cpu_ns: Callable[[], int]
    spent_ns: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        before = self.cpu_ns()
        try:
            yield
        finally:
            self.spent_ns[stage] += self.cpu_ns() - before
            self.runs[stage] += 1

    def per_run_ms(self) -> dict[str, float | None]:
        """Milliseconds of CPU each time a stage ran; None for one that never did."""
        return {
            stage: round(self.spent_ns[stage] / self.runs[stage] / 1e6, 3) if self.runs[stage] else None
            for stage in STAGES
        }


@dataclass(slots=True)
class Bench:
    """An engine at work on lists: what it could not use, and the CPU time of every stage."""

    engine: FaceEngine
    cpu_ns: Callable[[], int]
    warn: Callable[[str], None]
    liveness: Liveness | None = None
    unusable: list[dict[str, str]] = field(default_factory=list)
    faces: int = 0
    laps: Laps = field(init=False)

    def __post_init__(self) -> None:
        self.laps = Laps(self.cpu_ns)

    @property
    def ms_per_face(self) -> float | None:
        """CPU of everything that `faces` does, for each face found in the probes."""
        spent = sum(self.laps.spent_ns[stage] for stage in ("detect", "align", "quality", "embed"))
        return round(spent / 1e6 / self.faces, 3) if self.faces else None

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

    def probe(self, row: Labelled) -> tuple[Picture | None, Face | None]:
        """(the picture, or None where it cannot be read; its largest usable face, or None where there is none)."""
        try:
            picture = read_picture(row.path)
        except BadInput as problem:
            self._note(row, problem)
            return None, None
        faces = self._timed_faces(picture)
        self.faces += len(faces)
        usable = [face for face in faces if face.template is not None]
        try:
            face = max(usable or [one_face(faces, str(row.path))], key=lambda one: one.width_px)
        except BadInput as problem:
            self._note(row, problem)
            return picture, None
        if face.flaw:
            self._note(row, BadInput(str(row.path), f"the face {self.engine.quality.in_words(face.measures)}"))
        return picture, face

    def _timed_faces(self, picture: Picture) -> list[Face]:
        self.engine.watch = self.laps
        try:
            return self.engine.faces(picture)
        finally:
            self.engine.watch = unwatched

    def _note(self, row: Labelled, problem: BadInput) -> None:
        self.unusable.append({"path": str(row.path), "identity": row.identity, "reason": problem.text})
        self.warn(f"{row.place}: {problem}")


@dataclass(frozen=True, slots=True)
class Judged:
    """One readable probe: who it is, what the rule said, its distance to each enrolled person, how alive it looks."""

    identity: str
    verdict: Verdict
    distances: dict[str, float]
    liveness: float | None = None


def judge(bench: Bench, known: Known, rows: Sequence[Labelled], rule: Rule) -> list[Judged]:
    """Every readable probe against everybody enrolled."""
    found = []
    for row in rows:
        picture, face = bench.probe(row)
        if picture is None:
            continue
        if face is None or face.template is None:
            found.append(Judged(row.identity, UNKNOWN, {}))
            continue
        alive = None
        if bench.liveness is not None:
            with bench.laps("liveness"):
                alive = bench.liveness.of(picture, face.head_px, face.lean_deg)
        found.append(_judged(bench, known, row.identity, face.template, rule, alive))
    return found


def _judged(bench: Bench, known: Known, identity: str, template: Template, rule: Rule, alive: float | None) -> Judged:
    nearest: dict[str, float] = {}
    if known.templates is not None:
        for owner, distance in zip(known.owners, bench.engine.distances(template, known.templates), strict=True):
            nearest[owner] = min(float(distance), nearest.get(owner, float("inf")))
    with bench.laps("match"):
        verdict = identify(bench.engine, template, known, rule)
    return Judged(identity, verdict, nearest, alive)


def report(judged: Sequence[Judged], known: Known, rule: Rule) -> dict[str, Any]:
    """The figures of `muin evaluate faces`; rates are null where nothing was there to be measured."""
    people = set(known.owners)
    mates = [one for one in judged if one.identity in people]
    strangers = [one for one in judged if one.identity not in people]
    genuine = np.array([one.distances.get(one.identity, np.inf) for one in mates])
    impostor = np.array(
        [one.distances.get(who, np.inf) for one in mates for who in sorted(people) if who != one.identity]
    )
    limit = rule.limit(len(known.owners))
    named_wrongly = sum(one.verdict.shopper not in (None, one.identity) for one in mates)
    named_strangers = sum(one.verdict.shopper is not None for one in strangers)
    missed = sum(one.verdict.shopper != one.identity for one in mates)
    return {
        "threshold": round(limit, 4),
        "min_margin": rule.min_margin,
        "far": _share(impostor <= limit),
        "frr": _share(genuine > limit),
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


def liveness_report(judged: Sequence[Judged], limit: float) -> dict[str, Any] | None:
    """How alive the probes look; None where nobody measured it. `below` counts those under the limit in force."""
    values = np.array([one.liveness for one in judged if one.liveness is not None])
    if not len(values):
        return None
    return {
        "measured": len(values),
        "median": round(float(np.median(values)), 3),
        "lowest": round(float(values.min()), 3),
        "below": int((values < limit).sum()),
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


def tail_fit(distances: Numbers) -> tuple[float, float]:
    """(mean, deviation) of the normal distribution whose near tail lies on the nearest tenth of the distances.

    A straight line through the quantile plot of that tenth (least squares; plotting positions (i + 1/2) / n after
    Hazen). The whole distribution is a mixture (men and women, old and young), and a fit to all of it puts its near
    tail, the only part that gives somebody a wrong name, further away than it is.
    """
    ordered = np.sort(distances)
    used = max(2, round(NEAREST_SHARE * len(ordered)))
    places = np.array([NormalDist().inv_cdf((rank + 0.5) / len(ordered)) for rank in range(used)])
    deviation, mean = np.polyfit(places, ordered[:used], 1)
    return float(mean), float(deviation)


def threshold_report(distances: Numbers, chance: float = 0.001) -> dict[str, Any]:
    """What thresholds may rest on: the nearest pair of different people, and the fitted tail of all pairs.

    `impostors` are the two numbers for [faces] of store.toml; `by_gallery` gives, for galleries of some sizes, the
    distance at which a stranger gets somebody's name with the given chance.
    """
    if len(distances) < 2:
        return {"pairs": len(distances), "nearest": None, "impostors": None, "by_gallery": {}}
    mean, deviation = tail_fit(distances)
    tail = Impostors(mean, deviation)
    return {
        "pairs": len(distances),
        "nearest": round(float(distances.min()), 4),
        "impostors": [round(mean, 4), round(deviation, 4)],
        "wrong_name_chance": chance,
        "by_gallery": {str(size): round(tail.limit(chance / size), 4) for size in GALLERIES},
    }
