"""What a gate camera would have made of a clip: whom it names in how many pictures, and what it would report.

Every picture is searched, with the rule of the gate; a shop searches fewer of them. Must not: choose a threshold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from edge.config import Faces
from vision.faces.confirm import Confirmer, sightings
from vision.faces.face import FaceEngine, Picture
from vision.faces.matching import Known, Rule

MS = 1_000_000


def watch_clip(
    pictures: Iterable[tuple[Picture, int]], engine: FaceEngine, known: Known, faces: Faces, cpu_ns: Callable[[], int]
) -> dict[str, Any]:
    """The figures of `muin evaluate gate`.

    `identified` counts the pictures in which a person was named, `unknown_faces` every face of every picture that
    was not (two strangers in ten pictures are 20), `credentials` is what the shop would have been told.
    """
    rule = Rule(engine.max_distance, faces.min_margin)
    confirmer = Confirmer("gate", "gate", faces.confirm_frames, faces.repeat_ms * MS, faces.unknown_every_ms * MS)
    identified: Counter[str] = Counter()
    frames = unknown = with_unknown = spent_ns = 0
    credentials = []
    for picture, captured_ns in pictures:
        before = cpu_ns()
        found = sightings(engine, picture, known, rule)
        spent_ns += cpu_ns() - before
        names = [one.verdict.shopper if one.verdict else None for one in found]
        identified.update({name for name in names if name is not None})
        frames, unknown, with_unknown = frames + 1, unknown + names.count(None), with_unknown + (None in names)
        credentials += [
            {"t_s": round(event.captured_ns / 1e9, 3), "shopper": event.shopper, "reason": event.reason}
            for event in confirmer.look(found, captured_ns)
        ]
    return {
        "identified": dict(sorted(identified.items())),
        "unknown_faces": unknown,
        "frames": frames,
        "ms_per_frame": round(spent_ns / MS / frames, 3) if frames else None,
        "frames_with_unknown": with_unknown,
        "credentials": credentials,
    }
