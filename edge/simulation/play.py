"""`simulate(scenario, seed)`: a shop, what happened in it, what its sensors said about it, and the truth.

The same scenario and seed give the same bytes everywhere. Must not: run the core, or make events that a sense of
the box makes out of raw streams (plate samples stay samples).
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import msgspec
import numpy as np

from edge.core.events import Event, RunStarted
from edge.core.signals import PlateSamples
from edge.simulation.acting import play
from edge.simulation.faults import Item, Timed, spoil
from edge.simulation.gate_events import gate_events
from edge.simulation.load_cells import CellModel, blocks, weigh
from edge.simulation.plan import Plan, draw_plan
from edge.simulation.scenario import Scenario
from edge.simulation.slot_camera import SlotModel, watch
from edge.simulation.stage import Happened
from edge.simulation.store_config import config_text
from edge.simulation.tag_portal import PortalModel, read_tags
from edge.simulation.tracking import TrackModel, track
from edge.simulation.visit_truth import truth_of

__all__ = ["Reading", "Simulated", "chance", "clock_offset_ns", "simulate"]

NS = 1_000_000_000


class Reading(NamedTuple):
    """What a sensor said, and when the box gets it (for samples: with the last one of the block)."""

    due_ns: int
    item: Event | PlateSamples


class Simulated(NamedTuple):
    """One simulated visit (of one or more people). `readings` are in order of `due_ns`; `truth` is our truth.json."""

    config_text: str
    readings: list[Reading]
    truth: dict[str, Any]
    class_name: str
    inseparable: str | None
    happened: Happened

    @property
    def plan(self) -> Plan:
        """The shop."""
        return self.happened.plan


def simulate(scenario: Scenario, seed: int) -> Simulated:
    """Play a scenario. Raises BadInput where no shop of this seed can fulfil it."""
    plan = draw_plan(scenario, chance(scenario, seed, "plan"))
    happened = play(scenario, plan, chance(scenario, seed, "people"))
    timed: list[Timed] = []
    for device, items in _device_streams(scenario, happened, seed):
        timed += _through_clock(items, scenario, chance(scenario, seed, f"clock {device}"))
    frames = track(happened, chance(scenario, seed, "tracker"), TrackModel(), "hands" in scenario.sensors)
    if "tracks" in scenario.sensors:
        offset = clock_offset_ns(scenario, chance(scenario, seed, "clock tracker"))
        timed += [(frame.captured_ns + round(late * NS), _shifted(frame, offset)) for frame, late in frames.frames]
    run_id = f"simulated-{scenario.name}-{seed}"
    timed = spoil(timed, scenario, plan, run_id, chance(scenario, seed, "faults"))
    timed.append((0, RunStarted(captured_ns=0, source="simulation", run_id=run_id)))
    return Simulated(
        config_text=config_text(scenario, plan),
        readings=[Reading(due, item) for due, item in sorted(timed, key=_order)],
        truth=truth_of(scenario, happened, frames.names),
        class_name=scenario.class_name,
        inseparable=scenario.inseparable,
        happened=happened,
    )


def chance(scenario: Scenario, seed: int, purpose: str) -> np.random.Generator:
    """A stream of chance of its own for each purpose, so that one sensor's model does not change another's noise."""
    return np.random.Generator(
        np.random.PCG64([seed, zlib.crc32(scenario.name.encode()), zlib.crc32(purpose.encode())])
    )


def _device_streams(scenario: Scenario, happened: Happened, seed: int) -> list[tuple[str, list[Item]]]:
    """All devices but the tracker."""
    found: list[tuple[str, list[Item]]] = []
    if "plates" in scenario.sensors:
        for gondola in happened.plan.gondolas:
            rng = chance(scenario, seed, f"plates {gondola.id}")
            model = CellModel()
            found.append((gondola.id, list(blocks(weigh(happened, gondola, rng, model), rng, model))))
    if "cameras" in scenario.sensors:
        rng = chance(scenario, seed, "cameras")
        found.append(("cameras", list(watch(happened, rng, SlotModel(), scenario.light))))
    if "rfid" in scenario.sensors:
        found.append(("rfid", list(read_tags(happened, chance(scenario, seed, "rfid"), PortalModel()))))
    if "gate" in scenario.sensors:
        found.append(("gate", list(gate_events(scenario, happened, chance(scenario, seed, "gate")))))
    return found


def clock_offset_ns(scenario: Scenario, rng: np.random.Generator) -> int:
    """How wrong the clock of a device is."""
    return round(float(rng.uniform(-scenario.skew_ms, scenario.skew_ms)) * 1e6)


def _through_clock(items: list[Item], scenario: Scenario, rng: np.random.Generator) -> list[Timed]:
    """A device's clock is wrong by a constant; its messages take 5 to 50 ms."""
    offset = clock_offset_ns(scenario, rng)
    return [(_complete_ns(item) + round(float(rng.uniform(5, 50)) * 1e6), _shifted(item, offset)) for item in items]


def _complete_ns(item: Item) -> int:
    if not isinstance(item, PlateSamples):
        return item.captured_ns
    rows = len(item.grams) // (4 * len(item.plates))
    return item.captured_ns + round((rows - 1) * NS / item.rate_hz)


def _shifted(item: Item, offset_ns: int) -> Item:
    """The item with the clock of its device."""
    changes = {"captured_ns": max(1, item.captured_ns + offset_ns)}
    for name in ("began_ns", "ended_ns"):
        if hasattr(item, name):
            changes[name] = max(0, getattr(item, name) + offset_ns)
    return msgspec.structs.replace(item, **changes)


def _order(timed: Timed) -> tuple[int, str, str, int]:
    due, item = timed
    return due, type(item).__name__, item.source, item.captured_ns
