"""The step filter on a real visit to a shop with load-cell plates, and on lifts added to those real signals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from devices.shelf_scale.steps import StepFilter
from edge import config
from edge.core.events import PlateSteady, TracksSeen, WeightStep
from edge.core.signals import PlateSamples
from edge.nanostore.case import Case, read_case


@pytest.fixture(scope="module")
def case(shared_data: Path) -> Case:
    return read_case(shared_data / "sensors" / "nanostore-benchmark-1")


def filters(case: Case) -> dict[str, StepFilter]:
    shop = config.parse(case.config_text)
    return {row.gondola: StepFilter.from_config(shop.scales, shop.plate) for row in shop.scale}


def sense(case: Case, blocks: list[PlateSamples]) -> list[WeightStep | PlateSteady]:
    senses = filters(case)
    found = [event for block in blocks for event in senses[block.source].feed(block)]
    found += [event for each in senses.values() for event in each.flush()]
    return [event for event in found if isinstance(event, WeightStep | PlateSteady)]


def blocks_of(case: Case) -> list[PlateSamples]:
    return [item for item in case.items if isinstance(item, PlateSamples)]


def test_the_one_lift_is_the_one_step(case: Case) -> None:
    blocks = blocks_of(case)
    found = sense(case, blocks)
    (step,) = [event for event in found if isinstance(event, WeightStep)]
    assert step.plate == "g1-s5-p11"
    assert abs(step.delta_mg + 623_000) < 3_000
    first_s = min(block.captured_ns for block in blocks) / 1e9
    assert abs(step.began_ns / 1e9 - first_s - 12.48) <= 0.3
    assert abs(step.ended_ns / 1e9 - first_s - 12.48) <= 0.3
    steady = [event.plate for event in found if isinstance(event, PlateSteady)]
    assert set(steady) == {plate for block in blocks for plate in block.plates}
    again = {plate for plate in steady if steady.count(plate) > 1}
    assert step.plate in again, "a level is told again after a step"
    assert all(plate.startswith("g1-s5-") for plate in again), "and by what it bent, but nowhere else"


def test_hand_and_plate_meet_at_the_lift(case: Case) -> None:
    """Planogram and tracker share one frame: at the true time a hand is at the true plate."""
    assert case.truth is not None
    (event,) = case.truth.events
    shop = config.parse(case.config_text)
    place = next(row.position_mm for row in shop.plate if row.id == event.slot)
    frames = [item for item in case.items if isinstance(item, TracksSeen)]
    frame = min(frames, key=lambda frame: abs(frame.captured_ns / 1e9 - event.t_s))
    apart = [np.linalg.norm(np.subtract(hand, place)) for hand in frame.people[0].hands_mm]
    assert min(apart) < 350
    distances = [np.linalg.norm(np.subtract(row.position_mm, place)) for row in shop.plate if row.position_mm]
    assert max(distances) > 3000  # so that being near says something


@pytest.mark.parametrize("seed", range(40))
def test_lifts_added_to_real_signals_are_found(case: Case, seed: int) -> None:
    random = np.random.default_rng(seed)
    blocks = blocks_of(case)
    names = [name for block in blocks[:8] for name in block.plates if name != "g1-s5-p11"]
    plate = names[int(random.integers(len(names)))]
    grams = float(np.exp(random.uniform(np.log(20), np.log(3000))))
    at_s, press_s = random.uniform(5.5, 17), random.uniform(0.15, 0.8)
    lifted = [add_lift(block, plate, at_s, grams, press_s, random.uniform(50, 400)) for block in blocks]
    steps = [event for event in sense(case, lifted) if isinstance(event, WeightStep)]
    assert sorted(step.plate for step in steps) == sorted([plate, "g1-s5-p11"])
    (mine,) = [step for step in steps if step.plate == plate]
    assert abs(mine.delta_mg / 1000 + grams) <= max(6.0, 0.03 * grams)
    assert mine.began_ns / 1e9 - 0.2 <= at_s <= mine.ended_ns / 1e9 + 0.2


def add_lift(block: PlateSamples, plate: str, at_s: float, grams: float, press_s: float, press: float) -> PlateSamples:
    if plate not in block.plates:
        return block
    values = np.frombuffer(block.grams, "<f4").reshape(-1, len(block.plates)).copy()
    time = block.captured_ns / 1e9 + np.arange(len(values)) / block.rate_hz
    column = values[:, block.plates.index(plate)]
    column -= grams * np.clip((time - at_s) / 0.1, 0, 1)
    column += press * ((time >= at_s - press_s) & (time < at_s))
    return PlateSamples(
        captured_ns=block.captured_ns,
        source=block.source,
        rate_hz=block.rate_hz,
        plates=block.plates,
        grams=values.tobytes(),
    )
