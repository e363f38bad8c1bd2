"""Durable commands as facts of the log: type, id, subject and body of each event row.

An id is made from what the fact is about, so that the same decision told twice is one row. Facts that carry no id
of their own (a cart change, an alarm) get a digest of their content and of the decision (`run`, `seq`) they belong
to. Must not: touch a database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec

from edge.core import commands as c
from edge.ledger.chain import word
from edge.ledger.errors import FactRefused

VERSION: Final = 1
MONEY, SHOP = 0, 1  # outbox lanes
PROVIDER: Final = "hub"
Durable: TypeAlias = (
    c.BeginRun | c.OpenVisit | c.ChangeCart | c.CloseVisit | c.BookLoss | c.SettleCharge | c.RaiseAlarm | c.ClearAlarm
)
TYPES: Final[dict[str, type[Durable]]] = {
    "run.begun": c.BeginRun,
    "visit.opened": c.OpenVisit,
    "cart.changed": c.ChangeCart,
    "visit.closed": c.CloseVisit,
    "loss.booked": c.BookLoss,
    "charge.settled": c.SettleCharge,
    "alarm.raised": c.RaiseAlarm,
    "alarm.cleared": c.ClearAlarm,
}
REQUESTED: Final = "charge.requested"


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One event row before it has a place in the chain. `body` is JSON text."""

    id: str
    type: str
    subject: str
    lane: int
    body: str


class ChargeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is charged; `unit_minor` None = in kind."""

    sku: str
    quantity: int
    unit_minor: int | None


class RequestCharge(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="RequestCharge"):
    """Body of `charge.requested`: what the hub is asked to charge. `charge` is the idempotency key on every try."""

    charge: str
    visit: str
    shopper: str | None
    amount_minor: int
    total_minor: int | None
    currency: str
    provider: str
    lines: tuple[ChargeLine, ...]
    issued_ns: int


def durable(commands: Sequence[c.Command]) -> list[Durable]:
    """Those of `commands` that belong into the books, in order."""
    return [command for command in commands if isinstance(command, Durable)]


def facts(command: Durable, run: str, seq: int, nth: int) -> list[Fact]:
    """The event rows of one command; `nth` counts equal commands inside one decision."""
    match command:
        case c.CloseVisit():
            return _closed(command)
        case c.OpenVisit():
            return [_fact("visit.opened", f"visit.opened/{command.visit}", f"visit/{command.visit}", SHOP, command)]
        case c.BookLoss():
            return [_fact("loss.booked", f"loss.booked/{command.loss}", f"loss/{command.loss}", MONEY, command)]
        case c.SettleCharge():
            id = f"charge.settled/{command.charge}/{command.state}"
            return [_fact("charge.settled", id, f"charge/{command.charge}", MONEY, command)]
        case c.ChangeCart():
            return [_nameless("cart.changed", f"visit/{command.visit}", command, run, seq, nth)]
        case c.BeginRun():
            return [_nameless("run.begun", f"run/{command.run_id}", command, run, seq, nth)]
        case c.RaiseAlarm():
            return [_nameless("alarm.raised", f"alarm/{command.alarm}/{command.place}", command, run, seq, nth)]
        case c.ClearAlarm():
            return [_nameless("alarm.cleared", f"alarm/{command.alarm}/{command.place}", command, run, seq, nth)]


def command_of(type: str, body: str) -> Durable | None:
    """The command that an event row was made from; None for rows that follow from another row."""
    kind = TYPES.get(type)
    return None if kind is None else msgspec.json.decode(body, type=kind)


def same(body: str, stored: str) -> bool:
    """Do two bodies tell the same fact? When it was told does not matter."""
    return _content(body) == _content(stored)


def check_close(command: c.CloseVisit, currency: str) -> None:
    """Sums, currency and charge of a closing visit must fit. Raises FactRefused."""
    charged = [line for line in command.lines if line.status == "charged"]
    amount = sum(line.quantity * line.unit_minor for line in charged if line.unit_minor is not None)
    priced = all(line.unit_minor is not None for line in charged)
    what = f"visit {command.visit}"
    if command.amount_minor != amount:
        raise FactRefused(what, f"charged lines add up to {amount}, the bill says {command.amount_minor}")
    if command.total_minor != (amount if priced else None):
        raise FactRefused(what, f"the total is {command.total_minor}, the lines say {amount if priced else None}")
    if any(line.quantity <= 0 for line in charged):
        raise FactRefused(what, "a charged line needs a quantity above zero")
    if command.charge is None and command.outcome == "charged":
        raise FactRefused(what, "a charged visit needs the id of its charge")
    if command.charge is not None and not charged:
        raise FactRefused(what, "a charge needs at least one charged line")
    if command.currency != currency:
        raise FactRefused(what, f"the bill is in {command.currency}, this ledger in {currency}")


def _closed(command: c.CloseVisit) -> list[Fact]:
    found = [_fact("visit.closed", f"visit.closed/{command.visit}", f"visit/{command.visit}", MONEY, command)]
    if command.charge is not None:
        id = f"{REQUESTED}/{command.charge}"
        found.append(_fact(REQUESTED, id, f"charge/{command.charge}", MONEY, _request(command, command.charge)))
    return found


def _request(command: c.CloseVisit, charge: str) -> RequestCharge:
    return RequestCharge(
        charge=charge,
        visit=command.visit,
        shopper=command.shopper,
        amount_minor=command.amount_minor,
        total_minor=command.total_minor,
        currency=command.currency,
        provider=PROVIDER,
        lines=tuple(
            ChargeLine(sku=line.sku, quantity=line.quantity, unit_minor=line.unit_minor)
            for line in command.lines
            if line.status == "charged"
        ),
        issued_ns=command.issued_ns,
    )


def _fact(type: str, id: str, subject: str, lane: int, body: msgspec.Struct) -> Fact:
    text = msgspec.json.encode(body).decode()
    return Fact(id=word(id), type=type, subject=word(subject), lane=lane, body=text)


def _nameless(type: str, subject: str, command: Durable, run: str, seq: int, nth: int) -> Fact:
    body = msgspec.json.encode(command)
    digest = hashlib.blake2b(f"{run}|{seq}|{nth}|".encode() + body, digest_size=12).hexdigest()
    return _fact(type, f"{type}/{digest}", subject, SHOP, command)


def _content(body: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    found.pop("issued_ns", None)
    return found
