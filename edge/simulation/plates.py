"""Load cells of a gondola: what 60 samples a second say when goods leave, hands press and people walk by.

Figures from a recorded shop (20 kg plates, 60 Hz): quiet noise by plate with a median near 0.6 g and a long tail,
steps of 0.241 g, a change in about 0.1 s, neighbours that follow by about 2 %, vibration of tens of grams
when somebody walks close by, most on the top board. Must not: draw, or know of people more than their steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.core.signals import PlateSamples
from edge.simulation.sensors import NS, generator
from edge.simulation.shop import Plate
from edge.simulation.world import World

Grid = NDArray[np.float64]


@dataclass(frozen=True)
class PlateModel:
    """Grams and seconds of one kind of plate.

    The noise of a plate is `noise_floor_g` and a log-normal rest with median `noise_more_g`, of which
    `noise_spread` is the s.d. of the logarithm: most plates are alike, a few are much worse.
    """

    rate_hz: int = 60
    block: int = 12
    noise_floor_g: float = 0.36
    noise_more_g: float = 0.28
    noise_spread: float = 1.1
    noise_memory: float = 0.25
    quantum_g: float = 0.241
    drift_g_per_min: float = 0.5
    settle_s: float = 0.035
    cross_talk: float = 0.02
    shake_g: float = 26.0
    shake_range_mm: float = 900.0
    shake_hz: float = 9.0
    shake_decay_s: float = 0.12
    stride_s: float = 0.525


class PlateRig:
    """All plates of one gondola."""

    def __init__(self, world: World, gondola: str, seed: int, model: PlateModel | None = None) -> None:
        self._world = world
        self._model = model or PlateModel()
        self._plates = [plate for plate in world.shop.plates if plate.gondola == gondola]
        self._gondola = gondola
        self._rng = generator(seed, f"plates {gondola}")

    def blocks(self) -> Iterator[PlateSamples]:
        """Blocks of samples from 0 to the end of the world."""
        grams = self.grams().astype("<f4")
        size = self._model.block
        for first in range(0, len(grams) - size + 1, size):
            yield PlateSamples(
                captured_ns=round(first * NS / self._model.rate_hz),
                source=f"scale-{self._gondola}",
                rate_hz=float(self._model.rate_hz),
                plates=tuple(plate.id for plate in self._plates),
                grams=grams[first : first + size].tobytes(),
            )

    def grams(self) -> Grid:
        """Readings, shape [samples, plates], in grams."""
        model = self._model
        times = np.arange(int(self._world.length_s * model.rate_hz)) / model.rate_hz
        load = np.stack([self._load(plate, times) for plate in self._plates], axis=1)
        load = _settled(load @ self._coupling(), model.settle_s * model.rate_hz)
        load += np.stack([self._shake(plate, times) for plate in self._plates], axis=1)
        load += self._noise(load.shape) + self._drift(load.shape)
        load += self._rng.uniform(200, 4_000, len(self._plates))
        rounded: Grid = np.round(load / model.quantum_g) * model.quantum_g
        return rounded

    def _load(self, plate: Plate, times: Grid) -> Grid:
        """What rests on a plate and who leans on it, in grams."""
        homes = {facing.id for facing in self._world.shop.facings if facing.plate == plate.id}
        load = np.zeros(len(times))
        load += sum(good.weight_mg for good in self._world.goods if good.home in homes) / 1000
        for move in self._world.moves:
            change = (move.taker in homes) - (move.giver in homes)
            load[times >= move.at_s] += change * self._world.goods[move.good].weight_mg / 1000
        for press in self._world.presses:
            if press.plate == plate.id:
                phase = np.clip((times - press.from_s) / (press.to_s - press.from_s), 0, 1)
                load += press.force_g * np.sin(np.pi * phase) * np.where(phase < 1, 1.0, 0.0)
        return load

    def _coupling(self) -> Grid:
        """Share of a load that plates side by side on one board feel of one another."""
        size = len(self._plates)
        shares = np.eye(size)
        for row, one in enumerate(self._plates):
            for column, other in enumerate(self._plates):
                if one.shelf == other.shelf and abs(one.index - other.index) == 1:
                    shares[row, column] = self._model.cross_talk
        return shares

    def _shake(self, plate: Plate, times: Grid) -> Grid:
        """Steps of people near by ring in the boards; a higher board rings more."""
        model, total = self._model, np.zeros(len(times))
        top = max(other.shelf for other in self._plates)
        for person in self._world.people:
            for at_s in np.arange(person.body.enters_s, person.body.leaves_s, model.stride_s):
                away = float(np.linalg.norm(person.body.place(float(at_s)) - np.array(plate.position_mm[:2])))
                strength = model.shake_g * min(1.0, person.body.speed(float(at_s)) / 1_000)
                strength *= float(np.exp(-away / model.shake_range_mm)) * (0.4 + plate.shelf / top)
                strength *= float(self._rng.lognormal(0, 0.4))
                since = times - at_s
                ring = np.exp(-np.maximum(since, 0) / model.shake_decay_s) * np.sin(2 * np.pi * model.shake_hz * since)
                total += np.where(since > 0, strength * ring, 0.0)
        return total

    def _noise(self, shape: tuple[int, ...]) -> Grid:
        """Noise with a little memory; every plate has its own strength."""
        model = self._model
        rest = model.noise_more_g * np.exp(self._rng.normal(0, model.noise_spread, shape[1]))
        strength = model.noise_floor_g + rest
        fresh = self._rng.normal(0, 1, shape) * np.sqrt(1 - model.noise_memory**2)
        noise = np.empty(shape)
        noise[0] = self._rng.normal(0, 1, shape[1])
        for row in range(1, shape[0]):
            noise[row] = noise[row - 1] * model.noise_memory + fresh[row]
        return noise * strength

    def _drift(self, shape: tuple[int, ...]) -> Grid:
        """A random walk with the given s.d. after a minute."""
        each = self._model.drift_g_per_min / np.sqrt(60 * self._model.rate_hz)
        walk: Grid = np.cumsum(self._rng.normal(0, each, shape), axis=0)
        return walk


def _settled(load: Grid, samples: float) -> Grid:
    """First-order settling with a time constant in samples."""
    share = 1 - np.exp(-1 / samples)
    out = np.empty_like(load)
    out[0] = load[0]
    for row in range(1, len(load)):
        out[row] = out[row - 1] + share * (load[row] - out[row - 1])
    return out
