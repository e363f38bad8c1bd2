"""One played visit beside its truth: the row of the tables, each line judged, and what went wrong in words.

Must not: play, or print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from edge.score import charged, match, score_case
from edge.truth import Truth


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A line: the confidence on it, whether it is right, and whether it was charged."""

    confidence: float
    right: bool
    charged: bool


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One visit of one scenario, judged. `who` is "muin" or "baseline", `how` a row of the ablation table.

    `digest` is the hash of all orders, `delays_s` how late after the settle time each bill was final. `failure` says
    why a run gave no bills at all.
    """

    scenario: str
    class_name: str
    inseparable: bool = False
    seed: int = 0
    how: str = "all sensors"
    who: str = "muin"
    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0
    exact: bool = False
    overcharged_items: int = 0
    review_lines: int = 0
    lines: int = 0
    owed_items: int = 0
    right_items: int = 0
    charged_items: int = 0
    judged: tuple[Judged, ...] = ()
    delays_s: tuple[float, ...] = ()
    late: int = 0
    digest: str = ""
    cpu_s: float = 0.0
    notes: tuple[str, ...] = ()
    failure: str = ""


def scored(truth: Truth, receipts: Mapping[str, Any], end_s: float) -> dict[str, Any]:
    """The fields of a Row that follow from truth and bills."""
    case = score_case("", truth, receipts, end_s)
    visits = receipts["visits"]
    pairs = match(truth.visits, visits, end_s)
    bills, owed = [charged(visit) for visit in visits], [Counter(visit.items) for visit in truth.visits]
    return {
        **{name: case[name] for name in ("precision", "recall", "f1", "exact", "overcharged_items", "review_lines")},
        "lines": sum(len(visit["lines"]) for visit in visits),
        "owed_items": sum(items.total() for items in owed),
        "right_items": sum((owed[row] & bills[column]).total() for row, column in pairs),
        "charged_items": sum(bill.total() for bill in bills),
        "judged": judge(truth, visits, pairs),
        "notes": tuple(explain(truth, visits, pairs)),
    }


def judge(truth: Truth, visits: Sequence[Mapping[str, Any]], pairs: Sequence[tuple[int, int]]) -> tuple[Judged, ...]:
    """Every line, right if its person took at least so many pieces of its product.

    Two lines of one product share its pieces: the charged one is served first, then the more confident one.
    """
    taken = {column: Counter(truth.visits[row].items) for row, column in pairs}
    found = []
    for column, visit in enumerate(visits):
        left = taken.get(column, Counter())
        for line in sorted(visit["lines"], key=lambda line: (line["status"] != "charged", -line["confidence"])):
            right = line["quantity"] <= left[line["sku"]]
            if right:
                left[line["sku"]] -= line["quantity"]
            is_charged = line["status"] == "charged"
            found.append(Judged(confidence=line["confidence"], right=right, charged=is_charged))
    return tuple(found)


def explain(truth: Truth, visits: Sequence[Mapping[str, Any]], pairs: Sequence[tuple[int, int]]) -> list[str]:
    """What is not as it should be, one sentence a visit; empty where all is exact."""
    found = []
    partner = dict(pairs)
    for row, known in enumerate(truth.visits):
        visit = visits[partner[row]] if row in partner else None
        found += _difference(known.visit, Counter(known.items), visit)
    for column in sorted(set(range(len(visits))) - set(partner.values())):
        found += _difference(f"nobody ({visits[column]['id']})", Counter(), visits[column])
    return found


def _difference(name: str, owed: Counter[str], visit: Mapping[str, Any] | None) -> list[str]:
    bill = charged(visit) if visit is not None else Counter[str]()
    review = [
        f"{line['sku']} x{line['quantity']} at {line['confidence']:.3f}"
        for line in (visit["lines"] if visit is not None else ())
        if line["status"] == "review"
    ]
    if bill == owed and not review:
        return []
    parts = [f"owes {_items(owed)}", f"is charged {_items(bill)}"]
    parts += [f"in review {', '.join(review)}"] if review else []
    parts += ["no visit"] if visit is None else []
    return [f"{name}: {'; '.join(parts)}"]


def _items(items: Counter[str]) -> str:
    return ", ".join(f"{sku} x{count}" for sku, count in sorted(items.items()) if count) or "nothing"
