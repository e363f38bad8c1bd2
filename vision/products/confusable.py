"""Which products the installer should expect to be mistaken for one another. Must not: change a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.products.classifier import Classifier
from vision.products.space import held_out


@dataclass(frozen=True)
class Pair:
    """Two products: how alike their means are (cosine, 1 = the same), and how often a view of one was nearer to the
    other's mean while its own picture was held out of its own."""

    first: str
    second: str
    alike: float
    mistaken: int


def confusable(
    fitted: Classifier, rows: NDArray[np.float32], owners: Sequence[str], pictures: Sequence[int]
) -> list[Pair]:
    """Pairs that were mistaken, or are as alike as an unknown product may be at most; the worst first."""
    space = fitted.space
    scores, truth = held_out(space, rows, owners, pictures)
    size = len(space.skus)
    nearest = scores.argmax(axis=1)
    mistaken = np.zeros((size, size), np.int64)
    np.add.at(mistaken, (truth, nearest), 1)
    mistaken += mistaken.T
    alike = space.means @ space.means.T
    pairs = [
        Pair(space.skus[i], space.skus[j], round(float(alike[i, j]), 4), int(mistaken[i, j]))
        for i in range(size)
        for j in range(i + 1, size)
        if mistaken[i, j] or alike[i, j] >= fitted.alike
    ]
    return sorted(pairs, key=lambda pair: (-pair.mistaken, -pair.alike, pair.first, pair.second))
