"""From a cart to a bill: tags that left speak, entries become lines, lines become one CloseVisit.

In doubt the shopper is not charged: the line keeps its evidence and goes to review. Must not: send anything.
"""

from __future__ import annotations

from typing import Literal

from edge.core.commands import CloseVisit, Evidence, Line
from edge.core.ids import fact_id
from edge.core.layout import Layout
from edge.core.money import amount_minor, total_minor
from edge.core.picks import either_ppm
from edge.core.planogram import Planogram
from edge.core.visits import Entry, State, Visit

TAG_READS_MIN = 2  # one read may be a stray from a shelf
TAG_WITNESS_PPM = 900_000
EVIDENCE_MAX = 12

Outcome = Literal["charged", "nothing", "review", "unpaid"]


def close(visit: Visit, layout: Layout, planogram: Planogram, at_ns: int, *, pays: bool) -> CloseVisit:
    """The bill of a finished visit. `pays` is false for somebody who came in without a credential."""
    hear_tags(visit, layout.policy.review_below_ppm)
    if not pays or visit.reason in ("run-ended", "lost-inside"):
        for entry in visit.cart:
            entry.status = "review"
    lines = [] if visit.state is State.VOID else _lines(visit, layout, planogram)
    charged = any(line.status == "charged" for line in lines)
    outcome: Outcome = "nothing"
    if lines:
        outcome = "charged" if charged else ("review" if pays else "unpaid")
    return CloseVisit(
        issued_ns=at_ns,
        visit=visit.id,
        shopper=visit.shopper,
        tracks=tuple(visit.tracks),
        entered_ns=visit.opened_ns if visit.entered_ns is None else visit.entered_ns,
        left_ns=visit.left_ns,
        outcome=outcome,
        lines=tuple(lines),
        total_minor=total_minor(lines),
        amount_minor=amount_minor(lines),
        currency=layout.currency,
        charge=fact_id("c", visit.id) if charged else None,
        reason=visit.reason,
    )


def hear_tags(visit: Visit, review_below_ppm: int) -> None:
    """Let tags read at the portal confirm entries, settle doubtful ones, and put what nobody saw into review."""
    leaving: dict[str, list[int]] = {}
    for tag in visit.tags.values():
        if tag.reads >= TAG_READS_MIN:
            leaving.setdefault(tag.sku, []).append(tag.last_ns)
    for sku, times in sorted(leaving.items()):
        left = len(times)
        evidence = Evidence(sensor="rfid", place="portal", at_ns=max(times), rule="tag-left", detail=f"{left} tags")
        for entry in visit.cart:
            if left and sku in (entry.sku, *entry.alternatives) and entry.quantity <= left:
                _confirm(entry, sku, evidence, review_below_ppm)
                left -= entry.quantity
            elif left and entry.sku == sku:
                left = 0  # fewer tags than items: tags can be shielded, so this says nothing against the rest
        if left:
            visit.cart.append(
                Entry(sku=sku, quantity=left, status="review", confidence_ppm=600_000, evidence=[evidence])
            )


def _confirm(entry: Entry, sku: str, evidence: Evidence, review_below_ppm: int) -> None:
    entry.confidence_ppm = either_ppm(entry.confidence_ppm, TAG_WITNESS_PPM)
    entry.sku, entry.status = sku, "charged" if entry.confidence_ppm >= review_below_ppm else "review"
    entry.evidence.append(evidence)


def _lines(visit: Visit, layout: Layout, planogram: Planogram) -> list[Line]:
    merged: dict[tuple[str, str], Entry] = {}
    for entry in visit.cart:
        known = merged.get((entry.sku, entry.status))
        if known is None:
            merged[entry.sku, entry.status] = Entry(
                sku=entry.sku,
                quantity=entry.quantity,
                status=entry.status,
                confidence_ppm=entry.confidence_ppm,
                evidence=list(entry.evidence),
            )
        else:
            known.quantity += entry.quantity
            known.confidence_ppm = min(known.confidence_ppm, entry.confidence_ppm)
            known.evidence += entry.evidence
    return [_line(merged[key], layout, planogram) for key in sorted(merged)]


def _line(entry: Entry, layout: Layout, planogram: Planogram) -> Line:
    product = planogram.products.get(entry.sku)
    return Line(
        sku=entry.sku,
        quantity=entry.quantity,
        unit_minor=product.price_minor if product else None,
        confidence_ppm=entry.confidence_ppm,
        status="charged" if entry.status == "charged" else "review",
        price_version=layout.price_version,
        evidence=tuple(entry.evidence[:EVIDENCE_MAX]),
    )
