"""Whether the likeliest product may be named, or what is seen is none of the enrolled ones.

A cosine alone does not say: packs that are seen otherwise than enrolled are less like their own pictures than a
stranger of a known family is like that family. So the lead over the next products counts as well, how much the
pictures of the likeliest product vary, and how near its nearest neighbour is. What each is worth is learned from the
catalogue: a part of the products and of the pictures of the others are held back in turn. Must not: see a picture, or a
probe.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.products.space import Numbers, Rows, Space, fit_space

STRANGERS_LET_IN: Final = 0.05  # share of pictures of unknown products that would still be named
UNTESTED_LIMIT: Final = 0.5  # of the cosine, where there are too few products to hold any back
PARTS: Final = 4  # of the products, and of the pictures of each; one part of both is held back at a time
LEAST_TESTED: Final = 4  # products; with fewer nothing is held back
LEAST_PICTURES: Final = 6  # of a product of which it can be told how much its pictures vary
LEAST_LEARNED: Final = 12  # such products; with fewer the cosine alone decides
NEXT: Final = 5  # so many of the next likeliest products count
RIDGE: Final = 1.0  # pull of the learned weights to zero
STEPS: Final = 30  # of Newton's method


@dataclass(frozen=True)
class Rule:
    """The likeliest product is named where `evidence` reaches `limit`: weighed signs, and an offset of that product."""

    weights: Numbers
    offsets: Numbers
    limit: float

    def evidence(self, scores: Rows) -> Numbers:
        """How much speaks for naming the likeliest product, [n], of cosines [n, products]."""
        return np.asarray(signs(scores) @ self.weights + self.offsets[scores.argmax(axis=1)], np.float64)


@dataclass(frozen=True)
class Tested:
    """What was held back: signs and traits [n, 5], which are strangers, whose likeliest product is right."""

    features: Numbers
    stranger: NDArray[np.bool_]
    right: NDArray[np.bool_]


def plain(products: int, limit: float) -> Rule:
    """The rule that looks at the best cosine alone."""
    return Rule(np.array([1.0, 0.0, 0.0]), np.zeros(products), limit)


def signs(scores: Rows) -> Numbers:
    """Best cosine, second cosine, mean of the NEXT ones after the best; [n, 3]."""
    first = -np.partition(-scores.astype(np.float64), min(NEXT, scores.shape[1] - 1), axis=1)[:, : NEXT + 1]
    first = -np.sort(-first, axis=1)
    return np.column_stack([first[:, 0], first[:, 1], first[:, 1:].mean(axis=1)])


def traits(space: Space, rows: Rows, owners: Sequence[str], many: NDArray[Any]) -> Numbers:
    """Of each product: mean cosine of its own rows with their mean, and that of its nearest other; [products, 2].

    Products that are not among `many` have too few pictures for the first: for them it is what is usual.
    """
    numbers = np.searchsorted(space.skus, owners)
    own = np.einsum("ij,ij->i", space.place(rows), space.means[numbers], dtype=np.float64)
    between = space.means @ space.means.T
    np.fill_diagonal(between, -1.0)
    alike = np.bincount(numbers, own) / np.bincount(numbers)
    enough = np.isin(space.skus, many)
    usual = np.median(alike[enough]) if enough.any() else 0.0
    return np.column_stack([np.where(enough, alike, usual), between.max(axis=1)])


def with_many_pictures(owners: Sequence[str], pictures: Sequence[int]) -> NDArray[Any]:
    """The products with LEAST_PICTURES or more."""
    products, counts = np.unique([owner for owner, _ in set(zip(owners, pictures, strict=True))], return_counts=True)
    return products[counts >= LEAST_PICTURES]


def fit_rule(space: Space, rows: Rows, owners: Sequence[str], pictures: Sequence[int]) -> tuple[Rule, float]:
    """The rule of a catalogue, and the cosine that STRANGERS_LET_IN of the strangers reach."""
    size = len(space.skus)
    if size < LEAST_TESTED:
        return plain(size, UNTESTED_LIMIT), UNTESTED_LIMIT
    many = with_many_pictures(owners, pictures)
    tested = held_back(rows, owners, pictures, many)
    alike = _limit(tested.features[:, 0], tested)
    if len(many) < LEAST_LEARNED:
        return plain(size, alike), alike
    weights, constant = _learned(tested)
    offsets = traits(space, rows, owners, many) @ weights[3:] + constant
    return Rule(weights[:3], offsets, _limit(tested.features @ weights + constant, tested)), alike


def held_back(rows: Rows, owners: Sequence[str], pictures: Sequence[int], many: NDArray[Any]) -> Tested:
    """Every product once as a stranger, and the pictures of products with many of them as known ones."""
    names = np.asarray(owners)
    found = []
    for stranger, known in _parts(names, np.asarray(pictures), many):
        inside = ~(stranger | known)
        space = fit_space(rows[inside], names[inside].tolist())
        of_products = traits(space, rows[inside], names[inside].tolist(), many)
        for part in (stranger, known):
            if part.any():
                scores = space.scores(rows[part])
                best = scores.argmax(axis=1)
                right = np.asarray(space.skus)[best] == names[part]
                found.append((np.hstack([signs(scores), of_products[best]]), stranger[part], right))
    return Tested(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _parts(
    names: NDArray[Any], pictures: NDArray[Any], many: NDArray[Any]
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Rows of the products that are hidden, and of the pictures of other products that are, by turns."""
    skus = np.unique(names)
    part_of = np.random.default_rng(0).permutation(len(skus)) % PARTS
    products = part_of[np.searchsorted(skus, names)]
    views = np.full(len(names), -1)
    for sku in many:
        mine = np.flatnonzero(names == sku)
        order = np.unique(pictures[mine], return_inverse=True)[1]
        views[mine] = order * PARTS // (order.max() + 1)  # neighbours were taken one after the other: hidden together
    for part in range(PARTS):
        yield products == part, (products != part) & (views == part)


def _limit(evidence: Numbers, tested: Tested) -> float:
    return float(np.quantile(evidence[tested.stranger], 1 - STRANGERS_LET_IN))


def _learned(tested: Tested) -> tuple[Numbers, float]:
    """Logistic regression of "named right"; strangers and known ones weigh the same, whatever their numbers."""
    middle, spread = tested.features.mean(axis=0), tested.features.std(axis=0) + 1e-9
    plane = np.column_stack([(tested.features - middle) / spread, np.ones(len(tested.features))])
    share = np.where(tested.stranger, 0.5 / tested.stranger.mean(), 0.5 / max((~tested.stranger).mean(), 1e-9))
    weights = np.zeros(plane.shape[1])
    for _ in range(STEPS):
        guess = 1 / (1 + np.exp(-plane @ weights))
        bend = plane.T @ (plane * (share * guess * (1 - guess))[:, None]) + RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, plane.T @ (share * (tested.right - guess)) - RIDGE * weights)
    scaled = weights[:-1] / spread
    return scaled, float(weights[-1] - scaled @ middle)
