"""What goes wrong between a sensor and the box: dead plates, black cameras, readers gone, messages late or lost.

Must not: change what happened; the truth stays what it is.
"""

from __future__ import annotations

from typing import TypeAlias, cast

import msgspec
import numpy as np

from edge.core.events import (
    CredentialShown,
    Event,
    HealthChanged,
    RunStarted,
    ShelfChanged,
    ShelfReached,
    TagRead,
    TracksSeen,
)
from edge.core.signals import PlateSamples
from edge.simulation.plan import Plan
from edge.simulation.scenario import Fault, Scenario

NS = 1_000_000_000
Item: TypeAlias = Event | PlateSamples
Timed: TypeAlias = tuple[int, Item]  # due_ns, item
ORIGIN_S = 1.5
KINDS: dict[str, tuple[type, ...]] = {
    "plates": (PlateSamples,),
    "tracker": (TracksSeen,),
    "cameras": (ShelfChanged, ShelfReached),
    "rfid": (TagRead,),
    "gate": (CredentialShown,),
}


def spoil(readings: list[Timed], scenario: Scenario, plan: Plan, run_id: str, rng: np.random.Generator) -> list[Timed]:
    """The readings after all faults of the scenario, in no order."""
    for fault in scenario.faults:
        readings = _one(readings, fault, plan, run_id, rng)
    return readings


def _one(readings: list[Timed], fault: Fault, plan: Plan, run_id: str, rng: np.random.Generator) -> list[Timed]:
    if fault.kind == "power":
        return _power_cut(readings, fault, run_id)
    if fault.device == "plates" and fault.kind in ("dead", "stuck"):
        return _dead_plates(readings, fault, plan, rng)
    if fault.kind in ("black", "gone", "dead"):
        return _silent(readings, fault, plan)
    return [found for timed in readings for found in _message(timed, fault, rng)]


def _hit(item: Item, fault: Fault) -> bool:
    if isinstance(item, HealthChanged | RunStarted):
        return False
    if fault.device != "all" and not isinstance(item, KINDS.get(fault.device, ())):
        return False
    at_s = item.captured_ns / NS - ORIGIN_S
    return (fault.t == 0 or fault.t <= at_s) and (fault.until is None or at_s < fault.until)


def _message(timed: Timed, fault: Fault, rng: np.random.Generator) -> list[Timed]:
    """Late, reordered, duplicated, lost: of each message that is hit, `share` of the time."""
    due, item = timed
    if not _hit(item, fault) or (isinstance(item, PlateSamples) and fault.kind in ("late", "reordered")):
        return [timed]
    if fault.kind == "skew":
        return [(due, msgspec.structs.replace(item, captured_ns=max(0, item.captured_ns + round(fault.ms * 1e6))))]
    if rng.random() >= fault.share:
        return [timed]
    if fault.kind == "lost":
        return []
    if fault.kind == "late":
        return [(due + round(fault.ms * 1e6), item)]
    if fault.kind == "reordered":
        return [(due + round(float(rng.uniform(0, fault.ms)) * 1e6), item)]
    return [timed, (due + round(float(rng.uniform(0, fault.ms)) * 1e6), item)]


def _dead_plates(readings: list[Timed], fault: Fault, plan: Plan, rng: np.random.Generator) -> list[Timed]:
    """Columns without a value (dead) or with the same value for ever (stuck; nobody can know)."""
    names = sorted({name for _, item in readings if isinstance(item, PlateSamples) for name in item.plates})
    if fault.thing is not None:
        hit = set(plan.at(fault.thing).plates)
    else:
        hit = {name for name in names if rng.random() < fault.share}
    found: list[Timed] = []
    frozen: dict[str, float] = {}
    for due, item in readings:
        if isinstance(item, PlateSamples) and _hit(item, fault):
            grams = np.frombuffer(item.grams, "<f4").reshape(-1, len(item.plates)).copy()
            for column in [number for number, name in enumerate(item.plates) if name in hit]:
                value = frozen.setdefault(item.plates[column], float(grams[0, column]))
                grams[:, column] = np.nan if fault.kind == "dead" else value
            item = msgspec.structs.replace(item, grams=grams.tobytes())
        found.append((due, item))
    return found


def _silent(readings: list[Timed], fault: Fault, plan: Plan) -> list[Timed]:
    """A device that says nothing; the box notices after a second or two."""
    cameras = [f"cam-{gondola.id}" for gondola in plan.gondolas]
    scales = [f"scale-{gondola.id}" for gondola in plan.gondolas]
    named = {"cameras": cameras, "plates": scales, "tracker": ["tracker"], "rfid": ["portal"], "gate": ["gatecam"]}
    devices = named.get(fault.device, [])
    kept = [(due, item) for due, item in readings if not _hit(item, fault)]
    from_ns = round((fault.t + ORIGIN_S) * NS)
    state = "degraded" if fault.kind == "black" else "lost"
    for device in devices:
        kept.append(_health(from_ns + 1_500_000_000, device, state, fault.kind))
        if fault.until is not None:
            kept.append(_health(round((fault.until + ORIGIN_S + 0.8) * NS), device, "ok", ""))
    return kept


def _health(at_ns: int, device: str, state: str, detail: str) -> Timed:
    fields = {"captured_ns": at_ns, "source": device, "device": device, "state": state, "detail": detail}
    return at_ns, msgspec.convert(fields, HealthChanged)


def _power_cut(readings: list[Timed], fault: Fault, run_id: str) -> list[Timed]:
    """The box is down: nothing of that time was seen by anybody, and the run is resumed."""
    down_ns = round((fault.t + ORIGIN_S) * NS)
    up_ns = round(((fault.until if fault.until is not None else fault.t + 8) + ORIGIN_S) * NS)
    kept = [(due, item) for due, item in readings if due < down_ns or item.captured_ns >= up_ns]
    start = RunStarted(captured_ns=up_ns, source="simulation", run_id=run_id, resumed=True, down_from_ns=down_ns)
    return [*kept, (up_ns, cast(Item, start))]
