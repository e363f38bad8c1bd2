"""What light and the camera's electronics do to a picture over time: light steps, exposure control, noise.

Levels are assumptions for a cheap camera in a lit shop: see the constants. Must not: know what is in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.simulation.rendering.shelf_view import Light
from edge.simulation.scenario import Light as LightChange

Picture: TypeAlias = NDArray[np.uint8]
BEGIN_S = 1.5  # scenario times count from here (acting.BEGIN_S)
FLICKER_SD, DRIFT, DRIFT_S = 0.004, 0.012, 9.0
STEP_KEY, STEP_AMBIENT = (0.30, 0.55), (0.62, 0.80)  # left of the light when a tube goes out
SWING, SWING_S = (0.18, 0.32), (7.0, 13.0)  # a cloud before the window
FOLLOW_S, FOLLOWS = 2.5, 0.75  # exposure control takes back this much of a change, that fast
NOISE_LOW, NOISE_HIGH = 1.3, 2.6  # levels of 255, dark to bright
PLANES = 6


@dataclass(frozen=True)
class _Weather:
    key: float
    ambient: float
    swing: float
    swing_s: float
    warm: float


class Exposure:
    """The light of every moment of a visit as one camera records it."""

    def __init__(self, change: LightChange | None, rng: np.random.Generator, length_s: float) -> None:
        self._change = change
        self._phase = float(rng.uniform(0, 6.28))
        self._weather = _Weather(
            float(rng.uniform(*STEP_KEY)), float(rng.uniform(*STEP_AMBIENT)),
            float(rng.uniform(*SWING)), float(rng.uniform(*SWING_S)), float(rng.uniform(-0.06, 0.10)),
        )  # fmt: skip
        self._flicker = rng.normal(0, FLICKER_SD, int(length_s * 25) + 100)
        self._grid = np.arange(-5.0, length_s + 1.0, 0.05)
        self._gains = self._followed()

    def at(self, at_s: float) -> Light:
        """Light and camera gains of a moment."""
        ambient, key = self._shop(at_s)
        gain = float(np.interp(at_s, self._grid, self._gains))
        gain *= 1 + DRIFT * float(np.sin(2 * np.pi * at_s / DRIFT_S + self._phase)) + self._flicker[int(at_s * 25)]
        warm = self._weather.warm * (1 - min(ambient, 1.0)) * 2
        return Light(ambient, key, (gain * (1 + warm), gain, gain * (1 - warm)))

    def _shop(self, at_s: float) -> tuple[float, float]:
        if self._change is None:
            return 1.0, 1.0
        since = at_s - BEGIN_S - self._change.t
        if self._change.kind == "step":
            share = min(1.0, max(0.0, since / 0.15))
            return 1 - share * (1 - self._weather.ambient), 1 - share * (1 - self._weather.key)
        if since < 0:
            return 1.0, 1.0
        swing = self._weather.swing * 0.5 * (1 - float(np.cos(2 * np.pi * since / self._weather.swing_s)))
        return 1 - swing, 1 - 0.5 * swing

    def _followed(self) -> NDArray[np.float64]:
        """The gain of an exposure control of first order."""
        gains, now = [], 1.0
        for at_s in self._grid:
            ambient, key = self._shop(float(at_s))
            wanted = (2.0 / (ambient + key)) ** FOLLOWS
            now += (wanted - now) * 0.05 / FOLLOW_S
            gains.append(now)
        return np.array(gains)


class Noise:
    """Grain of a small sensor: stronger in bright parts, never twice the same."""

    def __init__(self, shape: tuple[int, int], rng: np.random.Generator) -> None:
        self._rng = rng
        wide = (shape[0] + 64, shape[1] + 64, 3)
        self._planes = [rng.normal(0, 64.0, wide).clip(-127, 127).astype(np.int16) for _ in range(PLANES)]
        self._strength = (np.linspace(NOISE_LOW, NOISE_HIGH, 256) / 64.0 * 256).astype(np.int16)

    def on(self, picture: Picture) -> Picture:
        """The picture with grain."""
        plane = self._planes[int(self._rng.integers(PLANES))]
        y, x = (int(value) for value in self._rng.integers(0, 64, 2))
        grain = plane[y : y + picture.shape[0], x : x + picture.shape[1]]
        level = self._strength[picture]
        noisy = picture + ((grain * level) >> 8)
        return np.asarray(np.clip(noisy, 0, 255), np.uint8)
