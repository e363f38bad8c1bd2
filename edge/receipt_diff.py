"""Shows people how two outcomes differ: which visit, which line, what changed. Must not: judge which is right."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from edge.core.commands import Command
from edge.core.receipts import receipts


def as_lines(document: Mapping[str, Any]) -> list[str]:
    """Receipts as text, one fact a line, each with the visit it belongs to."""
    found = []
    for visit in document["visits"]:
        name = f"visit {visit['id']}"
        left = "open" if visit["left_s"] is None else f"{visit['left_s']:.3f} s"
        tracks = ", ".join(visit["tracks"]) or "none"
        found.append(f"{name}: shopper {visit['shopper'] or 'unknown'}, tracks {tracks}")
        found.append(f"{name}: from {visit['entered_s']:.3f} s to {left}")
        found += [f"{name}: {_line(line)}" for line in visit["lines"]]
        total = "no price" if visit["total_minor"] is None else visit["total_minor"]
        found.append(f"{name}: {visit['outcome']}, total {total}")
    found += [f"alarm at {row['t_s']:.3f} s: {row['kind']}, {row['detail']}" for row in document["alarms"]]
    return found


def _line(line: Mapping[str, Any]) -> str:
    price = "no price" if line["unit_minor"] is None else f"at {line['unit_minor']}"
    return f"{line['quantity']} x {line['sku']} {price}, {line['status']}, confidence {line['confidence']:.6f}"


def diff(recorded: Sequence[Command], replayed: Sequence[Command], start_ns: int) -> list[str]:
    """A unified diff of the receipts; where those are alike, the first command that differs. Empty = nothing does."""
    before, after = as_lines(receipts(recorded, start_ns)), as_lines(receipts(replayed, start_ns))
    found = list(difflib.unified_diff(before, after, "recorded", "replayed", n=1, lineterm=""))
    return found or _first_command(recorded, replayed)


def _first_command(recorded: Sequence[Command], replayed: Sequence[Command]) -> list[str]:
    for number in range(max(len(recorded), len(replayed))):
        before = _text(recorded, number)
        after = _text(replayed, number)
        if before != after:
            head = f"the receipts are alike, but command {number + 1} differs:"
            return [head, *(f"{sign}{text}" for sign, text in (("-", before), ("+", after)) if text)]
    return []


def _text(commands: Sequence[Command], number: int) -> str:
    return msgspec.json.encode(commands[number]).decode() if number < len(commands) else ""
