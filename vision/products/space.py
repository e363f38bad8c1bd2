"""The space in which products are compared: nearest class mean after whitening.

The vectors are reduced to their principal directions, then scaled so that what varies *within* a product counts little
and what differs *between* products counts much (linear discriminant analysis with a shrunk covariance; Fisher 1936,
Friedman 1989); products are compared by cosine with their means. That is closed form: seconds for thousands of
pictures, and one picture a product is enough. Must not: decide whether a product is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Rows = NDArray[np.float32]

DIRECTIONS: Final = 1024  # kept at most
SHRINK: Final = 0.3  # share of the mean variance that is added to the covariance within products
PRIOR_ROWS: Final = 50  # so many rows of average spread stand behind the spread of one number


@dataclass(frozen=True)
class Space:
    """A linear map into the whitened space: rows -> (rows - centre) @ directions - origin, then length 1."""

    skus: tuple[str, ...]
    centre: Rows
    directions: Rows
    origin: Rows
    means: Rows

    def place(self, rows: Rows) -> Rows:
        """Vectors [n, d] -> unit vectors [n, k]."""
        return unit((rows - self.centre) @ self.directions - self.origin)

    def scores(self, rows: Rows) -> Rows:
        """Cosine with every product's mean, [n, products]."""
        return np.asarray(self.place(rows) @ self.means.T, np.float32)


def fit_space(rows: Rows, owners: Sequence[str]) -> Space:
    """The whitened space of the given products."""
    skus = tuple(sorted(set(owners)))
    numbers = np.array([skus.index(owner) for owner in owners])
    centre = rows.mean(axis=0, dtype=np.float64)
    variance = rows.var(axis=0, dtype=np.float64)
    spread = np.sqrt((len(rows) * variance + PRIOR_ROWS * variance.mean()) / (len(rows) + PRIOR_ROWS)) + 1e-9
    spread = np.maximum(spread, 0.2 * spread.mean())
    plain = (rows - centre) / spread
    basis = _principal(plain)
    reduced = plain.astype(np.float64) @ basis
    means = _means(reduced, numbers, len(skus))
    whitening = _whitening(reduced - means[numbers], max(1, len(rows) - len(skus)))
    directions = (basis / spread[:, None]) @ whitening
    means = means @ whitening
    origin = means.mean(axis=0)
    return Space(
        skus,
        centre.astype(np.float32),
        directions.astype(np.float32),
        origin.astype(np.float32),
        unit(means - origin),
    )


def held_out(space: Space, rows: Rows, owners: Sequence[str], pictures: Sequence[int]) -> tuple[Rows, NDArray[np.intp]]:
    """Scores of every row with its own picture taken out of its product's mean, and the row's product.

    Products with one picture keep it: there is nothing else to compare with. The map itself is not fitted anew.
    """
    inside = np.asarray((rows - space.centre) @ space.directions - space.origin)
    numbers = np.array([space.skus.index(owner) for owner in owners])
    scores = np.asarray(unit(inside) @ space.means.T)
    groups = np.asarray(pictures)
    for number in range(len(space.skus)):
        mine = np.flatnonzero(numbers == number)
        for picture in np.unique(groups[mine]):
            inner = mine[groups[mine] == picture]
            others = mine[groups[mine] != picture]
            if len(others):
                mean = unit(inside[others].mean(axis=0, keepdims=True))
                scores[inner, number] = (unit(inside[inner]) @ mean.T)[:, 0]
    return scores.astype(np.float32), numbers


def _principal(plain: Rows) -> Rows:
    """Orthonormal directions [d, k] of most variance, by the smaller of the two covariance matrices."""
    exact = plain.astype(np.float64)  # in single precision the directions of no variance come out as noise
    count, width = plain.shape
    wide = width > count
    values, vectors = np.linalg.eigh(exact @ exact.T if wide else exact.T @ exact)
    keep = np.argsort(values)[::-1][:DIRECTIONS]
    keep = keep[values[keep] > 1e-9 * max(float(values.max()), 1e-12)]
    if not wide:
        return np.asarray(vectors[:, keep], np.float32)
    return np.asarray(exact.T @ (vectors[:, keep] / np.sqrt(values[keep])), np.float32)


def _whitening(inner: Numbers, freedom: int) -> Numbers:
    """Map [k, k] that makes the shrunk covariance within products the identity."""
    covariance = inner.T @ inner / freedom
    level = float(np.trace(covariance)) / max(1, len(covariance))
    if level <= 1e-12:  # one view of each product: nothing is known of what varies within one
        return np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors / np.sqrt(np.maximum(values, 0) + SHRINK * level))


def _means(rows: Numbers, numbers: NDArray[Any], count: int) -> Numbers:
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, numbers, rows)
    return np.asarray(sums / np.bincount(numbers, minlength=count)[:, None])


def unit(rows: NDArray[Any]) -> Rows:
    """Rows of length 1."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), np.float32)
