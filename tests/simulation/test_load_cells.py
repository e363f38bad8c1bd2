"""Simulated plates beside a recorded shop, and what a take, a press and a neighbour look like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.simulation.acting import TAIL_S, play
from edge.simulation.load_cells import CellModel, weigh
from edge.simulation.plan import draw_plan
from edge.simulation.play import chance
from edge.simulation.scenario import library
from edge.simulation.stage import Grid, Happened
from tests.simulation.test_plate_model import least_steps, quiet_noise, recorded

LIBRARY = {row.name: row for row in library()}
LEVELS = (0.10, 0.25, 0.50, 0.75, 0.90)
RATE_HZ = 60


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
