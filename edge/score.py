"""Compares replayed receipts with the truth: counts of right, false and missed items, pooled over a recording.

Must not: replay anything, or read a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from edge.matching import best_pairs
from edge.truth import Truth, Visit

Row = Mapping[str, Any]


def score_case(name: str, truth: Truth, receipts: Mapping[str, Any], end_s: float) -> dict[str, Any]:
    """One row of `score --json`. `receipts` as in `replay --json`; `end_s` is the end of the recording.

    An item is right only if product and person are right. A line in review is not charged: a miss, never an
    overcharge. Precision is 1 where nothing was charged, recall is 1 where nothing was owed.
    """
    visits: Sequence[Row] = receipts["visits"]
    pairs = match(truth.visits, visits, end_s)
    bills = [charged(visit) for visit in visits]
    owed = [Counter(visit.items) for visit in truth.visits]
    right = sum((owed[row] & bills[column]).total() for row, column in pairs)
    matched = {column: owed[row] for row, column in pairs}
    over = sum((bill - matched.get(column, Counter())).total() for column, bill in enumerate(bills))
    charged_items, owed_items = sum(bill.total() for bill in bills), sum(items.total() for items in owed)
    precision = right / charged_items if charged_items else 1.0
    recall = right / owed_items if owed_items else 1.0
    review = sum(line["status"] == "review" for visit in visits for line in visit["lines"])
    return {
        "case": name,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "exact": right == charged_items == owed_items and review == 0,
        "overcharged_items": over,
        "review_lines": review,
    }


def summary(cases: Sequence[dict[str, Any]], lines: int) -> dict[str, Any]:
    """The document of `score --json` over at least one case; `lines` is the number of all lines of all receipts."""
    return {
        "cases": list(cases),
        "mean_f1": sum(case["f1"] for case in cases) / len(cases),
        "exact_rate": sum(case["exact"] for case in cases) / len(cases),
        "overcharged_items": sum(case["overcharged_items"] for case in cases),
        "review_rate": sum(case["review_lines"] for case in cases) / lines if lines else 0.0,
    }


def charged(visit: Row) -> Counter[str]:
    """Pieces on the bill of one replayed visit."""
    found: Counter[str] = Counter()
    for line in visit["lines"]:
        if line["status"] == "charged":
            found[line["sku"]] += line["quantity"]
    return found


def match(truth: Sequence[Visit], visits: Sequence[Row], end_s: float) -> list[tuple[int, int]]:
    """Pairs (truth, replayed) one to one: most shared tracks where the truth names tracks, else longest overlap.

    Overlap also settles a tie between pairs that share equally many tracks.
    """
    overlaps = {
        (row, column): _overlap_us(known, visit, end_s)
        for row, known in enumerate(truth)
        for column, visit in enumerate(visits)
    }
    one_track = 1 + sum(overlaps.values())
    weights = {}
    for (row, column), overlap in overlaps.items():
        shared = len(set(truth[row].tracks) & set(visits[column]["tracks"]))
        if shared:
            weights[row, column] = shared * one_track + overlap
        elif not truth[row].tracks:
            weights[row, column] = overlap
    return best_pairs(weights)


def _overlap_us(known: Visit, visit: Row, end_s: float) -> int:
    left_s = end_s if known.left_s is None else known.left_s
    gone_s: float = end_s if visit["left_s"] is None else visit["left_s"]
    came_s: float = max(known.entered_s, visit["entered_s"])
    return max(0, round((min(left_s, gone_s) - came_s) * 1_000_000))
