"""`python -m tests.bench.vision.rendered_people --models FOLDER`: do names stay with people in rendered visits?

Who is where is known exactly there. Beside it the plainest tracker, on the same boxes. Must not: change a threshold.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from edge.body_score import Shown, compare
from edge.commands.baseline_tracks import BaselineTracker
from edge.config import Models
from edge.core.events import TracksSeen
from edge.simulation.play import Simulated, chance, simulate
from edge.simulation.rendering.exposure import Exposure
from edge.simulation.rendering.floor_view import Moment, moments
from edge.simulation.rendering.pack_looks import draw_looks
from edge.simulation.rendering.staging import Staging
from edge.simulation.scenario import FOLDER, Scenario, load
from edge.truth import Body as Labelled
from vision.bodies import Body
from vision.floor import FloorWatch
from vision.looks import choose_looks
from vision.people import choose_finder

SCENARIOS = ("group-of-three", "arms-crossed", "behind-a-body", "busy-five", "put-down-other-takes", "hand-over")
PLANOGRAM, SEED = 2, 200
RATE_HZ, LABELLED_EVERY = 10, 5
AFTER_S = 1.0


@dataclass
class Row:
    """Sums over visits: people, names told, switches and kept sights of one tracker."""

    people: int = 0
    names: int = 0
    switches: int = 0
    kept: list[tuple[float, int]] = field(default_factory=list)

    def line(self) -> str:
        """For people."""
        sights = sum(count for _, count in self.kept)
        share = sum(part * count for part, count in self.kept) / max(1, sights)
        return f"{self.names} names for {self.people} people, {self.switches} switches, {share:.3f} of {sights} kept"


def visit(scenario: Scenario, seed: int) -> tuple[Simulated, Iterator[Moment]]:
    """The pictures of one visit."""
    found = simulate(scenario, seed)
    staging = Staging(found.happened, draw_looks(found.plan, PLANOGRAM), lambda what: chance(scenario, seed, what))
    last_s = max(body.leaves_s for body in found.happened.bodies.values()) + AFTER_S
    light = Exposure(scenario.light, chance(scenario, seed, "weather"), found.happened.length_s)
    return found, moments(staging, light, chance(scenario, seed, "pictures floor"), RATE_HZ, last_s)


def judge(scenario: Scenario, seed: int, models: Models, rows: dict[str, Row]) -> None:
    """One visit, watched by both trackers."""
    watch = FloorWatch("floor", choose_finder(models, overhead=False), looks=choose_looks(models))
    boxes: list[list[Body]] = []
    find = watch.finder.find

    def listen(picture: object, at_s: float) -> list[Body]:
        boxes.append(find(picture, at_s))  # type: ignore[arg-type]
        return boxes[-1]

    watch.finder.find = listen  # type: ignore[method-assign]
    plain, shown, labelled = BaselineTracker(), dict[str, list[Shown]](ours=[], baseline=[]), list[Labelled]()
    found, pictures = visit(scenario, seed)
    for number, moment in enumerate(pictures):
        bgr = np.asarray(cv2.cvtColor(moment.picture, cv2.COLOR_RGB2BGR), np.uint8)
        told = [event for event in watch.see(bgr, round(moment.at_s * 1e9)) if isinstance(event, TracksSeen)]
        people = [person for event in told for person in event.people if person.box_px is not None]
        shown["ours"].append(Shown(moment.at_s, {one.track: tuple(map(float, one.box_px or ())) for one in people}))  # type: ignore[misc]
        shown["baseline"].append(Shown(moment.at_s, plain.see(boxes[-1], moment.at_s)))
        if number % LABELLED_EVERY == 0:
            labelled += [
                Labelled(t_s=moment.at_s, camera="floor", person=name, box_px=box) for name, box in moment.boxes.items()
            ]
    for name, row in rows.items():
        result = compare(labelled, {"floor": shown[name]})
        assert result is not None
        row.people += len(found.happened.bodies)
        row.names += len({track for one in shown[name] for track in one.bodies})
        row.switches += result.switches
        row.kept.append((result.kept, len(labelled)))


def main() -> None:
    """Entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="the folder with optional weights")
    parser.add_argument("--seeds", type=int, default=1, help="visits of each scenario")
    options = parser.parse_args()
    models = Models(folder=str(options.models) if options.models else None)
    rows = {"ours": Row(), "baseline": Row()}
    for name in SCENARIOS:
        scenario = load(FOLDER / f"{name}.yaml")
        scenario = scenario.model_copy(
            update={"store": scenario.store.model_copy(update={"plan": "aisle", "planogram": PLANOGRAM})}
        )
        for seed in range(SEED, SEED + options.seeds):
            judge(scenario, seed, models, rows)
        print(f"{name}: ours {rows['ours'].line()}", flush=True)
    for label, row in rows.items():
        print(f"{label} | {row.line()}")


if __name__ == "__main__":
    main()
