"""The tables of the cart benchmark as text. Must not: play, judge, or print.

Figures of a scenario are means over its visits (as `score` does); a class likewise. Scenarios whose truth no sensor of
theirs can separate stand apart: they have to end in review, so they count neither in the means nor in the review rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tests.bench.carts.bounds import calibration_error, quantile, reliability, upper_bound
from tests.bench.carts.judge import Row

PER: Final = 10_000  # lines
CONTEST: Final = "contest"  # classes after the hard cases of the 2020 AutoCheckout contest
HEAD: Final = "    P     R    F1  exact  over  review"


def by_scenario(rows: Sequence[Row]) -> list[str]:
    """One line a scenario, one a class, then totals; ours beside the baseline's."""
    rows = [row for row in rows if row.how == "all sensors"]
    lines = [f"{'scenario':34}{'visits':>7}{HEAD}   |{HEAD[:-8]}  (baseline)"]
    lines += _grouped(rows, lambda row: f"{row.scenario}{' *' if row.inseparable else ''}")
    lines += ["", f"{'class':34}{'visits':>7}{HEAD}   |{HEAD[:-8]}"]
    lines += _grouped([row for row in rows if not row.inseparable], lambda row: row.class_name)
    return [*lines, "", *totals(rows)]


def _grouped(rows: Iterable[Row], name: Callable[[Row], str]) -> list[str]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(name(row), []).append(row)
    return [_line(key, groups[key]) for key in groups]


def _line(name: str, rows: Sequence[Row]) -> str:
    ours, peer = [row for row in rows if row.who == "muin"], [row for row in rows if row.who == "baseline"]
    return f"{name[:34]:34}{len(ours):>7}{_figures(ours)}{_review(ours):>7.1%}   |{_figures(peer)}"


def _figures(rows: Sequence[Row]) -> str:
    if not rows:
        return " " * (len(HEAD) - 8)
    means = [_mean(float(getattr(row, name)) for row in rows) for name in ("precision", "recall", "f1", "exact")]
    over = sum(row.overcharged_items for row in rows)
    return "".join(f"{mean:6.3f}" for mean in means[:3]) + f"{means[3]:7.1%}{over:6d}"


def totals(rows: Sequence[Row]) -> list[str]:
    """What the targets speak of."""
    found = []
    for who in ("muin", "baseline"):
        mine = [row for row in rows if row.who == who and not row.inseparable]
        if not mine:
            continue
        classes = {row.class_name for row in mine}
        worst = min(classes, key=lambda name: (_f1(mine, name), name))
        contest = [row for row in mine if row.class_name.startswith(CONTEST)]
        found += [
            f"{who}: {len(mine)} visits, mean F1 {_mean(row.f1 for row in mine):.4f}, "
            f"exact {_mean(row.exact for row in mine):.1%}, worst class {worst} {_f1(mine, worst):.3f}, "
            f"overcharged {sum(row.overcharged_items for row in mine)} items, review {_review(mine):.2%} of lines"
        ]
        found += [f"  the contest's cases: mean F1 {_mean(row.f1 for row in contest):.4f}"] if contest else []
    return found + _apart(rows) + _promptness(rows) + _failures(rows)


def _f1(rows: Iterable[Row], class_name: str) -> float:
    return _mean(row.f1 for row in rows if row.class_name == class_name)


def _apart(rows: Iterable[Row]) -> list[str]:
    apart = [row for row in rows if row.who == "muin" and row.inseparable]
    if not apart:
        return []
    reviewed = _mean(row.review_lines > 0 for row in apart)
    over = sum(row.overcharged_items for row in apart)
    return [f"* inseparable: {len(apart)} visits, {reviewed:.1%} end in review, overcharged {over} items"]


def _promptness(rows: Iterable[Row]) -> list[str]:
    delays = [delay for row in rows for delay in row.delays_s]
    if not delays:
        return []
    half, most = quantile(delays, 0.5), quantile(delays, 0.99)
    return [f"bill final after gone_after + settle: median {half:.2f} s, p99 {most:.2f} s of {len(delays)} bills"]


def _failures(rows: Iterable[Row]) -> list[str]:
    return [f"FAILED {row.scenario} seed {row.seed} ({row.how}): {row.failure}" for row in rows if row.failure]


def ablation(rows: Sequence[Row]) -> list[str]:
    """One line a row of the ablation table, over separable scenarios, with an exact bound on overcharging."""
    lines = [f"{'':24}{'visits':>7}{'lines':>7}{HEAD}   over per {PER:,} lines (95 % upper bound)"]
    for how in dict.fromkeys(row.how for row in rows):
        mine = [row for row in rows if row.how == how and row.who == "muin" and not row.inseparable]
        count, over = sum(row.lines for row in mine), sum(row.overcharged_items for row in mine)
        lines.append(
            f"{how:24}{len(mine):>7}{count:>7}{_figures(mine)}{_review(mine):>7.1%}   "
            f"{PER * over / max(1, count):.2f} ({PER * upper_bound(over, count):.2f})"
        )
    return lines


def calibration(rows: Sequence[Row]) -> list[str]:
    """How often lines of a confidence are right: all lines, and those that were charged."""
    judged = [line for row in rows if row.who == "muin" for line in row.judged]
    found = []
    for name, lines in (("all lines", judged), ("charged lines", [line for line in judged if line.charged])):
        bins = reliability((line.confidence, line.right) for line in lines)
        found.append(f"{name}: {len(lines)}, expected calibration error {calibration_error(bins):.4f}")
        found.append("  confidence        lines   said   right   wrong")
        for row in bins:
            if row.lines:
                wrong = round(row.lines * (1 - row.right))
                said, right = f"{row.said:8.4f}", f"{row.right:8.4f}"
                found.append(f"  {row.low:.3f} to {row.high:.3f}{row.lines:>9}{said}{right}{wrong:>6}")
    return found


def overcharging(rows: Sequence[Row]) -> list[str]:
    """The long run: lines, overcharged items and the bound, of all visits and of those that sensors can tell."""
    mine = [row for row in rows if row.who == "muin"]
    found = []
    for name, part in (("all", mine), ("separable", [row for row in mine if not row.inseparable])):
        count, over = sum(row.lines for row in part), sum(row.overcharged_items for row in part)
        bound = PER * upper_bound(over, count)
        said = f"{count} lines of {len(part)} visits: {over} items overcharged; 95 % upper bound {bound:.2f} in {PER:,}"
        found.append(f"{name}: {said}")
    return found + [
        f"  {row.scenario} seed {row.seed}: {note}" for row in mine if row.overcharged_items for note in row.notes
    ]


def inexact(rows: Iterable[Row]) -> list[str]:
    """What was not exact, in words."""
    return [f"{row.scenario} seed {row.seed} {row.who} ({row.how}): {note}" for row in rows for note in row.notes]


def _review(rows: Sequence[Row]) -> float:
    lines = sum(row.lines for row in rows)
    return sum(row.review_lines for row in rows) / lines if lines else 0.0


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else 0.0
