"""The envelope of one ledger event and the batch that carries up to 100 of them.

Field names are those of CloudEvents 1.0 (structured mode). `seq` orders, `time` is for people only; unknown fields
are ignored and `data` is kept byte for byte, because the hash covers it. Must not: interpret `data`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec

from cloud_sync import topics, wire
from cloud_sync.ports import OutboxRow
from edge.core.errors import BadInput

MAX_EVENTS: Final = 100
MAX_BODY_BYTES: Final = 100 * 1024
MAX_NUMBER: Final = 2**62

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
Number = Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Kind = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event. `mono` is ns of the run's time line, `prev` and `hash` link the chain (hex of 32 bytes)."""

    specversion: Literal["1.0"]
    id: Id
    source: Id
    type: Kind
    dataschema: Annotated[str, msgspec.Meta(pattern="^v[1-9][0-9]{0,5}$")]
    subject: Annotated[str, msgspec.Meta(max_length=500)]
    time: Annotated[str, msgspec.Meta(max_length=40)]
    seq: Number
    mono: Annotated[int, msgspec.Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]
    data: msgspec.Raw
    prev: Hash
    hash: Hash
    clock: Literal["ok", "holdover", "bad"] = "ok"
    boot: Annotated[str, msgspec.Meta(max_length=200)] = ""

    @property
    def version(self) -> int:
        """The integer version of the event's type."""
        return int(self.dataschema[1:])


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Events `first`..`last` of one epoch without a hole; `head` is the hash of the last one."""

    epoch: Number = msgspec.field(name="e")
    first: Number = msgspec.field(name="from")
    last: Number = msgspec.field(name="to")
    head: Hash
    events: Annotated[tuple[Envelope, ...], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]


def encode_batch(device: str, epoch: int, rows: Sequence[OutboxRow]) -> bytes:
    """Payload for rows that follow one another. Raises BadInput where they do not fit into one message."""
    events = tuple(_envelope(device, row) for row in rows)
    batch = Batch(epoch=epoch, first=rows[0].seq, last=rows[-1].seq, head=rows[-1].hash.hex(), events=events)
    return wire.pack(batch, f"events {batch.first} to {batch.last}")


def decode_batch(payload: bytes, device: str) -> Batch:
    """A batch from `device` whose numbers and links agree with one another. Raises BadInput otherwise."""
    place = f"batch of {device}"
    batch = wire.unpack(payload, Batch, place)
    if [event.seq for event in batch.events] != list(range(batch.first, batch.first + len(batch.events))):
        raise BadInput(place, "does not hold its events one after the other")
    if batch.last != batch.events[-1].seq or batch.head != batch.events[-1].hash:
        raise BadInput(place, "does not end where its head says")
    if any(event.source != topics.source(device) for event in batch.events):
        raise BadInput(place, "holds an event of another box")
    if any(b.prev != a.hash for a, b in zip(batch.events, batch.events[1:], strict=False)):
        raise BadInput(place, "holds a broken chain")
    if any(event.hash != digest(event) or "|" in event.id + event.subject for event in batch.events):
        raise BadInput(place, "holds an event whose hash does not fit its content")
    return batch


def digest(event: Envelope) -> str:
    """What the event's hash must be: hex of BLAKE2b-256(prev || "seq|id|type|v|subject|body") in UTF-8.

    Without "|" in the fields before `body` the text has one reading; the ledger escapes it there.
    """
    head = f"{event.seq}|{event.id}|{event.type}|{event.version}|{event.subject}|"
    return hashlib.blake2b(bytes.fromhex(event.prev) + head.encode() + bytes(event.data), digest_size=32).hexdigest()


def _envelope(device: str, row: OutboxRow) -> Envelope:
    moment = datetime.fromtimestamp(row.wall_ns // 1_000_000_000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return Envelope(
        specversion="1.0",
        id=row.id,
        source=topics.source(device),
        type=row.type,
        dataschema=f"v{row.v}",
        subject=row.subject,
        time=f"{moment}.{row.wall_ns // 1000 % 1_000_000:06d}Z",
        seq=row.seq,
        boot=row.boot,
        mono=row.mono_ns,
        clock="ok" if row.clock_ok else "bad",
        data=msgspec.Raw(row.body.encode()),
        prev=row.prev.hex(),
        hash=row.hash.hex(),
    )
