"""truth.json of a case -> our truth.json: receipts become visits, movements become events with slot = plate id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from edge.core.errors import BadInput
from edge.nanostore.forms import CaseTruth, Receipt, TruthEvent
from edge.nanostore.shop import Key, Shop, plate_name, sku_of
from edge.nanostore.streams import unix_ns

KEPT = ("take", "put")


def read_truth(path: Path) -> CaseTruth | None:
    """The truth beside a case, None where there is none. Raises BadInput."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(str(path), f"cannot be read ({error.strerror})") from None
    try:
        return msgspec.json.decode(text, type=CaseTruth)
    except msgspec.ValidationError as error:
        raise BadInput(str(path), f"does not have the form of a case's truth ({error})") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(str(path), f"is not JSON ({error}); correct it or remove it") from None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Of a case, in ns: Unix time of the earliest item and of the first plate sample, length, and who was seen when."""

    began_ns: int
    plates_ns: int
    end_ns: int
    tracks: dict[str, tuple[int, int]]
    stand_in: str | None = None

    def seconds(self, at_ns: int) -> float:
        """Unix ns -> seconds since the earliest item."""
        return round((at_ns - self.began_ns) / 1e9, 6)


def our_truth(truth: CaseTruth, shop: Shop, line: Timeline) -> dict[str, Any]:
    """The document for truth.json of the recording."""
    visits = [_visit(number, receipt, shop, line) for number, receipt in enumerate(truth.receipts)]
    names = {visit["tracks"][0]: visit["visit"] for visit in visits if visit["tracks"]}
    alone = visits[0]["visit"] if len(visits) == 1 else None
    skus = {sku for visit in visits for sku in visit["items"]}
    events = [_event(event, shop, line, skus) for event in truth.events if event.type in KEPT]
    for event, source in zip(events, (e for e in truth.events if e.type in KEPT), strict=True):
        event["visit"] = names.get(str(source.target_id)) if source.target_id is not None else alone
    return {"format": 1, "visits": visits, "events": events, "counts": []}


def _visit(number: int, receipt: Receipt, shop: Shop, line: Timeline) -> dict[str, Any]:
    items: dict[str, int] = {}
    for item in receipt.products:
        sku = sku_of(item.barcode)
        items[sku] = items.get(sku, 0) + item.quantity
    prices = [(shop.price_minor.get(sku), quantity) for sku, quantity in items.items()]
    total = sum(price * quantity for price, quantity in prices if price is not None)
    track = line.stand_in or (str(receipt.target_id) if receipt.target_id is not None else None)
    first, last = line.tracks.get(track or "", (line.began_ns, None))
    return {
        "visit": chr(ord("A") + number) if number < 26 else f"V{number + 1}",
        "shopper": None,
        "tracks": [track] if track else [],
        "entered_s": line.seconds(first),
        "left_s": line.seconds(last) if last is not None else None,
        "items": items,
        "total_minor": None if any(price is None for price, _ in prices) else total,
    }


def _event(event: TruthEvent, shop: Shop, line: Timeline, owed: set[str]) -> dict[str, Any]:
    slot: Key | None = None
    if event.gondola is not None and event.shelf is not None and event.plate is not None:
        slot = (event.gondola, event.shelf, event.plate)
    return {
        "t_s": line.seconds(_when(event, line)),
        "kind": event.type,
        "sku": sku_of(event.barcode) if event.barcode else _only(shop.skus.get(slot, []) if slot else [], owed),
        "slot": plate_name(slot) if slot else None,
        "quantity": event.quantity,
    }


def _only(skus: list[str], owed: set[str]) -> str | None:
    """The product of a movement that does not name it: the one of the plate that somebody owes, if it is one."""
    found = [sku for sku in skus if sku in owed]
    return found[0] if len(found) == 1 else None


def _when(event: TruthEvent, line: Timeline) -> int:
    if event.seconds_after_first_plate_sample is not None:
        return line.plates_ns + round(event.seconds_after_first_plate_sample * 1e9)
    if event.utc is not None:
        return unix_ns(event.utc)
    raise BadInput("truth.json", f"an event {event.type!r} has neither seconds_after_first_plate_sample nor utc")
