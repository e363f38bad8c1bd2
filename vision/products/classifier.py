"""Which of the enrolled products a vector is, or none of them.

Products are compared in a space of their own (`space.py`); whether the likeliest one is named is judged by a rule that
was learned from the catalogue (`strangers.py`). Must not: see a picture, or name a product below the rule's limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from vision.products.embedding import Vector
from vision.products.space import Rows, Space, fit_space, held_out
from vision.products.strangers import Rule, fit_rule

SCALES: Final = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)  # of cosines, before they become shares


@dataclass(frozen=True)
class Answer:
    """`sku` is None for "none of these"; `score` is what speaks for naming the likeliest, beside the rule's limit;
    `ranked` are all products, likeliest first, with their shares (sum 1)."""

    sku: str | None
    score: float
    ranked: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Classifier:
    """A space, the rule by which a product is named, the scale that turns cosines into shares, and `alike`: the cosine
    that a few of the products not enrolled would reach."""

    space: Space
    rule: Rule
    scale: float
    alike: float

    def answer(self, vector: Vector) -> Answer:
        """The product of one vector."""
        return self.answers(vector[None])[0]

    def answers(self, rows: Rows) -> list[Answer]:
        """The products of many vectors at once, faster than one by one."""
        scores = self.space.scores(rows)
        return [self._answer(*pair) for pair in zip(scores, self.rule.evidence(scores).tolist(), strict=True)]

    def _answer(self, scores: Vector, evidence: float) -> Answer:
        shares = np.exp(self.scale * (scores - scores.max()))
        shares /= shares.sum()
        order = np.argsort(-scores, kind="stable")
        named = self.space.skus[order[0]] if evidence >= self.rule.limit else None
        return Answer(named, evidence, tuple((self.space.skus[i], float(shares[i])) for i in order))


def fit(rows: Rows, owners: Sequence[str], pictures: Sequence[int]) -> Classifier:
    """A classifier of vectors [n, d] with their products and the number of the picture that each is a view of.

    Raises BadInput for fewer than two products.
    """
    if len(set(owners)) < 2:
        raise BadInput("products", "fewer than two are enrolled; products are told apart from one another, add more")
    space = fit_space(rows, owners)
    rule, alike = fit_rule(space, rows, owners, pictures)
    scores, truth = held_out(space, rows, owners, pictures)
    return Classifier(space, rule, _best_scale(scores, truth), alike)


def _best_scale(scores: Rows, truth: NDArray[np.intp]) -> float:
    """The scale under which the true products are likeliest."""

    def log_likelihood(scale: float) -> float:
        scaled = scale * (scores - scores.max(axis=1, keepdims=True)).astype(np.float64)
        own = scaled[np.arange(len(truth)), truth]
        return float((own - np.log(np.exp(scaled).sum(axis=1))).mean())

    return max(SCALES, key=log_likelihood)
