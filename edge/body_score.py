"""Do names stay with their bodies? Labelled boxes against the boxes that a tracker told, one camera after another.

Must not: be imported by anything that decides. Source of the switch count: CLEAR MOT (Bernardin, Stiefelhagen 2008).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from edge.truth import Body

Box = tuple[float, float, float, float]

SAME_PLACE = 0.5  # intersection over union
NEAR_S = 0.06  # half a frame of the slowest camera that is labelled


class Shown(NamedTuple):
    """What a tracker told of one moment: name -> box."""

    t_s: float
    bodies: Mapping[str, Box]


class Identities(NamedTuple):
    """`switches`: how often a body was told under another name than before. `kept`: share of all labelled sights that
    were told under the one name that is that body's most often, where each name counts for one body only."""

    switches: int
    kept: float


def compare(truth: Sequence[Body], shown: Mapping[str, Sequence[Shown]]) -> Identities | None:
    """Both figures; None where no body is labelled. `shown` by camera, times rising."""
    switches, pairs, sights = 0, Counter[tuple[str, str]](), 0
    last: dict[str, str] = {}
    for body in sorted(truth, key=lambda item: item.t_s):
        told = _told_at(shown.get(body.camera, ()), body.t_s)
        sights += 1
        name = _name_at(told, body.box_px)
        if name is None:
            continue
        pairs[body.person, name] += 1
        switches += last.get(body.person, name) != name
        last[body.person] = name
    return Identities(switches, round(_one_to_one(pairs) / sights, 4)) if sights else None


def _told_at(shown: Sequence[Shown], t_s: float) -> Mapping[str, Box]:
    nearest = min(shown, key=lambda item: abs(item.t_s - t_s), default=None)
    return nearest.bodies if nearest is not None and abs(nearest.t_s - t_s) <= NEAR_S else {}


def _name_at(told: Mapping[str, Box], box: Box) -> str | None:
    best = max(told, key=lambda name: _overlap(told[name], box), default=None)
    return best if best is not None and _overlap(told[best], box) >= SAME_PLACE else None


def _one_to_one(pairs: Counter[tuple[str, str]]) -> int:
    people: set[str] = set()
    names: set[str] = set()
    total = 0
    for (person, name), count in pairs.most_common():
        if person not in people and name not in names:
            people.add(person)
            names.add(name)
            total += count
    return total


def _overlap(first: Box, second: Box) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    both = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return both / (sum(areas) - both) if both > 0 else 0.0
