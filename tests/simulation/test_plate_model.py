"""Simulated load cells against a recorded shop: quiet noise, quantum, and how fast a change comes."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.simulation.demo_shop import SEED, demo_shop, demo_world
from edge.simulation.plates import PlateRig
from edge.simulation.world import build

RATE_HZ = 60
LEVELS = (0.10, 0.25, 0.50, 0.75, 0.90)
Grid = NDArray[np.float64]


def recorded(folder: Path) -> dict[int, Grid]:
    """Samples by gondola, plates without a value left out."""
    found: dict[int, list[Grid]] = {}
    for line in (folder / "sensors" / "nanostore-benchmark-1" / "plate_data.jsonl").open():
        data = json.loads(line)["document"]["plate_data"]
        values = np.frombuffer(base64.b64decode(data["values"]["data"]), "<f4").reshape(data["values"]["shape"])
        block = values.reshape(len(values), -1).astype(np.float64)
        found.setdefault(data["plate_id"]["shelf_id"]["gondola_id"]["id"], []).append(block)
    whole = {gondola: np.concatenate(blocks) for gondola, blocks in found.items()}
    return {gondola: grams[:, ~np.isnan(grams).any(axis=0)] for gondola, grams in whole.items()}


def quiet_noise(grams: Grid) -> Grid:
    """The quiet quarter of a plate's seconds: s.d. in grams, one figure a plate, dead plates left out."""
    seconds = len(grams) // RATE_HZ
    noise: Grid = np.quantile(grams[: seconds * RATE_HZ].reshape(seconds, RATE_HZ, -1).std(axis=1), 0.25, axis=0)
    return noise[noise > 0]


def least_steps(grams: Grid) -> list[float]:
    """The smallest change from one sample to the next, for each plate that ever changes."""
    steps = [np.abs(np.diff(column)) for column in grams.T]
    return [float(step[step > 1e-6].min()) for step in steps if (step > 1e-6).any()]


def test_quiet_noise_is_spread_as_in_a_recorded_shop(shared_data: Path) -> None:
    # gondola 1 of the recording has somebody beside it all the time; the other three are as quiet as a shop gets
    real = np.concatenate([quiet_noise(grams) for gondola, grams in recorded(shared_data).items() if gondola != 1])
    empty_shops = [build(demo_shop(), (), seed, 17.0) for seed in range(8)]
    made = np.concatenate([quiet_noise(PlateRig(shop, "g1", SEED + n).grams()) for n, shop in enumerate(empty_shops)])
    assert np.quantile(made, LEVELS) == pytest.approx(np.quantile(real, LEVELS), rel=0.35)


def test_readings_come_in_the_steps_of_the_recorded_plates(shared_data: Path) -> None:
    made = least_steps(PlateRig(demo_world(), "g1", SEED).grams())
    for grams in recorded(shared_data).values():
        assert np.median(made) == pytest.approx(float(np.median(least_steps(grams))), rel=0.01)


def test_a_take_is_a_press_and_then_a_fast_step() -> None:
    world = demo_world()
    take = next(move for move in world.moves if move.giver == "g1-s2-f5")
    press = next(press for press in world.presses if press.plate == "g1-s2-p3")
    rig = PlateRig(world, "g1", SEED)
    column = [plate.id for plate in rig._plates].index("g1-s2-p3")
    grams = rig.grams()[:, column]
    at = round(take.at_s * RATE_HZ)
    before = grams[at - 4 * RATE_HZ : at - 2 * RATE_HZ].mean()
    weight = world.goods[take.good].weight_mg / 1000
    pressed = grams[round(press.from_s * RATE_HZ) : round(press.to_s * RATE_HZ)].max() - before
    assert pressed > press.force_g / 2
    assert grams[at + 12 : at + 2 * RATE_HZ].mean() == pytest.approx(before - weight, abs=4)
    assert abs(grams[at + 9] - (before - weight)) < 0.1 * weight, "a change takes about 0.1 s"


def test_a_neighbour_feels_a_change_a_little_and_another_board_not_at_all() -> None:
    world = demo_world()
    rig = PlateRig(world, "g1", SEED)
    names, grams = [plate.id for plate in rig._plates], rig.grams()
    change = grams[27 * RATE_HZ : 29 * RATE_HZ].mean(axis=0) - grams[21 * RATE_HZ : 23 * RATE_HZ].mean(axis=0)
    by_plate = dict(zip(names, change, strict=True))
    assert by_plate["g1-s2-p1"] < -1_000
    assert by_plate["g1-s2-p2"] == pytest.approx(0.02 * by_plate["g1-s2-p1"], rel=0.3)
    assert abs(by_plate["g1-s3-p1"]) < 3
