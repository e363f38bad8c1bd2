"""How the liveness networks judge labelled pictures: living people, and pictures of people by kind of attack.

Terms after ISO/IEC 30107-3: BPCER = share of living faces called pictures, APCER = share of an attack's pictures called
living. Must not: call a figure on a handful of pictures a certificate.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge.core.errors import BadInput
from vision.enrolment import clip_pictures, is_clip, read_picture
from vision.faces.face import FaceEngine, Picture
from vision.faces.liveness import Liveness

LIVE: Final = "live"  # how the kinds of living people begin: "live", "live in a clip"
CLIP_LOOKS: Final = 20
COLUMNS: Final = {"path", "kind"}
CURE: Final = 'give a UTF-8 CSV file with the columns path,kind; kind begins with "live", or is the name of an attack'


@dataclass(frozen=True, slots=True)
class Shown:
    """One row: a picture or clip and what it is."""

    path: Path
    kind: str


def read(file: Path) -> list[Shown]:
    """The rows of a list. Raises BadInput naming file and row."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            table = csv.DictReader(text, skipinitialspace=True)
            if not set(table.fieldnames or ()) >= COLUMNS:
                raise BadInput(str(file), f"has the columns {table.fieldnames or 'none'}; {CURE}")
            rows = [_row(file, number, row) for number, row in enumerate(table, 2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(str(file), f"cannot be read as a list ({error}); {CURE}") from None
    if not rows:
        raise BadInput(str(file), f"has no rows; {CURE}")
    return rows


def _row(file: Path, number: int, row: dict[str, str | None]) -> Shown:
    path, kind = (row.get("path") or "").strip(), (row.get("kind") or "").strip()
    if not kind or not Path(path).name or "\0" in path:
        raise BadInput(f"{file}:{number}", f"lacks a path or a kind; {CURE}")
    return Shown(file.parent / path, kind)


def judge(
    rows: Sequence[Shown], engine: FaceEngine, liveness: Liveness, warn: Callable[[str], None]
) -> dict[str, list[float | None]]:
    """By kind, the liveness of the largest face of every picture; None where no face was found or none good enough."""
    found: dict[str, list[float | None]] = {}
    for row in rows:
        values = found.setdefault(row.kind, [])
        try:
            values += [_one(picture, engine, liveness) for picture in _pictures(row.path)]
        except BadInput as problem:
            warn(str(problem))
    return found


def _pictures(path: Path) -> Iterator[Picture]:
    if not is_clip(path):
        yield read_picture(path)
        return
    step = max(1, sum(1 for _ in clip_pictures(path)) // CLIP_LOOKS)
    yield from (picture for number, (picture, _) in enumerate(clip_pictures(path)) if number % step == 0)


def _one(picture: Picture, engine: FaceEngine, liveness: Liveness) -> float | None:
    faces = [face for face in engine.faces(picture) if not face.flaw]
    if not faces:
        return None
    largest = max(faces, key=lambda face: face.width_px)
    return liveness.of(picture, largest.head_px, largest.lean_deg)


def report(found: dict[str, list[float | None]], limit: float) -> dict[str, Any]:
    """The figures by kind; `wrong` is BPCER for the living, APCER for an attack."""
    kinds = {}
    for kind, values in sorted(found.items(), key=lambda pair: (not pair[0].startswith(LIVE), pair[0])):
        seen = np.array([value for value in values if value is not None])
        wrong = (seen < limit) if kind.startswith(LIVE) else (seen >= limit)
        kinds[kind] = {
            "pictures": len(values),
            "no_face": len(values) - len(seen),
            "median": round(float(np.median(seen)), 3) if len(seen) else None,
            "wrong": round(float(wrong.mean()), 4) if len(seen) else None,
        }
    return {"min_liveness": limit, "kinds": kinds}
