"""Everything that can go out: what the core orders, in the order it ordered it.

One frozen, tagged struct per kind of order and one union, `Command`. Durable commands (`DURABLE`) are written
to the ledger in one transaction before any other command of the same decision is carried out. Must not: do
anything, or hold a time other than the one the core was told.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """`issued_ns` is the time, on the run's time line, of the fact that led to the order."""

    issued_ns: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was seen and that a line of a bill rests on.

    `margin` is how far the next best explanation was, in the unit of the rule that weighed it (`rule`).
    """

    sensor: str
    place: str
    at_ns: int
    delta_mg: int | None = None
    rule: str = ""
    margin: int | None = None
    detail: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a bill. `status` "review" is not charged. `unit_minor` None = charged in kind, no price known."""

    sku: str
    quantity: int
    unit_minor: int | None
    confidence_ppm: int
    status: Literal["charged", "review"]
    price_version: str = ""
    evidence: tuple[Evidence, ...] = ()


class BeginRun(Base, frozen=True, kw_only=True, tag=True):
    """Durable: a run (or its resumption) is on the books."""

    run_id: str
    resumed: bool = False


class OpenVisit(Base, frozen=True, kw_only=True, tag=True):
    """Durable: somebody was admitted (or seen inside, in a shop without a gate). `evidence`: what a face rested on."""

    visit: str
    shopper: str | None
    method: str
    gate: str = ""
    evidence: tuple[Evidence, ...] = ()


class ChangeCart(Base, frozen=True, kw_only=True, tag=True):
    """Durable: the running cart of an open visit; `quantity` is signed. Not money yet."""

    visit: str
    sku: str
    quantity: int
    confidence_ppm: int
    status: Literal["charged", "review"]
    evidence: tuple[Evidence, ...] = ()


class CloseVisit(Base, frozen=True, kw_only=True, tag=True):
    """Durable, one transaction: the visit, its lines, the charge instruction and the outbox row.

    `charge` is the id used on every try, None where nothing is to be charged. `amount_minor` is the sum of
    priced charged lines; `total_minor` is None when a charged line has no price.
    """

    visit: str
    shopper: str | None
    tracks: tuple[str, ...]
    entered_ns: int
    left_ns: int | None
    outcome: Literal["charged", "nothing", "review", "unpaid"]
    lines: tuple[Line, ...]
    total_minor: int | None
    amount_minor: int
    currency: str
    charge: str | None
    reason: str = ""


class BookLoss(Base, frozen=True, kw_only=True, tag=True):
    """Durable: goods moved and nobody can be named; the loss account carries them, with the evidence."""

    loss: str
    sku: str | None
    quantity: int
    unit_minor: int | None
    reason: str
    evidence: tuple[Evidence, ...] = ()


class SettleCharge(Base, frozen=True, kw_only=True, tag=True):
    """Durable: the hub's answer for a charge."""

    charge: str
    state: Literal["confirmed", "declined", "unresolved"]
    reason: str = ""
    provider_ref: str = ""


class RaiseAlarm(Base, frozen=True, kw_only=True, tag=True):
    """Durable: something needs a person. `alarm` is the kind, e.g. "device-lost", "tailgate", "bad-input"."""

    alarm: str
    place: str
    detail: str = ""


class ClearAlarm(Base, frozen=True, kw_only=True, tag=True):
    """Durable: the cause of an alarm is gone."""

    alarm: str
    place: str


class GrantPassage(Base, frozen=True, kw_only=True, tag=True):
    """Open a door or turnstile once. At most once per `request`; not repeated after a restart."""

    gate: str
    direction: Literal["in", "out"]
    request: str
    visit: str = ""


class ShowMessage(Base, frozen=True, kw_only=True, tag=True):
    """Tell the person at a gate something: `message` is a key ("welcome", "refused", "thanks", ...)."""

    gate: str
    message: str
    visit: str = ""


Command: TypeAlias = (
    BeginRun
    | OpenVisit
    | ChangeCart
    | CloseVisit
    | BookLoss
    | SettleCharge
    | RaiseAlarm
    | ClearAlarm
    | GrantPassage
    | ShowMessage
)

DURABLE: tuple[type[Base], ...] = (
    BeginRun,
    OpenVisit,
    ChangeCart,
    CloseVisit,
    BookLoss,
    SettleCharge,
    RaiseAlarm,
    ClearAlarm,
)
