"""What a gate camera would have made of a clip: whom it names in how many pictures, and what it would report.

Every picture is searched, with the rule of the gate; a shop searches fewer of them. Must not: choose a threshold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from edge.config import Faces
from vision.faces.engines import rule_of
from vision.faces.face import FaceEngine, Picture
from vision.faces.liveness import Liveness
from vision.faces.matching import Known
from vision.faces.sightings import Among, sightings
from vision.gate import confirmer_of

MS = 1_000_000


def watch_clip(
    pictures: Iterable[tuple[Picture, int]],
    engine: FaceEngine,
    known: Known,
    faces: Faces,
    cpu_ns: Callable[[], int],
    liveness: Liveness | None = None,
) -> dict[str, Any]:
    """The figures of `muin evaluate gate`.

    `identified` counts the pictures in which a person was named, `unknown_faces` every face of every picture that
    was not (two strangers in ten pictures are 20), `not_compared` those of them that the quality gate refused, and
    `credentials` is what the shop would have been told.
    """
    rule, among = rule_of(engine, faces), Among(known, faces.gallery_limit)
    confirmer = confirmer_of("gate", "gate", faces, liveness)
    identified: Counter[str] = Counter()
    flaws: Counter[str] = Counter()
    frames = unknown = with_unknown = spent_ns = 0
    credentials = []
    for picture, captured_ns in pictures:
        before = cpu_ns()
        found = sightings(engine, picture, among, rule, liveness)
        spent_ns += cpu_ns() - before
        flaws.update(one.face.flaw for one in found if one.face.flaw)
        names = [one.verdict.shopper if one.verdict else None for one in found]
        identified.update({name for name in names if name is not None})
        frames, unknown, with_unknown = frames + 1, unknown + names.count(None), with_unknown + (None in names)
        credentials += [
            {
                "t_s": round(event.captured_ns / 1e9, 3),
                "shopper": event.shopper,
                "reason": event.reason,
                "look": msgspec.to_builtins(event.look),
            }
            for event in confirmer.look(found, captured_ns)
        ]
    return {
        "identified": dict(sorted(identified.items())),
        "unknown_faces": unknown,
        "frames": frames,
        "ms_per_frame": round(spent_ns / MS / frames, 3) if frames else None,
        "frames_with_unknown": with_unknown,
        "not_compared": dict(sorted(flaws.items())),
        "credentials": credentials,
    }
