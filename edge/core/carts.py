"""The carts that people see: what the stories make likely now, told as changes. Must not: change a story or a bill."""

from __future__ import annotations

from edge.core.bills import items
from edge.core.commands import ChangeCart
from edge.core.shop import Shop


def show_carts(shop: Shop, names: set[str], at_ns: int) -> None:
    """Order the changes between the carts shown last and the likely ones now, for these visits."""
    for visit in shop.open_visits():
        if visit.id not in names:
            continue
        now = {
            (item.sku, item.status): item
            for item in items(shop.state.stories, visit.id, shop.policy.review_below_ppm, visit.mixed_ppm)
        }
        shown = shop.state.shown.get(visit.id, {})
        for key in sorted({*now, *(tuple(name.split("|")) for name in shown)}):
            item = now.get((key[0], "charged" if key[1] == "charged" else "review"))
            was = shown.get("|".join(key), 0)
            quantity = (item.quantity if item else 0) - was
            if quantity:
                shop.order(_change(shop, visit.id, key, quantity, item.confidence_ppm if item else 0, at_ns))
        shop.state.shown[visit.id] = {f"{item.sku}|{item.status}": item.quantity for item in now.values()}


def _change(shop: Shop, visit: str, key: tuple[str, ...], quantity: int, sure_ppm: int, at_ns: int) -> ChangeCart:
    return ChangeCart(
        issued_ns=at_ns,
        visit=visit,
        sku=key[0],
        quantity=quantity,
        confidence_ppm=sure_ppm,
        status="charged" if key[1] == "charged" else "review",
        evidence=tuple(shop.state.proof.get(visit, {}).get(key[0], [])[-3:]),
    )
