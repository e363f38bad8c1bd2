"""What the ledger hands out: plain rows for the uplink, the restart and the downlink.

Must not: hold a connection.
"""

from __future__ import annotations

import msgspec


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """Where a restart continues.

    `state` are the core's bytes after the decision of event `state_seq` (None = no decision yet). `seq` and
    `lived_ns` are the last event number and moment that the dead process is known to have reached.
    """

    run_id: str
    state: bytes | None
    state_seq: int
    seq: int
    lived_ns: int
    origin_wall_ns: int


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event, ready for its envelope. `body` is JSON text, `prev` and `hash` are 32 bytes."""

    seq: int
    id: str
    type: str
    v: int
    subject: str
    body: str
    prev: bytes
    hash: bytes
    boot: str
    mono_ns: int
    wall_ns: int
    clock_ok: bool
    lane: int


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """A numbered command of the hub that is received and not finished. `state` is "received" or "running"."""

    id: str
    cseq: int
    type: str
    body: bytes
    received_ns: int
    state: str
