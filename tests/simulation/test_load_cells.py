"""Simulated plates beside a recorded shop, and what a take, a press and a neighbour look like."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from edge.simulation.acting import TAIL_S, play
from edge.simulation.load_cells import CellModel, weigh
from edge.simulation.plan import draw_plan
from edge.simulation.play import chance
from edge.simulation.scenario import library
from edge.simulation.stage import Grid, Happened

LIBRARY = {row.name: row for row in library()}
LEVELS = (0.10, 0.25, 0.50, 0.75, 0.90)
RATE_HZ = 60


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


def grams_of(name: str, seed: int) -> tuple[Happened, dict[str, Grid]]:
    """Readings of all gondolas, by gondola."""
    row = LIBRARY[name]
    happened = play(row, draw_plan(row, chance(row, seed, "plan")), chance(row, seed, "people"))
    made = {
        unit.id: weigh(happened, unit, chance(row, seed, unit.id), CellModel()).grams for unit in happened.plan.gondolas
    }
    return happened, made


def test_quiet_noise_is_spread_as_in_a_recorded_shop_and_no_easier(shared_data: Path) -> None:
    real = np.concatenate([quiet_noise(grams) for gondola, grams in recorded(shared_data).items() if gondola != 1])
    made = np.concatenate([quiet_noise(g) for seed in range(3) for g in grams_of("contest-one", seed)[1].values()])
    there, here = np.quantile(real, LEVELS), np.quantile(made, LEVELS)
    table = "\n".join(
        f"{q:.2f}  real {r:6.2f} g  simulated {m:6.2f} g" for q, r, m in zip(LEVELS, there, here, strict=True)
    )
    assert (here >= 0.95 * there).all(), table
    assert (here <= 2.0 * there).all(), table


def test_readings_come_in_the_steps_of_the_recorded_plates(shared_data: Path) -> None:
    made = float(np.median(least_steps(grams_of("contest-one", 0)[1]["g1"])))
    for grams in recorded(shared_data).values():
        assert made == pytest.approx(float(np.median(least_steps(grams))), rel=0.01)


def test_people_shake_the_shelves_as_much_as_in_the_recorded_shop(shared_data: Path) -> None:
    """Peaks over a second on the worst gondola; the shopper of the recording walks along gondola 1 all the time."""

    def peak(grams: Grid) -> float:
        seconds = len(grams) // RATE_HZ
        cut = grams[: seconds * RATE_HZ].reshape(seconds, RATE_HZ, -1)
        swings: Grid = np.abs(cut - np.median(cut, axis=1, keepdims=True)).max(axis=1)
        return float(np.quantile(swings, 0.99))

    real = max(peak(grams) for grams in recorded(shared_data).values())
    made = []
    for seed in range(4):
        happened, grams = grams_of("contest-one", seed)
        inside = slice(3 * RATE_HZ, int(happened.length_s - TAIL_S) * RATE_HZ)
        made.append(max(peak(one[inside]) for one in grams.values()))
    assert 0.7 * real <= np.mean(made) <= 1.5 * real


def test_a_slow_lift_takes_its_time_and_ends_where_the_pack_is_gone() -> None:
    happened, made = grams_of("contest-slow-lift", 0)
    load = next(load for load in happened.loads if load.over_s > 1)
    unit, shelf, index = (int(part[1:]) for part in load.plate.split("-"))
    gondola = happened.plan.gondolas[unit - 1]
    column = made[f"g{unit}"][:, (shelf - 1) * gondola.plates + index - 1]

    def around(at_s: float) -> float:
        return float(np.median(column[round((at_s - 1.0) * RATE_HZ) : round((at_s - 0.4) * RATE_HZ)]))

    start, half = around(load.at_s - 2), around(load.at_s + load.over_s / 2 + 0.6)
    end = around(load.at_s + load.over_s + 2.5)
    assert end - start == pytest.approx(load.grams, abs=max(12.0, 0.05 * abs(load.grams)))
    assert abs(half - start - load.grams / 2) < 0.4 * abs(load.grams)


def test_a_take_goes_fast_and_a_neighbour_feels_it_a_little_and_another_board_not_at_all() -> None:
    happened, made = grams_of("one-take", 0)
    load = max(happened.loads, key=lambda load: abs(load.grams))
    unit, shelf, index = (int(part[1:]) for part in load.plate.split("-"))
    plates = happened.plan.gondolas[unit - 1].plates
    grams = made[f"g{unit}"].reshape(-1, len(happened.plan.gondolas[unit - 1].boards_mm), plates)
    at = round((load.at_s - 0.6) * RATE_HZ)  # the first sample is that late
    change = np.median(grams[at + RATE_HZ :], axis=0) - np.median(grams[: at - 2 * RATE_HZ], axis=0)
    assert change[shelf - 1, index - 1] == pytest.approx(load.grams, rel=0.05)
    beside = [side for side in (index - 2, index) if 0 <= side < plates]
    low, high = (share * abs(load.grams) for share in CellModel().cross_talk)
    assert all(low - 2 < -change[shelf - 1, side] < high + 2 for side in beside)
    other = np.delete(change, shelf - 1, axis=0)
    assert float(np.median(np.abs(other))) < 3
