"""The rendered clips: which scenarios, in which shop, with which light. Tuning and judging never share a shop or seed.

Must not: look at a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.commands.imports import whole_or_nothing
from edge.commands.simulate import write_rendered
from edge.simulation.play import simulate
from edge.simulation.scenario import FOLDER, Light, Scenario, load

TUNING, FINAL, FRESH, HELD, LATER = "tuning", "final", "fresh", "held", "later"
Kind = Literal["step", "swing"]


@dataclass(frozen=True)
class Case:
    """One clip: a scenario of the library in the shop of a planogram."""

    scenario: str
    light: tuple[Kind, float] | None = None

    @property
    def name(self) -> str:
        """Names its folder."""
        return self.scenario + (f"-{self.light[0]}" if self.light else "")


CASES = (
    Case("one-take"),
    Case("three-levels"),
    Case("hover-three"),
    Case("put-back-own"),
    Case("put-back-wrong"),
    Case("misplaced-taken"),
    Case("both-hands"),
    Case("two-in-one-grasp"),
    Case("three-reaches-one-back"),
    Case("last-one"),
    Case("pocketed"),
    Case("neighbours-together"),
    Case("arms-crossed"),
    Case("put-down-other-takes"),
    Case("behind-a-body"),
    Case("group-of-three"),
    Case("light-step"),
    Case("light-swing"),
    Case("three-levels", ("step", 9.0)),
    Case("three-reaches-one-back", ("swing", 5.0)),
    Case("put-back-own", ("step", 5.0)),
    Case("hover-three", ("swing", 6.0)),
)


STRANGE = (  # scenarios that were never rendered while vision was shaped
    Case("contest-three"),
    Case("contest-crossed"),
    Case("contest-three-put-back"),
    Case("contest-hold-two-take-one"),
    Case("same-place-together"),
    Case("adult-and-child"),
    Case("in-and-out"),
    Case("busy-five"),
    Case("hand-over", ("step", 8.0)),
    Case("contest-exchange", ("step", 10.0)),
    Case("contest-one", ("swing", 6.0)),
    Case("contest-slow-lift", ("swing", 8.0)),
)

LAST = (  # what the library holds besides, as far as goods move on a shelf of the aisle
    Case("contest-equal-weight-among"),
    Case("contest-equal-weight-swap"),
    Case("contest-hand-over"),
    Case("contest-left-on-floor"),
    Case("contest-long-hold"),
    Case("contest-same-product"),
    Case("left-on-floor"),
    Case("restock-while-shopping"),
    Case("restock-during-visit"),
    Case("shared-plate"),
    Case("bag-on-plate"),
    Case("wrong-catalogue", ("step", 9.0)),
    Case("eaten-empty-back", ("step", 7.0)),
    Case("tailgater", ("swing", 5.0)),
    Case("floor-taken-by-other", ("swing", 7.0)),
)

MIXED = (  # of both, for shops of their own
    Case("put-back-wrong"),
    Case("both-hands"),
    Case("three-reaches-one-back"),
    Case("pocketed"),
    Case("arms-crossed"),
    Case("behind-a-body"),
    Case("contest-three"),
    Case("contest-three-put-back"),
    Case("same-place-together"),
    Case("in-and-out"),
    Case("light-step"),
    Case("three-levels", ("step", 9.0)),
    Case("put-back-own", ("step", 5.0)),
    Case("one-take", ("step", 8.0)),
    Case("hand-over", ("step", 8.0)),
    Case("contest-one", ("swing", 6.0)),
    Case("last-one", ("swing", 6.0)),
    Case("three-reaches-one-back", ("swing", 5.0)),
)


def numbered(which: str) -> Iterator[tuple[Case, int, int]]:
    """(case, planogram, seed) of a set. Tuning: one planogram, seeds 0 to 5. Final: three others, seeds from 100.
    Fresh: two others again, seeds from 300, other scenarios. Held: the same once more, seeds from 700. Later: the first
    and the second scenarios mixed, in three shops that nothing was looked at in before, seeds from 1100."""
    for number, case in enumerate({FRESH: STRANGE, HELD: LAST, LATER: MIXED}.get(which, CASES)):
        if which == TUNING:
            yield case, 1, number % 6
        elif which == FINAL:
            yield case, 2 + number % 3, 100 + number
        elif which == FRESH:
            yield case, 8 + number % 2, 300 + number
        elif which == HELD:
            yield case, 11 + number % 2, 700 + number
        else:
            yield case, 13 + number % 3, 1_100 + number


def scenario_of(case: Case, planogram: int) -> Scenario:
    """The scenario in a shop with 24 slots a gondola."""
    found = load(FOLDER / f"{case.scenario}.yaml")
    changes: dict[str, object] = {
        "store": found.store.model_copy(update={"plan": "aisle", "planogram": planogram}),
    }
    if "cameras" not in found.sensors:  # the contest had none for its shelves
        changes["sensors"] = [*found.sensors, "cameras"]
    if case.light is not None:
        changes["light"] = Light(kind=case.light[0], t=case.light[1])
    return found.model_copy(update=changes)


def rendered(which: str, folder: Path) -> Iterator[tuple[int, Path]]:
    """(planogram, recording) of a set; what is not in the folder yet is rendered now (about 15 s of CPU each)."""
    for case, planogram, seed in numbered(which):
        target = folder / which / f"{case.name}-{planogram}-{seed:04d}"
        if not (target / "truth.json").is_file():
            scenario = scenario_of(case, planogram)
            print(f"rendering {target.name}", flush=True)
            with whole_or_nothing(target) as fresh:
                write_rendered(scenario, seed, simulate(scenario, seed), fresh)
        yield planogram, target
