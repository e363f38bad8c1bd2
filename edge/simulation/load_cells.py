"""Plates at 60 samples a second: what rests on them, who leans on them, who walks by, and what the electronics add.

Noise by plate, quantum, vibration and the speed of a change are those of a recorded shop (20 kg plates), or worse.
Must not: know people more than their footfalls and hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.core.signals import PlateSamples
from edge.simulation.plan import Gondola
from edge.simulation.stage import Grid, Happened, Press

NS = 1_000_000_000


@dataclass(frozen=True)
class CellModel:
    """Grams and seconds. The noise of a plate is a floor and a log-normal rest: a few plates are much worse."""

    rate_hz: int = 60
    block: int = 12
    noise_floor_g: float = 0.42
    noise_more_g: float = 0.34
    noise_spread: float = 1.15
    noise_memory: float = 0.25
    quantum_g: float = 0.241
    drift_g_per_min: float = 0.5
    settle_s: tuple[float, float] = (0.15, 0.30)  # to 90 %
    cross_talk: tuple[float, float] = (0.012, 0.028)
    shake_g: float = 110.0
    shake_range_mm: float = 600.0
    shake_hz: float = 9.0
    shake_decay_s: float = 0.12
    zero_jump: float = 0.015  # chance a visit and gondola
    lost_blocks: float = 0.002


@dataclass(frozen=True)
class Cells:
    """The plates of one gondola: names in column order, and grams [samples, plates]; sample 0 is at `start_s`."""

    gondola: Gondola
    names: tuple[str, ...]
    grams: Grid
    start_s: float


def weigh(happened: Happened, gondola: Gondola, rng: np.random.Generator, model: CellModel) -> Cells:
    """Readings of one gondola from the first half second to the end."""
    shelves = range(1, len(gondola.boards_mm) + 1)
    names = tuple(f"{gondola.id}-s{shelf}-p{index}" for shelf in shelves for index in range(1, gondola.plates + 1))
    start_s = 0.5 + float(rng.uniform(0, 0.2))
    times = start_s + np.arange(int((happened.length_s - start_s) * model.rate_hz)) / model.rate_hz
    column = {name: number for number, name in enumerate(names)}
    load = _spread(_loads(happened, column, times, rng), gondola, rng, model)
    load = _settled(load, rng, model)
    grams = _noise((len(times), len(names)), rng, model)
    grams += load
    _shake(grams, happened, gondola, times, rng, model)
    _jump(grams, rng, model)
    grams += rng.uniform(200, 6_000, len(names))
    grams = np.round(grams / model.quantum_g) * model.quantum_g
    return Cells(gondola, names, grams, start_s)


def blocks(cells: Cells, rng: np.random.Generator, model: CellModel) -> Iterator[PlateSamples]:
    """Blocks as the gondola sends them; now and then one is lost."""
    packed = cells.grams.astype("<f4")
    for first in range(0, len(packed) - model.block + 1, model.block):
        if rng.random() < model.lost_blocks:
            continue
        yield PlateSamples(
            captured_ns=round((cells.start_s + first / model.rate_hz) * NS),
            source=f"scale-{cells.gondola.id}",
            rate_hz=float(model.rate_hz),
            plates=cells.names,
            grams=packed[first : first + model.block].tobytes(),
        )


def _loads(happened: Happened, column: dict[str, int], times: Grid, rng: np.random.Generator) -> Grid:
    """Changes of what rests on the plates and of hands that lean on them; the standing load does not matter."""
    total = np.zeros((len(times), len(column)))
    for load in happened.loads:
        if load.plate in column:
            rise = np.clip((times - load.at_s) / max(load.over_s, 1e-3), 0, 1)
            total[:, column[load.plate]] += load.grams * rise
    for press in happened.presses:
        if press.plate in column and press.to_s > press.from_s:
            phase = np.clip((times - press.from_s) / (press.to_s - press.from_s), 0, 1)
            shape = _resting(press, times, phase, rng) if press.flat else np.sin(np.pi * phase)
            total[:, column[press.plate]] += press.grams * shape
    return total


def _resting(press: Press, times: Grid, phase: Grid, rng: np.random.Generator) -> Grid:
    """A hand that rests comes and goes within a third of a second and is never quite still."""
    edge = 0.3 / (press.to_s - press.from_s)
    sway = 1 + 0.12 * np.sin(4.4 * times + rng.uniform(0, 6)) + 0.05 * np.sin(14.5 * times + rng.uniform(0, 6))
    shape: Grid = np.clip(np.minimum(phase, 1 - phase) / min(edge, 0.5), 0, 1) * sway
    return shape


def _spread(load: Grid, gondola: Gondola, rng: np.random.Generator, model: CellModel) -> Grid:
    """Plates side by side feel a little of one another."""
    found = load.copy()
    share = float(rng.uniform(*model.cross_talk))
    for column in np.flatnonzero(np.abs(load).max(axis=0) > 0).tolist():
        for other in (column - 1, column + 1):
            if 0 <= other < load.shape[1] and other // gondola.plates == column // gondola.plates:
                found[:, other] += share * load[:, column]
    return found


def _settled(load: Grid, rng: np.random.Generator, model: CellModel) -> Grid:
    """First-order settling; only plates on which something happens need it."""
    busy = np.flatnonzero(np.abs(load).max(axis=0) > 0)
    share = 1 - np.exp(-2.303 / (float(rng.uniform(*model.settle_s)) * model.rate_hz))
    wanted = load[:, busy]
    out = np.empty_like(wanted)
    now = wanted[0].copy()
    for row in range(len(wanted)):
        now += share * (wanted[row] - now)
        out[row] = now
    found = load.copy()
    found[:, busy] = out
    return found


def _noise(shape: tuple[int, int], rng: np.random.Generator, model: CellModel) -> Grid:
    """Noise with a little memory and a slow drift; every plate has its own strength."""
    strength = model.noise_floor_g + model.noise_more_g * np.exp(rng.normal(0, model.noise_spread, shape[1]))
    fresh = rng.standard_normal((shape[0] + 1, shape[1]), dtype=np.float32).astype(np.float64)
    memory = model.noise_memory
    noise: Grid = (fresh[1:] + memory * fresh[:-1]) * (strength / np.sqrt(1 + memory**2))
    each_s = model.drift_g_per_min / np.sqrt(60)
    seconds = np.cumsum(rng.normal(0, each_s, (shape[0] // model.rate_hz + 2, shape[1])), axis=0)
    part, second = np.modf(np.arange(shape[0]) / model.rate_hz)
    whole = second.astype(np.int64)
    noise += seconds[whole] * (1 - part[:, None]) + seconds[whole + 1] * part[:, None]
    return noise


def _shake(
    grams: Grid, happened: Happened, gondola: Gondola, times: Grid, rng: np.random.Generator, model: CellModel
) -> None:
    """Footfalls near by ring in the boards, most in the top one; so does somebody who runs into the shelf."""
    boards = len(gondola.boards_mm)
    height = np.repeat(0.4 + np.arange(1, boards + 1) / boards, gondola.plates)
    along = np.tile((np.arange(gondola.plates) + 0.5) * gondola.pitch_mm, boards)
    spots = np.stack([gondola.point(x, 200.0) for x in along])
    ring_s = np.arange(int(0.7 * model.rate_hz)) / model.rate_hz
    ring = np.exp(-ring_s / model.shake_decay_s) * np.sin(2 * np.pi * model.shake_hz * ring_s)
    for name, falls in happened.steps():
        body = happened.bodies[name]
        pace = np.clip(body.speeds(falls) / 1_000, 0.03, 1.2)
        for at_s, place, speed in zip(falls, body.places(falls), pace, strict=True):
            away = np.linalg.norm(spots - place, axis=1)
            strength = (
                model.shake_g * speed * float(rng.lognormal(0, 0.45)) * np.exp(-away / model.shake_range_mm) * height
            )
            _add(grams, times, float(at_s), ring, strength)
    slow_s = np.arange(int(2.5 * model.rate_hz)) / model.rate_hz
    slow = np.exp(-slow_s / 0.5) * np.sin(2 * np.pi * 5.0 * slow_s)
    for bump in happened.bumps:
        if bump.gondola == gondola.id:
            _add(grams, times, bump.at_s, slow, bump.grams * height * rng.uniform(0.3, 1.0, len(height)))
            grams[times >= bump.at_s] += rng.normal(0, 1.5, len(height))


def _add(grams: Grid, times: Grid, at_s: float, shape: NDArray[np.float64], strength: Grid) -> None:
    first = int(np.searchsorted(times, at_s))
    count = min(len(shape), len(times) - first)
    if count > 0:
        grams[first : first + count] += shape[:count, None] * strength


def _jump(grams: Grid, rng: np.random.Generator, model: CellModel) -> None:
    """The zero of a plate moves for no reason that a shop can see."""
    if rng.random() < model.zero_jump:
        row, column = int(rng.integers(len(grams))), int(rng.integers(grams.shape[1]))
        grams[row:, column] += float(rng.choice([-1, 1])) * float(rng.uniform(4, 25))
