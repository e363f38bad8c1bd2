"""Which product some pixels have the colours of: a second cue to a name, for packs too small for an embedding.

A pack of 20 pixels keeps its colours where its print is gone. Every product has a histogram of the log planes of its
enrolled pictures; pixels are judged by their mean log-likelihood. Must not: decide alone what is named, or see a shelf.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.planes import Planes, log_planes
from vision.products.embedding import Picture, Vector

LOWEST: Final = (2.4, -1.8, -1.8)
STEPS: Final = (0.6, 0.08, 0.08)  # light tells least: shelves are dark inside
COUNTS: Final = (6, 45, 45)
LEAST_SHARE: Final = 5e-5  # of a colour that a product never showed


@dataclass(frozen=True)
class Colours:
    """Logarithms of how common each colour is in each product: `table` [products, colours that any of them has]."""

    skus: tuple[str, ...]
    known: NDArray[np.int64]
    table: NDArray[np.float32]

    def scores(self, pixels: Planes) -> Vector:
        """Mean log-likelihood of pixels [n, 3] (log planes), by product."""
        places = np.clip(np.searchsorted(self.known, wanted := _bins(pixels)), 0, len(self.known) - 1)
        seen = self.known[places] == wanted
        total = self.table[:, places[seen]].sum(axis=1) + np.log(LEAST_SHARE) * np.count_nonzero(~seen)
        return np.asarray(total / max(1, len(wanted)), np.float32)


def fit_colours(pictures: Iterable[Picture], owners: Sequence[str]) -> Colours:
    """Colours of the products whose pictures these are."""
    skus = tuple(sorted(set(owners)))
    table = np.zeros((len(skus), int(np.prod(COUNTS))), np.float32)
    for picture, owner in zip(pictures, owners, strict=True):
        table[skus.index(owner)] += _histogram(log_planes(picture)) / owners.count(owner)
    known = np.flatnonzero(table.any(axis=0))
    return Colours(skus, known, np.log(table[:, known] + LEAST_SHARE).astype(np.float32))


def _histogram(planes: Planes) -> NDArray[np.float32]:
    """Shares of colours, each spread over its neighbours: exposure and white balance are never quite the same."""
    found = np.bincount(_bins(planes.reshape(-1, 3)), minlength=int(np.prod(COUNTS))).astype(np.float32)
    grid = found.reshape(COUNTS)
    for axis in range(3):
        grid = 0.5 * grid + 0.25 * (np.roll(grid, 1, axis) + np.roll(grid, -1, axis))
    return np.asarray(grid.ravel() / grid.sum(), np.float32)


def _bins(pixels: Planes) -> NDArray[np.int64]:
    """The number of each pixel's colour."""
    steps = ((pixels.reshape(-1, 3) - LOWEST) / STEPS).astype(np.int64)
    light, red, blue = np.clip(steps, 0, np.array(COUNTS) - 1).T
    return np.asarray((light * COUNTS[1] + red) * COUNTS[2] + blue, np.int64)
