"""What the live page shows, as one JSON-able document. A person reads it, nothing else does.

Must not: carry a face, a token or a key; shoppers appear by their id in this shop only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edge.config import StoreConfig, to_layout
from edge.core.commands import RaiseAlarm, ShowMessage
from edge.core.events import DoorChanged
from edge.core.view import ShopView, VisitView

NS = 1_000_000_000


def plan(config: StoreConfig) -> dict[str, Any]:
    """The parts of the shop that do not move: floor, gondolas with plates and products, gates, slots."""
    names = {product.sku: product.name for product in config.product}
    gondolas: dict[str, list[dict[str, Any]]] = {}
    for plate in config.plate:
        gondolas.setdefault(plate.gondola, []).append(
            {
                "id": plate.id,
                "shelf": plate.shelf,
                "index": plate.index,
                "at_mm": plate.position_mm,
                "skus": plate.skus,
                "name": ", ".join(names[sku] for sku in plate.skus),
                "weight_g": min((p.weight_mg or 0) / 1000 for p in config.product if p.sku in plate.skus)
                if plate.skus
                else 0,
            }
        )
    return {
        "store": {
            "id": config.store.id,
            "name": config.store.name or config.store.id,
            "currency": config.store.currency,
        },
        "floor_mm": config.store.floor_mm,
        "gondolas": [{"id": name, "plates": plates} for name, plates in gondolas.items()],
        "gates": [{"id": gate.id, "at_mm": gate.position_mm} for gate in to_layout(config).gates],
        "cameras": [{"id": row.id, "role": row.role} for row in config.camera],
    }


def snapshot(
    config: StoreConfig,
    view: ShopView,
    *,
    doors: Mapping[str, DoorChanged],
    messages: Iterable[ShowMessage],
    alarms: Iterable[RaiseAlarm],
    cloud: Mapping[str, Any],
    books: Mapping[str, int],
    receipts: list[dict[str, Any]],
) -> dict[str, Any]:
    """Everything that moves."""
    products = {product.sku: product for product in config.product}
    shoppers = {visit.visit: visit.shopper or "unknown" for visit in view.visits}
    return {
        "now_s": round(view.now_ns / NS, 1),
        "run": view.run_id,
        "mode": view.mode,
        "people": [
            {"track": person.track, "at_mm": person.place_mm, "shopper": shoppers.get(person.visit or "")}
            for person in view.people
        ],
        "visits": [_visit(visit, products, view.now_ns) for visit in view.visits],
        "levels_g": {plate: round(level / 1000) for plate, level in view.levels_mg.items()},
        "doors": [
            {"id": door.door, "entry": door.entry, "egress": door.egress, "contact": door.contact, "safe": door.safe}
            for door in doors.values()
        ],
        "messages": [{"at_s": round(m.issued_ns / NS, 1), "gate": m.gate, "message": m.message} for m in messages],
        "alarms": [
            {"alarm": a.alarm, "place": a.place, "detail": a.detail, "at_s": round(a.issued_ns / NS, 1)} for a in alarms
        ],
        "cloud": dict(cloud),
        "books": dict(books),
        "receipts": [_receipt(row, products) for row in receipts],
    }


def _visit(visit: VisitView, products: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
    return {
        "id": visit.visit,
        "shopper": visit.shopper or "no credential",
        "method": visit.method,
        "state": visit.state,
        "for_s": max(0, (now_ns - visit.opened_ns) // NS),
        "lines": [
            {
                "name": products[line.sku].name if line.sku in products else line.sku,
                "quantity": line.quantity,
                "minor": None
                if line.sku not in products or products[line.sku].price_minor is None
                else products[line.sku].price_minor * line.quantity,
                "status": line.status,
            }
            for line in visit.cart
        ],
    }


def _receipt(row: dict[str, Any], products: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "visit": row["visit"],
        "shopper": row["shopper"],
        "outcome": row["outcome"],
        "total_minor": row["total_minor"],
        "charge": row["charge"],
        "charge_state": row["charge_state"],
        "acknowledged": row["acknowledged"],
        "lines": [
            {
                "name": products[line["sku"]].name if line["sku"] in products else line["sku"],
                "quantity": line["quantity"],
                "unit_minor": line["unit_minor"],
                "status": line["status"],
            }
            for line in row["lines"]
        ],
    }
