"""Plate data and tracker frames of a case -> PlateSamples and TracksSeen, in order of the time of measuring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from edge.core.events import Person, PointMm, TracksSeen
from edge.core.signals import PlateSamples
from edge.nanostore.forms import Joint, PlateLine, Target, TargetsLine, Values
from edge.nanostore.lines import Line, rows
from edge.nanostore.shop import Key, plate_name

NUMBERS = {"DATATYPE_FLOAT32": "<f4", "DATATYPE_FLOAT64": "<f8"}
SLOWEST_HZ, FASTEST_HZ = 0.1, 10_000
MM_PER_INCH = 25.4
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_CASE = timedelta(days=1)
INVALID = "INVALID"  # in the state of a target that the tracker itself does not trust
TRACKER = "tracker"
SHOPPER = "shopper"
STAND_IN_EVERY_NS = 500_000_000


class Block(NamedTuple):
    """Samples of a gondola, float32 [samples, shelves, plates], NaN where there is no plate."""

    at: datetime
    line: Line
    gondola: int
    rate_hz: float
    grams: NDArray[np.float32]


class Frame(NamedTuple):
    """A tracker frame."""

    at: datetime
    line: Line
    people: tuple[Person, ...]


def read_blocks(path: Path) -> list[Block]:
    """All blocks of plate_data. Raises BadInput with file and line."""
    blocks: list[Block] = []
    shapes: dict[int, tuple[int, ...]] = {}
    for line, row in rows(path, PlateLine):
        data = row.document.plate_data
        gondola = data.plate_id.shelf_id.gondola_id.id
        grams = _grams(line, data.values)
        if shapes.setdefault(gondola, grams.shape[1:]) != grams.shape[1:]:
            raise BadInput(str(line), f"gondola {gondola} has another shape than in the lines before")
        if not SLOWEST_HZ <= data.freq_samp <= FASTEST_HZ:
            raise BadInput(str(line), f"freq_samp is {data.freq_samp}; it must be a rate in Hz")
        blocks.append(Block(_utc(line, row.document.header.t_origin), line, gondola, data.freq_samp, grams))
    return blocks


def _grams(line: Line, values: Values) -> NDArray[np.float32]:
    form = NUMBERS.get(values.type)
    if form is None:
        raise BadInput(str(line), f"type is {values.type!r}; known are {', '.join(NUMBERS)}")
    samples, shelves, plates = values.shape
    need = samples * shelves * plates * np.dtype(form).itemsize
    if min(values.shape) < 1 or len(values.data) != need:
        raise BadInput(str(line), f"{len(values.data)} bytes of data do not fill the shape {list(values.shape)}")
    with np.errstate(over="ignore"):  # a double too large for a float becomes infinite: no weight, as NaN
        return np.frombuffer(values.data, form).reshape(values.shape).astype("<f4")


def read_frames(path: Path) -> list[Frame]:
    """All frames of full_targets, those without people too. Raises BadInput with file and line."""
    found = rows(path, TargetsLine)
    return [
        Frame(_utc(line, row.document.header.t_origin), line, _people(row.document.targets.targets))
        for line, row in found
    ]


def _people(targets: list[Target]) -> tuple[Person, ...]:
    people: dict[str, Person] = {}
    for target in targets:
        if target.target_id is not None and INVALID not in target.target_state:
            person = _person(str(target.target_id.id), target)
            people.setdefault(person.track, person)
    return tuple(people.values())


def _person(track: str, target: Target) -> Person:
    body = target.head or target.neck or target.l_shoulder or target.r_shoulder
    hands = target.hands or [wrist for wrist in (target.l_wrist, target.r_wrist) if wrist is not None]
    return Person(
        track=track,
        place_mm=_mm(body)[:2] if body else None,
        head_mm=_mm(target.head) if target.head else None,
        hands_mm=tuple(_mm(hand) for hand in hands),
    )


def _mm(joint: Joint) -> PointMm:
    point = joint.point
    return round(point.x * MM_PER_INCH), round(point.y * MM_PER_INCH), round(point.z * MM_PER_INCH)


def _utc(line: Line, at: datetime) -> datetime:
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise BadInput(str(line), f"t_origin {at.isoformat()} is no time that can have been") from None


def unix_ns(at: datetime) -> int:
    """Unix time in ns, exact to the microsecond."""
    return (at - EPOCH) // timedelta(microseconds=1) * 1000


def check_span(items: list[Block | Frame]) -> None:
    """One wrong clock would stretch the recording over years. Raises BadInput at the line that lies far off."""
    middle = sorted(item.at for item in items)[len(items) // 2]
    for item in items:
        if abs(item.at - middle) > LONGEST_CASE:
            raise BadInput(str(item.line), f"t_origin {item.at.isoformat()} is more than a day from the other lines")


def measured(blocks: list[Block]) -> dict[int, list[Key]]:
    """For each gondola the plates that gave a value at least once; index 0 of shelf and plate is never one."""
    seen: dict[int, NDArray[np.bool_]] = {}
    for block in blocks:
        has = np.isfinite(block.grams).any(axis=0)
        seen[block.gondola] = seen.get(block.gondola, np.zeros_like(has)) | has
    return {
        gondola: [(gondola, int(s), int(p)) for s, p in np.argwhere(has) if s and p]
        for gondola, has in sorted(seen.items())
    }


def as_samples(block: Block, keys: list[Key], began_ns: int) -> PlateSamples:
    """The block with one column a plate of `keys`."""
    columns = block.grams[:, [key[1] for key in keys], [key[2] for key in keys]]
    return PlateSamples(
        captured_ns=unix_ns(block.at) - began_ns,
        source=f"g{block.gondola}",
        rate_hz=block.rate_hz,
        plates=tuple(plate_name(key) for key in keys),
        grams=np.ascontiguousarray(columns).tobytes(),
    )


def as_tracks(frame: Frame, began_ns: int) -> TracksSeen:
    """The frame as an event."""
    return TracksSeen(captured_ns=unix_ns(frame.at) - began_ns, source=TRACKER, people=frame.people)


def stand_in(end_ns: int) -> Iterator[TracksSeen]:
    """One person without a place, seen twice a second from the first sample to the last, then nobody."""
    for at_ns in range(0, max(end_ns, 1), STAND_IN_EVERY_NS):
        yield TracksSeen(captured_ns=at_ns, source=TRACKER, people=(Person(track=SHOPPER),))
    yield TracksSeen(captured_ns=end_ns, source=TRACKER)


def samples_end_ns(block: Block) -> int:
    """Unix ns of the end of a block."""
    return unix_ns(block.at) + round(len(block.grams) / block.rate_hz * 1e9)


def by_time(items: list[PlateSamples | TracksSeen]) -> list[PlateSamples | TracksSeen]:
    """In order of the time of measuring; what is equally old keeps a fixed order."""
    return sorted(items, key=lambda item: (item.captured_ns, item.source, msgspec.json.encode(item)))
