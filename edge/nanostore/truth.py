"""truth.json of a case -> our truth.json: receipts become visits, movements become events with slot = plate id."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast, get_args

import msgspec

from edge.core.errors import BadInput
from edge.nanostore.forms import CaseTruth, ReceiptItem, TruthEvent
from edge.nanostore.shop import Key, Shop, plate_name, sku_of
from edge.nanostore.streams import unix_ns
from edge.truth import FORMAT, Change, Truth, Visit, parse

UNNAMED = "#"  # a receipt that names no target
Kind = Literal["take", "put"]


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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
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


def our_truth(truth: CaseTruth, shop: Shop, line: Timeline) -> Truth:
    """The truth of the recording. Without a tracker all receipts are those of the one visit there is."""
    owed: dict[str, list[ReceiptItem]] = {}
    for number, receipt in enumerate(truth.receipts):
        named = f"{UNNAMED}{number}" if receipt.target_id is None else str(receipt.target_id)
        owed.setdefault(line.stand_in or named, []).extend(receipt.products)
    strange = sorted({sku_of(item.barcode) for items in owed.values() for item in items} - set(shop.names))
    shop.notices += [
        f"truth.json: product {sku!r} is not in the product table and can never be found" for sku in strange
    ]
    visits = tuple(_visit(number, track, items, shop, line) for number, (track, items) in enumerate(owed.items()))
    events = tuple(_event(event, shop, line, visits) for event in truth.events if event.type in get_args(Kind))
    return parse(msgspec.json.encode(Truth(format=FORMAT, visits=visits, events=events)), "truth.json of the case")


def _visit(number: int, track: str, owed: list[ReceiptItem], shop: Shop, line: Timeline) -> Visit:
    items: dict[str, int] = {}
    for item in owed:
        sku = sku_of(item.barcode)
        items[sku] = items.get(sku, 0) + item.quantity
    prices = [(shop.price_minor.get(sku), quantity) for sku, quantity in items.items()]
    total = sum(price * quantity for price, quantity in prices if price is not None)
    first_ns, last_ns = line.tracks.get(track, (line.began_ns, None))
    return Visit(
        visit=chr(ord("A") + number) if number < 26 else f"V{number + 1}",
        tracks=() if track.startswith(UNNAMED) else (track,),
        entered_s=line.seconds(first_ns),
        left_s=line.seconds(last_ns) if last_ns is not None else None,
        items=items,
        total_minor=None if any(price is None for price, _ in prices) else total,
    )


def _event(event: TruthEvent, shop: Shop, line: Timeline, visits: tuple[Visit, ...]) -> Change:
    slot: Key | None = None
    if event.gondola is not None and event.shelf is not None and event.plate is not None:
        slot = (event.gondola, event.shelf, event.plate)
    owed = {sku for visit in visits for sku in visit.items}
    whose = {track: visit.visit for visit in visits for track in visit.tracks}
    alone = visits[0].visit if len(visits) == 1 and (line.stand_in or event.target_id is None) else None
    return Change(
        t_s=line.seconds(_when(event, line)),
        kind=cast(Kind, event.type),
        sku=sku_of(event.barcode) if event.barcode else _only(shop.skus.get(slot, []) if slot else [], owed),
        slot=plate_name(slot) if slot else None,
        quantity=event.quantity,
        visit=alone or whose.get(str(event.target_id)),
    )


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
