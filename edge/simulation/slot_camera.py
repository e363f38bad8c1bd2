"""Shelf cameras as slot watching reports them: a slot differs from before, once nobody hides it any more.

Misses 8 %, wrong sign 3 %, wrong neighbour 3 %; a foreign pack is harder; slots near a body flip and flip back.
Must not: see a slot that a body or an arm hides, or know who it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.core.events import ShelfChanged, ShelfReached
from edge.simulation.plan import Facing
from edge.simulation.scenario import Light
from edge.simulation.stage import Grid, Happened

NS = 1_000_000_000
Mask = NDArray[np.bool_]
Way = Literal["take", "put"]


@dataclass(frozen=True)
class SlotModel:
    """Chances and seconds."""

    missed: float = 0.08
    wrong_sign: float = 0.03
    wrong_slot: float = 0.03
    foreign_missed: float = 0.40
    foreign_called_take: float = 0.15
    count_right: float = 0.80
    named: float = 0.85
    named_wrong: float = 0.05
    flips: float = 0.03
    light_flips: float = 0.02
    confirm_s: tuple[float, float] = (1.0, 1.6)
    look_hz: float = 5.0
    beside_mm: float = 330.0
    before_mm: float = 900.0
    hand_mm: float = 320.0


def watch(
    happened: Happened, rng: np.random.Generator, model: SlotModel, light: Light | None
) -> list[ShelfChanged | ShelfReached]:
    """What the shelf cameras report, in no order."""
    times = np.arange(0.5, happened.length_s, 1 / model.look_hz)
    ways = _ways(happened, times)
    found: list[ShelfChanged | ShelfReached] = []
    for facing in happened.plan.facings:
        moves = [(m.at_s, m.pack, m.taker == facing.id) for m in happened.moves if facing.id in (m.giver, m.taker)]
        reached = any(reach.facing == facing.id for body in happened.bodies.values() for reach in body.reaches)
        if not (moves or reached):
            continue
        hidden = _hidden(facing, times, ways, model)
        for start, end in _spans(hidden):
            began, ended = float(times[start]) - 0.2, float(times[end]) + 0.2
            if rng.random() < 0.9:
                found.append(_reached(facing, began, ended))
            here = [(pack, put) for at_s, pack, put in moves if began <= at_s <= ended]
            if end < len(times) - 1:
                found += _seen(happened, facing, here, began, ended, rng, model)
                found += _flips(happened, facing, began, ended, rng, model.flips, model)
        open_moves = [(m, pack, put) for m, pack, put in moves if not _inside(m, times, hidden)]
        for at_s, pack, put in open_moves:  # a long arm: the slot was never quite hidden
            found += _seen(happened, facing, [(pack, put)], at_s - 0.3, at_s + 0.4, rng, model)
    if light is not None:
        for facing in happened.plan.facings:
            at_s = 1.5 + light.t + float(rng.uniform(0, 3))
            found += _flips(happened, facing, at_s, at_s + 0.5, rng, model.light_flips, model)
    return found


def _ways(happened: Happened, times: Grid) -> list[tuple[Mask, Grid, list[Grid]]]:
    """Of every body: is it inside, where, and its hands."""
    found = []
    for body in happened.bodies.values():
        inside = (times >= body.enters_s) & (times <= body.leaves_s)
        found.append((inside, body.places(times), [body.hands(hand, times) for hand in (0, 1)]))
    return found


def _hidden(facing: Facing, times: Grid, ways: list[tuple[Mask, Grid, list[Grid]]], model: SlotModel) -> Mask:
    """When a slot is covered by a body before it or an arm in it."""
    hidden = np.zeros(len(times), dtype=bool)
    x, y = facing.front()
    spot = np.array([x, y, facing.height_mm + 80])
    for inside, places, hands in ways:
        beside = np.abs(places[:, 0] - x) < model.beside_mm
        covers = beside & (np.abs(places[:, 1] - y) < model.before_mm)
        for hand in hands:
            covers |= np.linalg.norm(hand - spot, axis=1) < model.hand_mm
        hidden |= covers & inside
    return hidden


def _spans(hidden: Mask) -> list[tuple[int, int]]:
    """First and last look of each hidden span; gaps shorter than a confirmation are no sight."""
    rows = np.flatnonzero(hidden)
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows) > 6)
    starts, ends = [0, *(breaks + 1).tolist()], [*breaks.tolist(), len(rows) - 1]
    return [(int(rows[a]), int(rows[b])) for a, b in zip(starts, ends, strict=True)]


def _inside(at_s: float, times: Grid, hidden: Mask) -> bool:
    return any(times[a] - 0.2 <= at_s <= times[b] + 0.2 for a, b in _spans(hidden))


def _seen(
    happened: Happened,
    facing: Facing,
    moves: list[tuple[int, bool]],
    began: float,
    ended: float,
    rng: np.random.Generator,
    model: SlotModel,
) -> list[ShelfChanged]:
    """The net change of a slot over a span in which it was hidden; what came and went in it is not seen."""
    net: dict[str, int] = {}
    for pack, put in moves:
        sku = happened.packs[pack].sku
        net[sku] = net.get(sku, 0) + (1 if put else -1)
    found = []
    for sku, count in sorted(net.items()):
        foreign = sku != facing.sku
        if count == 0 or rng.random() < (model.foreign_missed if foreign else model.missed):
            continue
        way: Way = "put" if count > 0 else "take"
        if rng.random() < (model.foreign_called_take if foreign and way == "put" else model.wrong_sign):
            way = "take" if way == "put" else "put"
        slot = _neighbour(happened, facing, rng) if rng.random() < model.wrong_slot else facing
        quantity = abs(count) if rng.random() < model.count_right else 1
        found.append(
            _changed(happened, slot, way, quantity, _named(happened, sku, rng, model), began, ended, rng, model)
        )
    return found


def _flips(
    happened: Happened,
    facing: Facing,
    began: float,
    ended: float,
    rng: np.random.Generator,
    chance: float,
    model: SlotModel,
) -> list[ShelfChanged]:
    """A slot beside a body seems to change and, mostly, to change back."""
    if rng.random() >= chance:
        return []
    slot = _neighbour(happened, facing, rng)
    later = ended + float(rng.uniform(2, 6))
    found = [_changed(happened, slot, "take", 1, None, began, ended, rng, model)]
    if rng.random() < 0.75:
        found.append(_changed(happened, slot, "put", 1, None, ended + 1, later, rng, model))
    return found


def _named(happened: Happened, sku: str, rng: np.random.Generator, model: SlotModel) -> str | None:
    chance = float(rng.random())
    if chance < model.named_wrong:
        return str(rng.choice(sorted(happened.plan.products)))
    return sku if chance < model.named_wrong + model.named else None


def _neighbour(happened: Happened, facing: Facing, rng: np.random.Generator) -> Facing:
    row = [one for one in happened.plan.facings if one.gondola is facing.gondola and one.shelf == facing.shelf]
    place = row.index(facing)
    near = [row[index] for index in (place - 1, place + 1) if 0 <= index < len(row)]
    return near[int(rng.integers(len(near)))] if near else facing


def _changed(
    happened: Happened,
    slot: Facing,
    way: Way,
    quantity: int,
    sku: str | None,
    began: float,
    ended: float,
    rng: np.random.Generator,
    model: SlotModel,
) -> ShelfChanged:
    camera = f"cam-{slot.gondola.id}"
    return ShelfChanged(
        captured_ns=round((ended + float(rng.uniform(*model.confirm_s))) * NS),
        source=camera,
        camera=camera,
        slot=slot.id,
        change=way,
        began_ns=round(began * NS),
        ended_ns=round(ended * NS),
        quantity=quantity,
        confidence_ppm=round(float(rng.uniform(0.6, 0.97)) * 1_000_000),
        sku=sku,
    )


def _reached(facing: Facing, began: float, ended: float) -> ShelfReached:
    camera = f"cam-{facing.gondola.id}"
    return ShelfReached(
        captured_ns=round(ended * NS),
        source=camera,
        camera=camera,
        slot=facing.id,
        began_ns=round(began * NS),
        ended_ns=round(ended * NS),
    )
