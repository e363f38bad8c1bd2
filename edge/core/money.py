"""Sums of minor units. Must not: see a float or a second currency."""

from __future__ import annotations

from collections.abc import Iterable

from edge.core.commands import Line


def amount_minor(lines: Iterable[Line]) -> int:
    """What is charged: the priced lines with status "charged"."""
    return sum(line.quantity * line.unit_minor for line in lines if line.status == "charged" and line.unit_minor)


def total_minor(lines: Iterable[Line]) -> int | None:
    """The amount for a receipt, or None where a charged line has no price (charged in kind)."""
    charged = [line for line in lines if line.status == "charged"]
    if any(line.unit_minor is None for line in charged):
        return None
    return amount_minor(charged)
