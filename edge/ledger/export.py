"""Sales for other programs: CSV for people and bookkeeping, EPCIS 2.0 for supply chains.

The same ledger gives the same bytes. Must not: print a person's evidence, or invent a product code: a SKU that is
no GTIN stays a name of this shop.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from sqlite_utils import Database

from edge.clock import rfc3339

CSV_FIELDS: Final = (
    *("closed_at", "visit", "shopper", "outcome", "sku", "quantity", "unit_minor", "line_minor", "currency", "status"),
    *("price_version", "charge", "charge_state", "provider_ref"),
)
SOLD_LINES: Final = """
SELECT event.wall_ns, visit.id, coalesce(visit.shopper, ''), visit.outcome, line.sku, line.quantity, line.unit_minor,
       line.quantity * line.unit_minor, sale.cur, line.status, line.price_version,
       coalesce(charge.id, ''), coalesce(charge.state, ''), coalesce(charge.provider_ref, '')
  FROM sale JOIN visit ON visit.id = sale.visit JOIN event ON event.seq = sale.event_seq
  JOIN sale_line line ON line.sale = sale.id
  LEFT JOIN charge ON charge.sale = sale.id AND charge.kind = 'charge'
 ORDER BY sale.event_seq, line.n
"""
EPCIS_CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
GTIN_LENGTHS: Final = (8, 12, 13, 14)


def as_csv(database: Database) -> str:
    """One row per line of every sale, oldest first; the times are RFC 3339 in UTC, the money in minor units."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_FIELDS)
    for row in database.execute(SOLD_LINES):
        writer.writerow([rfc3339(row[0]), *(_cell(value) for value in row[1:])])
    return out.getvalue()


def as_epcis(database: Database, store: str) -> dict[str, Any]:
    """An EPCIS 2.0 document (GS1 EPCIS 2.0, JSON-LD binding): one ObjectEvent per sale with charged lines."""
    last = database.execute("SELECT coalesce(max(wall_ns), 0) FROM event").fetchone()[0]
    return {
        "@context": [EPCIS_CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": rfc3339(last),
        "epcisBody": {"eventList": list(_sold(database, store))},
    }


def product_uri(sku: str) -> str:
    """A GS1 Digital Link for a SKU that is a GTIN (check digit right), else a name of our own."""
    if is_gtin(sku):
        return f"https://id.gs1.org/01/{sku.zfill(14)}"
    return f"urn:muin:product:{_part(sku)}"


def is_gtin(sku: str) -> bool:
    """GS1 General Specifications 7.9: weights 3, 1, 3, ... from the digit before the check digit."""
    if len(sku) not in GTIN_LENGTHS or not (sku.isascii() and sku.isdigit()):
        return False
    digits = [int(digit) for digit in reversed(sku)]
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def _sold(database: Database, store: str) -> Iterator[dict[str, Any]]:
    sql = "SELECT sale.id, wall_ns FROM sale JOIN event ON event.seq = sale.event_seq ORDER BY seq"
    for sale, wall_ns in database.execute(sql).fetchall():
        lines = database.execute(
            "SELECT sku, sum(quantity) FROM sale_line WHERE sale = ? AND status = 'charged' GROUP BY sku ORDER BY sku",
            [sale],
        ).fetchall()
        if lines:
            yield _event(sale, wall_ns, lines, store)


def _event(sale: str, wall_ns: int, lines: list[tuple[str, int]], store: str) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:muin:sale:{store}:{_part(sale)}",
        "eventTime": rfc3339(wall_ns),
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "retail_selling",
        "disposition": "retail_sold",
        "bizLocation": {"id": f"urn:muin:store:{store}"},
        "bizTransactionList": [{"bizTransaction": f"urn:muin:visit:{store}:{_part(sale)}"}],
        "quantityList": [{"epcClass": product_uri(sku), "quantity": quantity} for sku, quantity in lines],
    }


def _part(name: str) -> str:
    """A name as it may stand in a URN (RFC 8141)."""
    return quote(name, safe="")


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is quoted; None is an empty cell."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
