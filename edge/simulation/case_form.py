"""A simulated visit as a case in the AutoCheckout form: rows of plate_data, full_targets, planogram, products, truth.

Metres for the planogram, inches for the tracker, NaN at index 0 of shelves and plates, as such a store writes them.
Must not: write files.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from edge.core.events import Person, PointMm, TracksSeen
from edge.core.signals import PlateSamples
from edge.simulation.plan import DEPTH_MM, Facing, Gondola, Plan
from edge.simulation.play import Simulated

BEGAN: Final = datetime(2026, 4, 17, 9, 0, 0, tzinfo=UTC)
NS, INCH_MM, STORED_LATER_S = 1_000_000_000, 25.4, 2.4
BARCODE_BASE: Final = 870_000_000_000


def barcode(sku: str) -> str:
    """A product of the drawn shop (`p017`) as a 12-digit barcode; other names stay."""
    return str(BARCODE_BASE + int(sku[1:])) if sku[:1] == "p" and sku[1:].isdigit() else sku


def files_of(simulated: Simulated) -> dict[str, list[dict[str, Any]]]:
    """Rows of the four .jsonl files, by name without suffix."""
    plan = simulated.plan
    items = sorted((reading.item for reading in simulated.readings), key=lambda item: (item.captured_ns, item.source))
    gondolas = {gondola.id: gondola for gondola in plan.gondolas}
    return {
        "plate_data": [_block(item, gondolas) for item in items if isinstance(item, PlateSamples)],
        "full_targets": [_frame(item) for item in items if isinstance(item, TracksSeen)],
        "planogram": [_facing(row) for row in plan.facings],
        "products": list(_products(plan)),
    }


def truth_of_case(simulated: Simulated) -> dict[str, Any]:
    """truth.json of a case."""
    first_ns = min(reading.item.captured_ns for reading in simulated.readings if isinstance(reading.item, PlateSamples))
    tracks = {visit["visit"]: visit["tracks"][0] for visit in simulated.truth["visits"] if visit["tracks"]}
    receipts = [
        {
            "target_id": tracks[visit["visit"]],
            "products": [{"barcode": barcode(sku), "quantity": count} for sku, count in visit["items"].items()],
        }
        for visit in simulated.truth["visits"]
        if visit["visit"] in tracks
    ]
    events = []
    for row in simulated.truth["events"]:
        gondola, shelf, plate = (int(part[1:]) for part in row["slot"].split("-"))
        event = {"type": row["kind"], "seconds_after_first_plate_sample": round(row["t_s"] - first_ns / NS, 3)}
        event |= {"gondola": gondola, "shelf": shelf, "plate": plate, "barcode": barcode(row["sku"])}
        events.append(event | {"quantity": row["quantity"], "target_id": tracks.get(row["visit"])})
    return {"source_of_truth": "simulated", "receipts": receipts, "events": events, "people": len(receipts)}


def _at(ns: int) -> str:
    return (BEGAN + timedelta(microseconds=ns // 1000)).isoformat().replace("+00:00", "Z")


def _row(captured_ns: int, **body: Any) -> dict[str, Any]:
    later = captured_ns + round(STORED_LATER_S * NS)
    return {
        "timestamp": round(BEGAN.timestamp() + captured_ns / NS, 6),
        "date_time": {"$date": _at(later)},
        "document": {"header": {"t_origin": _at(captured_ns), "t_issue": _at(captured_ns + 90_000_000)}, **body},
    }


def _block(item: PlateSamples, gondolas: dict[str, Gondola]) -> dict[str, Any]:
    gondola = gondolas[item.source.removeprefix("scale-")]
    grams = np.frombuffer(item.grams, "<f4").reshape(-1, len(gondola.boards_mm), gondola.plates)
    whole = np.full((len(grams), len(gondola.boards_mm) + 1, gondola.plates + 2), np.nan, dtype="<f4")
    whole[:, 1:, 1 : gondola.plates + 1] = grams
    values = {
        "data": base64.b64encode(whole.tobytes()).decode(),
        "shape": list(whole.shape),
        "type": "DATATYPE_FLOAT32",
    }
    block = {"plate_id": _plate_id(gondola.number, 0, 0), "freq_samp": item.rate_hz, "values": values}
    return _row(item.captured_ns, plate_data=block)


def _plate_id(gondola: int, shelf: int, plate: int) -> dict[str, Any]:
    """Zeros are left out, as the form does."""
    found: dict[str, Any] = {"shelf_id": {"gondola_id": {"id": gondola}}}
    if shelf:
        found["shelf_id"]["shelf_index"] = shelf
    if plate:
        found["plate_index"] = plate
    return found


def _frame(item: TracksSeen) -> dict[str, Any]:
    targets = [_target(person) for person in item.people]
    return _row(item.captured_ns, targets={"targets": targets} if targets else {})


def _target(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = {"target_id": {"id": person.track}, "target_state": "TARGETSTATE_VALID_ENTRANCE"}
    if person.head_mm is not None:
        found["head"] = _joint(person.head_mm)
    if person.hands_mm:
        found["hands"] = [_joint(hand) for hand in person.hands_mm]
    return found


def _joint(point: PointMm) -> dict[str, Any]:
    x, y, z = (value / INCH_MM for value in point)
    return {"point": {"x": x, "y": y, "z": z}, "score": 0.9}


def _facing(row: Facing) -> dict[str, Any]:
    along = (row.first - 1) * row.gondola.pitch_mm
    x, y = row.gondola.point(along, 0.0)
    place = {name: value / 1000 for name, value in (("x", x), ("y", y), ("z", row.height_mm)) if value}
    width = (row.last - row.first + 1) * row.gondola.pitch_mm / 1000
    box = {
        "transform": {"translation": place, "rotation": {}},
        "dim_x": width,
        "dim_y": DEPTH_MM / 1000,
        "dim_z": 0.2,
    }
    plates = [_plate_id(row.gondola.number, row.shelf, index) for index in range(row.first, row.last + 1)]
    product = {"barcode_type": "UPC", "id": barcode(row.sku)}
    return {"plate_ids": plates, "planogram_product_id": product, "global_coordinates": box}


def _products(plan: Plan) -> Iterator[dict[str, Any]]:
    for product in plan.products.values():
        row = {
            "name": product.name,
            "price": max(1, product.price_minor // 1000),
            "weight": round(product.catalogue_g, 2),
        }
        yield {"product_id": {"barcode_type": "UPC", "id": barcode(product.sku)}, "metadata": row}
