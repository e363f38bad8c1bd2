"""What people call the outcome of a run: visits with their lines, and alarms. The form of `replay --json`.

Must not: decide anything; it only rewrites orders. Floats appear here and nowhere before: this is the edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge.core.commands import CloseVisit, Command, Line, RaiseAlarm

NS_PER_MS = 1_000_000


def receipts(commands: Iterable[Command], start_ns: int) -> dict[str, Any]:
    """One JSON-able document. Times are seconds since `start_ns`, to the millisecond; order is by time, then id."""
    visits: list[tuple[int, str, dict[str, Any]]] = []
    alarms: list[dict[str, Any]] = []
    for command in commands:
        if isinstance(command, CloseVisit):
            visits.append((command.entered_ns, command.visit, _visit(command, start_ns)))
        elif isinstance(command, RaiseAlarm):
            place = f"{command.place}: " if command.place else ""
            at_s = seconds(command.issued_ns, start_ns)
            alarms.append({"kind": command.alarm, "t_s": at_s, "detail": f"{place}{command.detail}".removesuffix(": ")})
    alarms.sort(key=lambda row: (row["t_s"], row["kind"], row["detail"]))
    return {"visits": [row for _, _, row in sorted(visits, key=lambda item: item[:2])], "alarms": alarms}


def seconds(at_ns: int, start_ns: int) -> float:
    """Seconds since the start, rounded half up to the millisecond in integers, so that it is the same everywhere."""
    return (at_ns - start_ns + NS_PER_MS // 2) // NS_PER_MS / 1000


def _visit(command: CloseVisit, start_ns: int) -> dict[str, Any]:
    return {
        "id": command.visit,
        "shopper": command.shopper,
        "tracks": list(command.tracks),
        "entered_s": seconds(command.entered_ns, start_ns),
        "left_s": None if command.left_ns is None else seconds(command.left_ns, start_ns),
        "outcome": command.outcome,
        "lines": [_line(line) for line in command.lines],
        "total_minor": command.total_minor,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "quantity": line.quantity,
        "unit_minor": line.unit_minor,
        "confidence": line.confidence_ppm / 1_000_000,
        "status": line.status,
    }
