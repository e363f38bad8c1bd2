"""The small messages of the sync protocol: hello, receipt, command, birth and death.

Unknown fields are ignored, so that a newer peer may add some. Must not: hold events (see envelope).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cloud_sync.envelope import Count, Hash, Id, Kind, Number

Reason = Annotated[str, msgspec.Meta(max_length=500)]


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """`up/sync`: where the box stands. `cseq` is its command cursor; the hub repeats what comes after it."""

    epoch: Number = msgspec.field(name="e")
    head: Count
    hash: Hash
    acked: Count
    cseq: Count
    session: Count
    versions: dict[Annotated[str, msgspec.Meta(max_length=40)], Annotated[str, msgspec.Meta(max_length=80)]] = {}


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """`down/receipt`: the hub has committed everything up to `upto`; `hash` is that event's."""

    epoch: Number
    upto: Count
    hash: Hash


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """`down/cmd`: a numbered order; `args` is read by the operation named in `op`.

    Numbers belong to one epoch of the box's ledger; `epoch` 0 = not said.
    """

    epoch: Count = msgspec.field(name="e", default=0)

    cseq: Number
    id: Id
    op: Kind
    args: msgspec.Raw


class ChargeSettled(msgspec.Struct, frozen=True, kw_only=True):
    """`args` of `charge.settled`."""

    charge: Id
    state: Literal["confirmed", "declined", "unresolved"]
    reason: Reason = ""
    provider_ref: Reason = ""


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """`state`, retained: birth or, as the will, death. A reader ignores a death of an older session."""

    on: bool
    session: Count


CHARGE_SETTLED = "charge.settled"
