"""The rows of the ablation table: the same visit with a sensor less, or with worse ones.

"Without" a sensor is a shop that never had it: its readings and its tables of store.toml are gone.
Must not: touch the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec
import numpy as np

from edge.config import Slot, StoreConfig
from edge.core import events
from edge.core.signals import PlateSamples
from tests.bench.carts.tape import Reading, Tape

Degrade: TypeAlias = Callable[[Tape], Tape]
DEAD_SHARE: Final = 0.1
SKEW_NS: Final = 300_000_000
LOST_SHARE: Final = 0.05
UNSKEWED: Final = (events.RunStarted, events.Tick, events.ChargeAnswered)  # the box's own


def without_cameras(tape: Tape) -> Tape:
    """No shelf cameras."""
    cameras = [row for row in tape.config.camera if row.role != "shelf"]
    shop = tape.config.model_copy(update={"camera": cameras, "slot": []})
    return _without(tape._replace(config=shop), events.ShelfChanged, events.ShelfReached)


def without_scales(tape: Tape) -> Tape:
    """No load cells. Slots that had their place from their plates keep it."""
    slots = [_placed(row, tape.config) for row in tape.config.slot]
    shop = tape.config.model_copy(update={"plate": [], "scale": [], "slot": slots})
    return _without(tape._replace(config=shop), PlateSamples, events.WeightStep, events.PlateSteady)


def _placed(slot: Slot, shop: StoreConfig) -> Slot:
    known = [row.position_mm for row in shop.plate if row.id in slot.plates and row.position_mm is not None]
    place = slot.position_mm
    if place is None and known:
        x, y, z = (round(sum(axis) / len(known)) for axis in zip(*known, strict=True))
        place = (x, y, z)
    return slot.model_copy(update={"plates": [], "position_mm": place})


def without_rfid(tape: Tape) -> Tape:
    """No reader and no tags."""
    products = [row.model_copy(update={"epc": None}) for row in tape.config.product]
    shop = tape.config.model_copy(update={"rfid_reader": [], "product": products})
    return _without(tape._replace(config=shop), events.TagRead)


def without_wrists(tape: Tape) -> Tape:
    """A tracker of bodies only."""

    def bodies(reading: Reading) -> Reading:
        if not isinstance(reading, events.TracksSeen):
            return reading
        people = tuple(msgspec.structs.replace(person, hands_mm=()) for person in reading.people)
        return msgspec.structs.replace(reading, people=people)

    return tape._replace(readings=[(due_ns, bodies(reading)) for due_ns, reading in tape.readings])


def dead_plates(tape: Tape) -> Tape:
    """Each plate is dead from the start with a chance of one in ten; at least one of the shop is."""
    rng = _rng(tape, "dead plates")
    plates = sorted(row.id for row in tape.config.plate)
    dead = {plate for plate in plates if rng.random() < DEAD_SHARE} or set(plates[:1])

    def silenced(reading: Reading) -> Reading:
        if not isinstance(reading, PlateSamples) or not dead & set(reading.plates):
            return reading
        grams = np.frombuffer(reading.grams, "<f4").reshape(-1, len(reading.plates)).copy()
        grams[:, [plate in dead for plate in reading.plates]] = np.nan
        return msgspec.structs.replace(reading, grams=grams.tobytes())

    return tape._replace(readings=[(due_ns, silenced(reading)) for due_ns, reading in tape.readings])


def skewed_clocks(tape: Tape) -> Tape:
    """Every device's clock is 300 ms ahead or behind, by a coin; what it says still arrives when it did."""
    rng = _rng(tape, "skewed clocks")
    names = sorted({reading.source for _, reading in tape.readings})
    off_ns = {name: int(rng.choice((-SKEW_NS, SKEW_NS))) for name in names}
    spans = ("began_ns", "ended_ns")

    def moved(reading: Reading) -> Reading:
        if isinstance(reading, UNSKEWED):
            return reading
        shift = off_ns[reading.source]
        times = {name: getattr(reading, name) + shift for name in spans if name in reading.__struct_fields__}
        return msgspec.structs.replace(reading, captured_ns=reading.captured_ns + shift, **times)

    rows = [(due_ns, moved(reading)) for due_ns, reading in tape.readings]
    began = [row for row in rows if row[1].captured_ns >= 0 or not isinstance(row[1], PlateSamples)]
    return tape._replace(readings=began)


def lost_events(tape: Tape) -> Tape:
    """One report of a sensor in twenty never arrives."""
    return tape._replace(lost_share=LOST_SHARE)


ROWS: Final[Mapping[str, Degrade]] = {
    "all sensors": lambda tape: tape,
    "without cameras": without_cameras,
    "without scales": without_scales,
    "without RFID": without_rfid,
    "without wrists": without_wrists,
    "one dead plate in ten": dead_plates,
    "300 ms clock skew": skewed_clocks,
    "5 % lost events": lost_events,
}


def _without(tape: Tape, *kinds: type[Reading]) -> Tape:
    return tape._replace(readings=[row for row in tape.readings if not isinstance(row[1], kinds)])


def _rng(tape: Tape, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([tape.seed, *name.encode()]))
