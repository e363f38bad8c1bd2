"""What people look at: receipts and counts. Read only.

Must not: decide or change anything.
"""

from __future__ import annotations

from typing import Any, Final

from sqlite_utils import Database

CHARGE_STATES: Final = ("ready", "sent", "unknown", "ok", "declined", "error")
RECEIPTS: Final = """
SELECT visit.id, visit.shopper, visit.entered_ns, visit.left_ns, visit.outcome, sale.amount, sale.priced, sale.state,
       charge.id, charge.state, charge.provider_ref, charge.reason, event.seq, event.wall_ns, event.boot
  FROM visit JOIN event ON event.seq = visit.closed_seq
  LEFT JOIN sale ON sale.visit = visit.id
  LEFT JOIN charge ON charge.sale = sale.id AND charge.kind = 'charge'
 ORDER BY visit.closed_seq DESC LIMIT ?
"""
RECEIPT_FIELDS: Final = (
    *("visit", "shopper", "entered_ns", "left_ns", "outcome", "amount_minor", "priced", "sale_state"),
    *("charge", "charge_state", "provider_ref", "charge_reason", "seq", "closed_wall_ns", "run"),
)
COUNTS: Final = (
    ("events", "SELECT coalesce(max(seq), 0) FROM event"),
    ("outbox", "SELECT count(*) FROM outbox"),
    ("acknowledged", "SELECT upto FROM receipt"),
    ("open_visits", "SELECT count(*) FROM visit WHERE state = 'open'"),
    ("closed_visits", "SELECT count(*) FROM visit WHERE state = 'closed'"),
    ("open_alarms", "SELECT count(*) FROM alarm WHERE cleared_seq IS NULL"),
    ("losses", "SELECT count(*) FROM loss"),
    ("inbox", "SELECT count(*) FROM inbox WHERE state IN ('received', 'running')"),
)


def receipts(database: Database, limit: int) -> list[dict[str, Any]]:
    """Newest closed visits first. `total_minor` is None where a charged line has no price, 0 without lines.

    Each: visit, shopper, entered_ns, left_ns, outcome, lines [{sku, quantity, unit_minor, confidence_ppm, status}],
    amount_minor, total_minor, sale_state, charge, charge_state, provider_ref, charge_reason, seq, acknowledged,
    closed_wall_ns, run.
    """
    acked = int(database.execute("SELECT upto FROM receipt").fetchone()[0])
    found = []
    for values in database.execute(RECEIPTS, [limit]).fetchall():
        row = dict(zip(RECEIPT_FIELDS, values, strict=True))
        priced = row.pop("priced")
        row["amount_minor"] = row["amount_minor"] or 0
        row["total_minor"] = None if priced == 0 else row["amount_minor"]
        row["acknowledged"] = row["seq"] <= acked
        row["lines"] = lines(database, row["visit"])
        found.append(row)
    return found


def lines(database: Database, sale: str) -> list[dict[str, Any]]:
    """The lines of one sale as they were billed."""
    names = ("sku", "quantity", "unit_minor", "confidence_ppm", "status")
    rows = database.execute(f"SELECT {', '.join(names)} FROM sale_line WHERE sale = ? ORDER BY n", [sale])
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def counts(database: Database) -> dict[str, int]:
    """How much of everything there is; every charge state is there, also at 0."""
    found = {name: int(database.execute(sql).fetchone()[0]) for name, sql in COUNTS}
    states = dict(database.execute("SELECT state, count(*) FROM charge GROUP BY state").fetchall())
    return found | {f"charges_{state}": int(states.get(state, 0)) for state in CHARGE_STATES}
