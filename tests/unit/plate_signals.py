"""Plate signals made for tests: noise, drift, presses, lifts, shaking and bending, as numpy columns.

Numbers follow what was measured on real plates: white noise up to 4 g, presses up to 400 g for up to 0.8 s,
walking that swings a plate by up to 120 g, neighbours that bend by a few per cent.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from devices.shelf_scale.steps import StepFilter
from edge.core.events import Event, PlateSteady, WeightStep
from edge.core.signals import PlateSamples

RATE_HZ = 60.0
PLATES = tuple(f"g1-s{shelf}-p{index}" for shelf in (1, 2) for index in range(1, 7))
PLACES = {name: (name.split("-p")[0], int(name.split("-p")[1])) for name in PLATES}
Signal = NDArray[np.float64]


class Shelf:
    """Two shelves of six plates for `seconds`; each method adds something to a plate's column, grams."""

    def __init__(self, seconds: float, seed: int = 0, sigma: float = 1.0, rate_hz: float = RATE_HZ) -> None:
        self.rate_hz = rate_hz
        self.time = np.arange(round(seconds * rate_hz)) / rate_hz
        self.random = np.random.default_rng(seed)
        self.grams: Signal = self.random.uniform(-500, 6000, len(PLATES)) + self.random.normal(
            0, sigma, (len(self.time), len(PLATES))
        )

    def column(self, plate: str) -> Signal:
        return self.grams[:, PLATES.index(plate)]

    def move(self, plate: str, at_s: float, grams: float, during_s: float = 0.1) -> None:
        """The weight changes by `grams` in a straight line."""
        self.column(plate)[:] += grams * np.clip((self.time - at_s) / during_s, 0, 1)

    def settle(self, plate: str, at_s: float, grams: float, tau_s: float) -> None:
        """The weight changes by `grams`, the plate follows as a first-order system."""
        self.column(plate)[:] += grams * (1 - np.exp(-np.clip(self.time - at_s, 0, None) / tau_s))

    def press(self, plate: str, at_s: float, grams: float, for_s: float) -> None:
        """A hand rests on the plate, with a tremor."""
        on = (self.time >= at_s) & (self.time < at_s + for_s)
        self.column(plate)[on] += grams * (1 + 0.05 * self.random.normal(size=int(on.sum())))

    def shake(self, plate: str, at_s: float, for_s: float, peak: float, hz: float = 7.0) -> None:
        """Somebody walks by: a swing at `hz` that comes and goes with each step."""
        on = (self.time >= at_s) & (self.time < at_s + for_s)
        t = self.time[on] - at_s
        steps = np.abs(np.sin(np.pi * 1.8 * t))
        self.column(plate)[on] += peak * steps * np.sin(2 * np.pi * hz * t + self.random.uniform(0, 6))

    def drift(self, plate: str, grams_per_minute: float) -> None:
        self.column(plate)[:] += grams_per_minute * self.time / 60

    def blocks(self, size: int = 12, began_ns: int = 0) -> list[PlateSamples]:
        return [self.block(first, first + size, began_ns) for first in range(0, len(self.time), size)]

    def block(self, first: int, last: int, began_ns: int = 0) -> PlateSamples:
        return PlateSamples(
            captured_ns=began_ns + round(first / self.rate_hz * 1e9),
            source="g1",
            rate_hz=self.rate_hz,
            plates=PLATES,
            grams=self.grams[first:last].astype("<f4").tobytes(),
        )


def run(blocks: Iterable[PlateSamples], sense: StepFilter | None = None) -> list[Event]:
    """All events of these blocks, the flush included."""
    sense = sense or StepFilter(places=PLACES)
    found: list[Event] = []
    for block in blocks:
        found += sense.feed(block)
    return found + sense.flush()


def steps(events: Iterable[Event], plate: str | None = None) -> list[WeightStep]:
    return [e for e in events if isinstance(e, WeightStep) and plate in (None, e.plate)]


def steadies(events: Iterable[Event], plate: str | None = None) -> list[PlateSteady]:
    return [e for e in events if isinstance(e, PlateSteady) and plate in (None, e.plate)]
