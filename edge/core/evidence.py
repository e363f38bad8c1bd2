"""Shelf interactions: weight steps that belong to one grasp are grouped; the rest of the evidence joins them later.

Must not: decide which product or person it was (options.py), or touch a story.
"""

from __future__ import annotations

import msgspec

from edge.core.events import WeightStep
from edge.core.planogram import Planogram


class Grasp(msgspec.Struct, kw_only=True):
    """One shelf interaction as the scales felt it; part of the durable state.

    `deltas_mg` has one entry per plate. `hidden` says that nobody was watching while it happened (the box was
    down, or the step was too slow to be seen), so only presence in `began_ns`..`ended_ns` can name the person. `waited`
    says that it was too small by itself and its sibling plates got more time to speak.
    """

    id: str
    deltas_mg: dict[str, int]
    began_ns: int
    ended_ns: int
    noise_mg: int
    hidden: bool = False
    waited: bool = False

    @property
    def delta_mg(self) -> int:
        """Change of all plates together."""
        return sum(self.deltas_mg.values())

    @property
    def main_plate(self) -> str:
        """The plate that changed most; ties by name."""
        return min(self.deltas_mg, key=lambda plate: (-abs(self.deltas_mg[plate]), plate))


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
