"""From stories to a bill: what left past the portal speaks, what is sure becomes lines, lines become one CloseVisit.

In doubt the shopper is not charged: the line keeps its evidence and goes to review. Must not: send anything.
"""

from __future__ import annotations

from typing import Literal

from edge.core import eyes, numbers, reaches, tags, unexplained
from edge.core.bills import Item, items, rival
from edge.core.commands import CloseVisit, Evidence, Line
from edge.core.ids import fact_id
from edge.core.money import amount_minor, total_minor
from edge.core.shop import Shop
from edge.core.visits import State, Visit

Outcome = Literal["charged", "nothing", "review", "unpaid"]
STRAY_READS = 3
STRAY_TAG_PPM = 600_000  # confidence of an item that only its tag speaks for


def close(shop: Shop, visit: Visit, at_ns: int, *, pays: bool) -> CloseVisit:
    """The bill of a finished visit. `pays` is false for somebody who came in without a credential."""
    layout = shop.layout
    hear_tags(shop, visit)
    lines = [] if visit.state is State.VOID else _lines(shop, visit)
    if not pays or visit.reason in ("run-ended", "lost-inside"):
        lines = [_in_review(line) for line in lines]
    unwatched = eyes.unwatched(shop, visit, at_ns)
    lines = [_in_review(line) if line.sku in unwatched else line for line in lines]
    charged = any(line.status == "charged" for line in lines)
    outcome: Outcome = "nothing"
    if lines:
        outcome = "charged" if charged else ("review" if pays else "unpaid")
    return CloseVisit(
        issued_ns=at_ns,
        visit=visit.id,
        shopper=visit.shopper,
        tracks=numbers.tell(shop, visit),
        entered_ns=visit.opened_ns if visit.entered_ns is None else visit.entered_ns,
        left_ns=visit.left_ns,
        outcome=outcome,
        lines=tuple(lines),
        total_minor=total_minor(lines),
        amount_minor=amount_minor(lines),
        currency=layout.currency,
        charge=fact_id("c", visit.id) if charged else None,
        reason=visit.reason or ("unwatched" if unwatched else ""),
    )


def hear_tags(shop: Shop, visit: Visit) -> None:
    """What the portal saw leave makes some stories likelier. A portal that never spoke says nothing."""
    layout = shop.layout
    if not shop.state.portal_spoke or visit.gap:
        return  # a portal that was not listened to all the time says nothing by its silence
    tagged = {product.sku for product in shop.layout.products if product.epcs}
    window_ns = shop.policy.portal_window_ns
    seen = tags.leaving(visit, window_ns)
    for sku in sorted(seen):
        evidence = Evidence(
            sensor="rfid", place="portal", at_ns=visit.last_seen_ns, rule="tag-left", detail=f"{len(seen[sku])} tags"
        )
        shop.state.proof.setdefault(visit.id, {}).setdefault(sku, []).append(evidence)
    others = {
        other.id: {
            sku: sum(reads > STRAY_READS for reads in found) for sku, found in tags.leaving(other, window_ns).items()
        }
        for other in shop.open_visits()
        if other is not visit
    }
    watched = {sku for plate in layout.plates for sku in plate.skus if plate.id in shop.state.levels}
    watched |= {slot.sku for slot in layout.slots}
    shop.state.stories = tags.hear(shop.state.stories, visit, seen, tagged, watched, others)


def _lines(shop: Shop, visit: Visit) -> list[Line]:
    found = items(shop.state.stories, visit.id, shop.policy.review_below_ppm, visit.mixed_ppm)
    known = {item.sku: sum(other.quantity for other in found if other.sku == item.sku) for item in found}
    for sku, reads in sorted(
        tags.leaving(visit, shop.policy.portal_window_ns).items()
    ):  # a tag that no story explains: a person looks at it
        count = sum(number > STRAY_READS for number in reads)
        if count > known.get(sku, 0):
            found.append(Item(sku, count - known.get(sku, 0), "review", STRAY_TAG_PPM))
    merged: dict[tuple[str, str], Item] = {}
    for item in found:
        was = merged.get((item.sku, item.status))
        quantity = item.quantity + (was.quantity if was else 0)
        merged[item.sku, item.status] = item._replace(quantity=quantity)
    sure = {item.sku: item.quantity for item in merged.values() if item.status == "charged"}
    lines = [_line(shop, visit, merged[key], sure.get(key[0], 0)) for key in sorted(merged)]
    return [unexplained.doubted(shop, visit, reaches.doubted(shop, visit, line)) for line in lines]


def _line(shop: Shop, visit: Visit, item: Item, charged: int) -> Line:
    """One line with what was seen, and how far the next best explanation was. `charged` pieces of it are sure."""
    product = shop.planogram.products.get(item.sku)
    held = item.quantity if item.status == "charged" else item.quantity + charged
    other = rival(shop.state.stories, visit.id, item.sku, held)
    weighed = Evidence(
        sensor="stories",
        place="checkout",
        at_ns=visit.last_seen_ns,
        rule="next-best-ppm",
        margin=other.margin_ppm,
        detail=other.instead,
    )
    return Line(
        sku=item.sku,
        quantity=item.quantity,
        unit_minor=product.price_minor if product else None,
        confidence_ppm=item.confidence_ppm,
        status=item.status,
        price_version=shop.layout.price_version,
        evidence=(*shop.state.proof.get(visit.id, {}).get(item.sku, []), weighed),
    )


def _in_review(line: Line) -> Line:
    return Line(
        sku=line.sku,
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        confidence_ppm=line.confidence_ppm,
        status="review",
        price_version=line.price_version,
        evidence=line.evidence,
    )
