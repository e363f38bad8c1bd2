"""Which of the enrolled products a vector is, or none of them: nearest class mean in a whitened space.

The vectors are reduced to their principal directions, then scaled so that what varies *within* a product counts little
and what differs *between* products counts much (linear discriminant analysis with a shrunk covariance; Fisher 1936,
Friedman 1989); products are compared by cosine with their means. That is closed form: seconds for thousands of
pictures, and one picture a product is enough. Must not: see a picture, or name a product below its threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from vision.products.embedding import Vector

Numbers = NDArray[np.float64]
Rows = NDArray[np.float32]

DIRECTIONS: Final = 1024  # kept at most
SHRINK: Final = 0.3  # share of the mean variance that is added to the covariance within products
PRIOR_ROWS: Final = 50  # so many rows of average spread stand behind the spread of one number
STRANGERS_LET_IN: Final = 0.05  # share of pictures of unknown products that would still be named
SCALES: Final = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)  # of cosines, before they become shares
UNTESTED_THRESHOLD: Final = 0.5  # where there are too few products to hold any back


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
        return _unit((rows - self.centre) @ self.directions - self.origin)

    def scores(self, rows: Rows) -> Rows:
        """Cosine with every product's mean, [n, products]."""
        return np.asarray(self.place(rows) @ self.means.T, np.float32)


@dataclass(frozen=True)
class Answer:
    """`sku` is None for "none of these"; `ranked` are all products, likeliest first, with their shares (sum 1)."""

    sku: str | None
    score: float
    ranked: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Classifier:
    """A space, the cosine from which a product is named, and the scale that turns cosines into shares."""

    space: Space
    threshold: float
    scale: float

    def answer(self, vector: Vector) -> Answer:
        """The product of one vector."""
        return self.answers(vector[None])[0]

    def answers(self, rows: Rows) -> list[Answer]:
        """The products of many vectors at once, faster than one by one."""
        return [self._answer(scores) for scores in self.space.scores(rows)]

    def _answer(self, scores: Vector) -> Answer:
        shares = np.exp(self.scale * (scores - scores.max()))
        shares /= shares.sum()
        order = np.argsort(-scores, kind="stable")
        best = float(scores[order[0]])
        named = self.space.skus[order[0]] if best >= self.threshold else None
        return Answer(named, best, tuple((self.space.skus[i], float(shares[i])) for i in order))


def fit(rows: Rows, owners: Sequence[str], pictures: Sequence[int]) -> Classifier:
    """A classifier of vectors [n, d] with their products and the number of the picture that each is a view of.

    The threshold is set where, with every other product held back in turn, STRANGERS_LET_IN of the pictures held back
    would have been named. Raises BadInput for fewer than two products.
    """
    if len(set(owners)) < 2:
        raise BadInput("products", "fewer than two are enrolled; products are told apart from one another, add more")
    space = fit_space(rows, owners)
    strangers = _strangers(rows, owners)
    threshold = float(np.quantile(strangers, 1 - STRANGERS_LET_IN)) if len(strangers) else UNTESTED_THRESHOLD
    scores, truth = held_out(space, rows, owners, pictures)
    return Classifier(space, threshold, _best_scale(scores, truth))


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
        _unit(means - origin),
    )


def held_out(space: Space, rows: Rows, owners: Sequence[str], pictures: Sequence[int]) -> tuple[Rows, NDArray[np.intp]]:
    """Scores of every row with its own picture taken out of its product's mean, and the row's product.

    Products with one picture keep it: there is nothing else to compare with. The map itself is not fitted anew.
    """
    inside = np.asarray((rows - space.centre) @ space.directions - space.origin)
    numbers = np.array([space.skus.index(owner) for owner in owners])
    scores = np.asarray(_unit(inside) @ space.means.T)
    groups = np.asarray(pictures)
    for number in range(len(space.skus)):
        mine = np.flatnonzero(numbers == number)
        for picture in np.unique(groups[mine]):
            inner = mine[groups[mine] == picture]
            others = mine[groups[mine] != picture]
            if len(others):
                mean = _unit(inside[others].mean(axis=0, keepdims=True))
                scores[inner, number] = (_unit(inside[inner]) @ mean.T)[:, 0]
    return scores.astype(np.float32), numbers


def _strangers(rows: Rows, owners: Sequence[str]) -> Numbers:
    """Best score of each row against products that it is none of, with its own product unknown to the space."""
    skus = sorted(set(owners))
    halves = (set(skus[::2]), set(skus[1::2]))
    if min(map(len, halves)) < 2:
        return np.array([])
    known = np.array([owner in halves[0] for owner in owners])
    best = []
    for inside in (known, ~known):
        space = fit_space(rows[inside], [owner for owner, mine in zip(owners, inside, strict=True) if mine])
        best.append(space.scores(rows[~inside]).max(axis=1))
    return np.concatenate(best).astype(np.float64)


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


def _best_scale(scores: Rows, truth: NDArray[np.intp]) -> float:
    """The scale under which the true products are likeliest."""

    def log_likelihood(scale: float) -> float:
        scaled = scale * (scores - scores.max(axis=1, keepdims=True)).astype(np.float64)
        own = scaled[np.arange(len(truth)), truth]
        return float((own - np.log(np.exp(scaled).sum(axis=1))).mean())

    return max(SCALES, key=log_likelihood)


def _unit(rows: NDArray[Any]) -> Rows:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), np.float32)
