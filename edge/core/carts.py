"""The running cart of a visit: entries in, entries out, always explainable. Must not: price anything or end a visit."""

from __future__ import annotations

from edge.core.commands import ChangeCart, Evidence
from edge.core.visits import Entry, Visit


def held(visit: Visit) -> dict[str, int]:
    """Quantity of each product in a cart, whatever its status."""
    found: dict[str, int] = {}
    for entry in visit.cart:
        found[entry.sku] = found.get(entry.sku, 0) + entry.quantity
    return found


def add(visit: Visit, entry: Entry, at_ns: int) -> ChangeCart:
    """Something was taken."""
    visit.cart.append(entry)
    return _change(visit, entry, entry.quantity, at_ns)


def remove(visit: Visit, sku: str, quantity: int, evidence: Evidence, at_ns: int) -> list[ChangeCart]:
    """Something was put back. Charged entries go first, newest first: in doubt the shopper pays less."""
    changes = []
    order = sorted(
        (number for number, entry in enumerate(visit.cart) if entry.sku == sku),
        key=lambda number: (visit.cart[number].status != "charged", -number),
    )
    for number in order:
        if quantity == 0:
            break
        entry = visit.cart[number]
        part = min(quantity, entry.quantity)
        entry.quantity -= part
        quantity -= part
        entry.evidence.append(evidence)
        changes.append(_change(visit, entry, -part, at_ns))
    visit.cart = [entry for entry in visit.cart if entry.quantity > 0]
    return changes


def doubt(visit: Visit, sku: str, evidence: Evidence, at_ns: int) -> list[ChangeCart]:
    """A fact makes all of this product in the cart uncertain: it goes to review."""
    changes = []
    for entry in visit.cart:
        if entry.sku == sku and entry.status == "charged":
            changes.append(_change(visit, entry, -entry.quantity, at_ns))
            entry.status = "review"
            entry.evidence.append(evidence)
            changes.append(_change(visit, entry, entry.quantity, at_ns))
    return changes


def settle(visit: Visit, entry: Entry, sku: str, status: str, evidence: Evidence, at_ns: int) -> list[ChangeCart]:
    """A later fact settles an earlier doubt: the entry, whose confidence the caller has raised, becomes `sku`."""
    changes = [_change(visit, entry, -entry.quantity, at_ns)]
    entry.sku, entry.status, entry.alternatives = sku, status, []
    entry.evidence.append(evidence)
    return [*changes, _change(visit, entry, entry.quantity, at_ns)]


def _change(visit: Visit, entry: Entry, quantity: int, at_ns: int) -> ChangeCart:
    return ChangeCart(
        issued_ns=at_ns,
        visit=visit.id,
        sku=entry.sku,
        quantity=quantity,
        confidence_ppm=entry.confidence_ppm,
        status="charged" if entry.status == "charged" else "review",
        evidence=tuple(entry.evidence[-3:]),
    )
