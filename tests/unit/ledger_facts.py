"""Decisions and an open ledger, as the ledger's tests need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from edge.core import commands as c
from edge.ledger import Ledger, load_or_create_key

RUN, DEVICE, CURRENCY = "run-1", "acme_s1", "KRW"
ORIGIN_NS = 1_790_000_000_000_000_000


def open_ledger(folder: Path) -> Ledger:
    """A ledger in `folder`, made or opened again, with its run begun."""
    ledger = Ledger.open(
        folder / "ledger.db", load_or_create_key(folder / "ledger.key"), device=DEVICE, currency=CURRENCY
    )
    ledger.begin(run_id=RUN, origin_wall_ns=ORIGIN_NS)
    return ledger


def tell(ledger: Ledger, *commands: c.Command, seq: int = 1, state: bytes | None = None) -> list[int]:
    """Commit one decision of event `seq`."""
    return ledger.commit(commands, state=state, seq=seq, mono_ns=seq * 1_000, wall_ns=ORIGIN_NS + seq * 1_000)


def begun() -> c.BeginRun:
    return c.BeginRun(issued_ns=0, run_id=RUN)


def opened(visit: str = "V1", shopper: str | None = "p01") -> c.OpenVisit:
    return c.OpenVisit(issued_ns=1_000, visit=visit, shopper=shopper, method="face", gate="front")


def changed(visit: str = "V1", sku: str = "milk", quantity: int = 1) -> c.ChangeCart:
    return c.ChangeCart(
        issued_ns=2_000, visit=visit, sku=sku, quantity=quantity, confidence_ppm=950_000, status="charged"
    )


def line(
    sku: str = "milk", quantity: int = 1, price: int | None = 250, status: Literal["charged", "review"] = "charged"
) -> c.Line:
    return c.Line(sku=sku, quantity=quantity, unit_minor=price, confidence_ppm=950_000, status=status)


def closed(visit: str = "V1", *lines: c.Line, shopper: str | None = "p01", **other: Any) -> c.CloseVisit:
    """A closing visit whose sums fit its lines; `other` overrides any field."""
    charged = [item for item in lines if item.status == "charged"]
    amount = sum(item.quantity * (item.unit_minor or 0) for item in charged)
    in_kind = any(item.unit_minor is None for item in charged)
    fields: dict[str, Any] = {
        "issued_ns": 3_000,
        "visit": visit,
        "shopper": shopper,
        "tracks": ("7",),
        "entered_ns": 1_500,
        "left_ns": 2_900,
        "outcome": "charged" if charged else ("review" if lines else "nothing"),
        "lines": lines,
        "total_minor": None if in_kind else amount,
        "amount_minor": amount,
        "currency": CURRENCY,
        "charge": f"c-{visit}" if charged else None,
    }
    return c.CloseVisit(**(fields | other))


def settled(
    charge: str = "c-V1", state: Literal["confirmed", "declined", "unresolved"] = "confirmed", ref: str = "ref-1"
) -> c.SettleCharge:
    return c.SettleCharge(issued_ns=4_000, charge=charge, state=state, provider_ref=ref)


def lost(loss: str = "L1", quantity: int = 1, price: int | None = 250) -> c.BookLoss:
    return c.BookLoss(issued_ns=5_000, loss=loss, sku="milk", quantity=quantity, unit_minor=price, reason="nobody near")


def raised(place: str = "front", detail: str = "") -> c.RaiseAlarm:
    return c.RaiseAlarm(issued_ns=6_000, alarm="tailgate", place=place, detail=detail)


def cleared(place: str = "front") -> c.ClearAlarm:
    return c.ClearAlarm(issued_ns=7_000, alarm="tailgate", place=place)


def balances(ledger: Ledger) -> dict[str, int]:
    """Debits less credits of each account."""
    rows = ledger._db.execute("SELECT code, d - c FROM account JOIN balance ON balance.account = account.id")
    return dict(rows.fetchall())
