"""What an event of a box means at the hub: carts, receipts, charges. Called inside the storing transaction.

An event of an unknown type is kept raw and means nothing; one whose body cannot be used is kept too and reported,
because refusing it would cut the chain. Must not: commit, or charge anybody (it writes the instruction only).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from sqlcipher3 import dbapi2

from cloud_sync.messages import CHARGE_SETTLED, ChargeSettled

Minor = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class CartChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `cart.changed`, as far as the hub reads it."""

    visit: Name
    sku: Name
    quantity: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31)]


class VisitClosed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `visit.closed`, as far as the hub reads it."""

    visit: Name
    shopper: Name | None
    outcome: Name
    lines: list[dict[str, Any]]
    total_minor: Minor | None
    amount_minor: Minor
    currency: Name
    charge: Name | None


class ChargeRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `charge.requested`: the instruction. `charge` is the key on every try."""

    charge: Name
    visit: Name
    shopper: Name | None
    amount_minor: Minor
    currency: Name


def apply(db: Any, dev: str, epoch: int, type: str, body: str) -> str:
    """Carry an event's meaning into the tables. Returns what is wrong with it, or nothing."""
    try:
        match type:
            case "cart.changed":
                _cart(db, dev, msgspec.json.decode(body, type=CartChanged))
            case "visit.closed":
                _receipt(db, dev, msgspec.json.decode(body, type=VisitClosed))
            case "charge.requested":
                return _charge(db, dev, epoch, msgspec.json.decode(body, type=ChargeRequested))
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError, dbapi2.IntegrityError) as error:
        return f"{type} cannot be read: {str(error)[:200]}"
    return ""


def queue_answer(db: Any, dev: str, epoch: int, args: ChargeSettled) -> None:
    """Number a `charge.settled` command for the box. The same answer is numbered once."""
    db.execute(
        "INSERT OR IGNORE INTO command SELECT ?1, ?2, 1 + coalesce(max(cseq), 0), ?3, ?4, ?5"
        " FROM command WHERE dev = ?1 AND epoch = ?2",
        (
            *(dev, epoch, f"{CHARGE_SETTLED}/{args.charge}/{args.state}"),
            *(CHARGE_SETTLED, msgspec.json.encode(args).decode()),
        ),
    )


def _cart(db: Any, dev: str, change: CartChanged) -> None:
    db.execute(
        "INSERT INTO cart VALUES(?,?,?,?)"
        " ON CONFLICT(dev, visit, sku) DO UPDATE SET quantity = quantity + excluded.quantity",
        (dev, change.visit, change.sku, change.quantity),
    )


def _receipt(db: Any, dev: str, closed: VisitClosed) -> None:
    lines = msgspec.json.encode(closed.lines).decode()
    db.execute(
        "INSERT OR IGNORE INTO receipt VALUES(?,?,?,?,?,?,?,?,?)",
        (
            *(dev, closed.visit, closed.shopper, closed.outcome, lines),
            *(closed.total_minor, closed.amount_minor, closed.currency, closed.charge),
        ),
    )
    db.execute("DELETE FROM cart WHERE dev = ? AND visit = ?", (dev, closed.visit))


def _charge(db: Any, dev: str, epoch: int, asked: ChargeRequested) -> str:
    wanted = (dev, asked.visit, asked.shopper, asked.amount_minor, asked.currency)
    query = "SELECT dev, visit, shopper, amount_minor, currency FROM charge WHERE id = ?"
    known = db.execute(query, (asked.charge,)).fetchone()
    if known is None:
        db.execute(
            "INSERT INTO charge(id, dev, visit, shopper, amount_minor, currency, epoch, state)"
            " VALUES(?,?,?,?,?,?,?,'requested')",
            (asked.charge, *wanted, epoch),
        )
    elif tuple(known) != wanted:
        return f"charge {asked.charge} was asked for before with other facts; the first ones stand"
    return ""
