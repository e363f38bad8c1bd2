"""A small made case in the AutoCheckout form: one gondola, two shelves, two products, one or two people."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

START = datetime(2020, 4, 22, 5, 0, 0, tzinfo=UTC)
SECONDS = 14
RATE = 60


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def write(path: Path, rows: list[Any]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def plate_id(gondola: int, shelf: int, plate: int) -> dict[str, Any]:
    return {"shelf_id": {"gondola_id": {"id": gondola}, "shelf_index": shelf}, "plate_index": plate}


def product(barcode: str, **metadata: Any) -> dict[str, Any]:
    return {"product_id": {"barcode_type": "UPC", "id": barcode}, "metadata": metadata}


def facing(barcode: str | None, shelf: int, plates: list[int], x: float = 0.0, turn: float = 0.0) -> dict[str, Any]:
    box = {
        "transform": {"translation": {"x": x, "z": 0.5 * shelf}, "rotation": {"z": turn} if turn else {}},
        "dim_x": 0.1 * len(plates),
        "dim_y": 0.4,
        "dim_z": 0.2,
    }
    row = {"plate_ids": [plate_id(1, shelf, plate) for plate in plates], "global_coordinates": box}
    return row if barcode is None else {**row, "planogram_product_id": {"id": barcode}}


def plate_line(second: float, grams: np.ndarray, rate: float = RATE) -> dict[str, Any]:
    values = {
        "data": base64.b64encode(grams.astype("<f4").tobytes()).decode(),
        "shape": list(grams.shape),
        "type": "DATATYPE_FLOAT32",
    }
    block = {"plate_id": {"shelf_id": {"gondola_id": {"id": 1}}}, "freq_samp": rate, "values": values}
    return {"document": {"header": {"t_origin": at(second)}, "plate_data": block}}


def target(track: str, x_inch: float, **more: Any) -> dict[str, Any]:
    point = {"point": {"x": x_inch, "y": -20.0, "z": 60.0}, "score": 0.9}
    hand = {"point": {"x": x_inch, "y": -5.0, "z": 40.0}, "score": 0.9}
    return {"target_id": {"id": track}, "target_state": "TARGETSTATE_VALID", "head": point, "hands": [hand], **more}


def frame(second: float, targets: list[dict[str, Any]]) -> dict[str, Any]:
    body = {"targets": targets} if targets else {}
    return {"document": {"header": {"t_origin": at(second)}, "targets": body}}


def make(folder: Path) -> Path:
    """Write the case: at 8 s `1001` (300 g) is lifted from plate g1-s1-p2 by track 7."""
    folder.mkdir(parents=True)
    write(
        folder / "products.jsonl",
        [
            product("1001", name="Old name", price=9, weight=1.0),
            product("1002", name='Water "still" \x7f é', weight=500.0),
            product("1001", name="Tea", price=3, weight=300.0),
        ],
    )
    write(
        folder / "planogram.jsonl",
        [facing("1001", 1, [1, 2]), facing("1002", 2, [1], x=2.0), facing(None, 2, [2]), facing("9999", 2, [2])],
    )
    random = np.random.default_rng(1)
    grams = random.normal(1000, 0.8, (SECONDS * RATE, 3, 3))
    grams[:, 0, :] = grams[:, :, 0] = np.nan
    grams[8 * RATE :, 1, 2] -= 300
    write(
        folder / "plate_data.jsonl",
        [plate_line(k / RATE, grams[k : k + 12]) for k in range(0, len(grams), 12)],
    )
    frames = [frame(0.1 * k, [target("7", 4.0)] if k < 120 else []) for k in range(-10, 139)]
    write(folder / "full_targets.jsonl", frames)
    truth = {
        "receipts": [{"target_id": "7", "products": [{"barcode": "1001", "quantity": 1}]}],
        "events": [
            {"type": "take", "seconds_after_first_plate_sample": 8.0, "gondola": 1, "shelf": 1, "plate": 2},
            {"type": "touch", "seconds_after_first_plate_sample": 9.0},
        ],
    }
    (folder / "truth.json").write_text(json.dumps(truth))
    return folder
