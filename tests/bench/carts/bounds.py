"""Statistics of the cart benchmark: an exact bound on a rare rate, reliability bins, calibration error.

Must not: know what a line or a visit is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

STEPS = 200  # halvings: far below the spacing of floats
EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0)


class Bin(NamedTuple):
    """Judged probabilities from `low` to below `high` (the last bin holds 1.0 too). Means are 0 in an empty bin."""

    low: float
    high: float
    lines: int
    said: float
    right: float


def tail(k: int, n: int, p: float) -> float:
    """P(X <= k) for X binomial(n, p), summed in logarithms so that no term overflows."""
    if p <= 0.0 or k >= n:
        return 1.0
    if p >= 1.0:
        return 0.0
    log_p, log_q = math.log(p), math.log1p(-p)
    whole = math.lgamma(n + 1)
    logs = [whole - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * log_p + (n - i) * log_q for i in range(k + 1)]
    top = max(logs)
    return min(1.0, math.exp(top) * math.fsum(math.exp(log - top) for log in logs))


def upper_bound(k: int, n: int, level: float = 0.95) -> float:
    """One-sided exact upper limit of a rate after `k` hits in `n` tries (Clopper and Pearson 1934).

    The largest rate at which `k` or fewer hits still have probability 1 - `level`. With k = 0 it is close to 3 / n.
    1.0 where nothing was tried.
    """
    if n <= 0 or k >= n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if tail(k, n, middle) > 1 - level:
            low = middle
        else:
            high = middle
    return high


def reliability(judged: Iterable[tuple[float, bool]], edges: Sequence[float] = EDGES) -> list[Bin]:
    """(probability said, was right) sorted into bins."""
    held: list[list[tuple[float, bool]]] = [[] for _ in edges[1:]]
    for said, right in judged:
        held[_bin(said, edges)].append((said, right))
    return [
        Bin(low, high, len(rows), _mean(said for said, _ in rows), _mean(float(right) for _, right in rows))
        for low, high, rows in zip(edges, edges[1:], held, strict=False)
    ]


def _bin(said: float, edges: Sequence[float]) -> int:
    inside = [number for number, high in enumerate(edges[1:]) if said < high]
    return inside[0] if inside else len(edges) - 2


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return math.fsum(known) / len(known) if known else 0.0


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: mean distance of what was said from what was right, weighted by count."""
    total = sum(row.lines for row in bins)
    return math.fsum(row.lines * abs(row.said - row.right) for row in bins) / total if total else 0.0


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed. Raises ValueError on no values."""
    if not values:
        raise ValueError("no values, so no quantile")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
