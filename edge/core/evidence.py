"""Shelf interactions: weight steps that belong to one grasp are grouped; the rest of the evidence joins them later.

Must not: decide which product or person it was (options.py), or touch a story.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from edge.core.events import WeightStep
from edge.core.planogram import Planogram

BENT_PART: Final = 20  # a plate beside a change feels up to a twentieth of it


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One plate became heavier or lighter; a step that stood still on the way is two of them."""

    plate: str
    delta_mg: int
    began_ns: int
    ended_ns: int


class Grasp(msgspec.Struct, kw_only=True):
    """One shelf interaction as the scales felt it; part of the durable state.

    `deltas_mg` has one entry per plate. `hidden` says that nobody was watching while it happened (the box was
    down, or the step was too slow to be seen), so only presence in `began_ns`..`ended_ns` can name the person. `waited`
    says that it was too small by itself and its sibling plates got more time to speak. `told_ns` is when the last plate
    had been still for long enough to believe in it.
    """

    id: str
    deltas_mg: dict[str, int]
    began_ns: int
    ended_ns: int
    noise_mg: int
    hidden: bool = False
    waited: bool = False
    told_ns: int = 0
    changes: list[Change] = []

    @property
    def delta_mg(self) -> int:
        """Change of all plates together."""
        return sum(self.deltas_mg.values())

    @property
    def main_plate(self) -> str:
        """The plate that changed most; ties by name."""
        return min(self.deltas_mg, key=lambda plate: (-abs(self.deltas_mg[plate]), plate))


class Side(NamedTuple):
    """All changes of one sign: their sum (mg, positive), the plates, most moved first, and when."""

    weight_mg: int
    plates: list[str]
    began_ns: int
    ended_ns: int


def sides(grasp: Grasp) -> tuple[Side, Side] | None:
    """What came and what went, where scales felt both apart: on two plates, or one after the other. None = they felt
    one change, and what bends a plate beside it."""
    came, went = (_side([row for row in grasp.changes if (row.delta_mg > 0) == up]) for up in (True, False))
    if came is None or went is None:
        return None
    less, more = sorted((came.weight_mg, went.weight_mg))
    return (came, went) if less > max(more // BENT_PART, 4 * grasp.noise_mg) else None


def in_a_row(grasp: Grasp) -> tuple[Side, Side] | None:
    """Two takes of which a plate felt one after the other; None where it felt one."""
    if len(grasp.deltas_mg) > 1 or len(grasp.changes) != 2 or any(row.delta_mg >= 0 for row in grasp.changes):
        return None
    first, second = (_side([row]) for row in sorted(grasp.changes, key=lambda row: row.began_ns))
    return (first, second) if first is not None and second is not None else None


def _side(changes: list[Change]) -> Side | None:
    if not changes:
        return None
    first = sorted(changes, key=lambda row: (-abs(row.delta_mg), row.plate, row.began_ns))
    return Side(
        sum(abs(row.delta_mg) for row in changes),
        list(dict.fromkeys(row.plate for row in first)),
        min(row.began_ns for row in changes),
        max(row.ended_ns for row in changes),
    )


def begin(grasp_id: str, step: WeightStep) -> Grasp:
    """A grasp that a step begins."""
    return Grasp(
        id=grasp_id,
        deltas_mg={step.plate: step.delta_mg},
        began_ns=step.began_ns,
        ended_ns=step.ended_ns,
        noise_mg=step.noise_mg,
        told_ns=step.captured_ns,
        changes=_changes(step),
    )


def _changes(step: WeightStep) -> list[Change]:
    rest = step.rest
    if rest is None:
        return [Change(plate=step.plate, delta_mg=step.delta_mg, began_ns=step.began_ns, ended_ns=step.ended_ns)]
    ways = ((rest.delta_mg, rest.came_ns), (step.delta_mg - rest.delta_mg, rest.went_ns))
    return [Change(plate=step.plate, delta_mg=mg, began_ns=ns[0], ended_ns=ns[1]) for mg, ns in ways]


def joins(grasp: Grasp, step: WeightStep, planogram: Planogram, join_ns: int) -> bool:
    """True if a step is part of a grasp: a product in common, at the same time, and in the same direction.

    On one plate the spans must overlap, so that two takes in a row stay two; a product that stands on several
    plates may leave them up to `join_ns` apart. Opposite changes of two such plates in one moment are one grasp too.
    """
    if grasp.hidden:
        return False
    slack = 0 if step.plate in grasp.deltas_mg else join_ns
    if (step.delta_mg < 0) != (grasp.delta_mg < 0):
        if step.plate in grasp.deltas_mg:
            return False
        slack = 0  # two packs lifted and one set down again beside: what counts is the sum
    together = step.began_ns - slack <= grasp.ended_ns and grasp.began_ns - slack <= step.ended_ns
    return together and any(planogram.share(plate, step.plate) for plate in grasp.deltas_mg)


def add_step(grasp: Grasp, step: WeightStep) -> None:
    """Take a step into a grasp."""
    grasp.deltas_mg[step.plate] = grasp.deltas_mg.get(step.plate, 0) + step.delta_mg
    grasp.began_ns = min(grasp.began_ns, step.began_ns)
    grasp.ended_ns = max(grasp.ended_ns, step.ended_ns)
    grasp.noise_mg = max(grasp.noise_mg, step.noise_mg)
    grasp.told_ns = max(grasp.told_ns, step.captured_ns)
    grasp.changes += _changes(step)
