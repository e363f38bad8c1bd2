"""What a page shows of the core: a copy in plain structs. Must not: be read back by a rule."""

from __future__ import annotations

import msgspec

from edge.core import eyes
from edge.core.bills import items
from edge.core.shop import Shop


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """One body on the plan."""

    track: str
    place_mm: tuple[int, int] | None
    visit: str | None


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a running cart."""

    sku: str
    quantity: int
    status: str
    confidence_ppm: int


class VisitView(msgspec.Struct, frozen=True, kw_only=True):
    """One open visit."""

    visit: str
    shopper: str | None
    method: str
    state: str
    opened_ns: int
    cart: tuple[CartLine, ...]


class ShopView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is now."""

    now_ns: int
    run_id: str
    people: tuple[PersonView, ...]
    visits: tuple[VisitView, ...]
    alarms: dict[str, str]
    mode: str
    levels_mg: dict[str, int]


def view(shop: Shop) -> ShopView:
    """Copy what a page needs."""
    people = []
    for track, trail in shop.tracks.trails.items():
        visit = shop.visit_of(track)
        people.append(PersonView(track=track, place_mm=trail.last_place(), visit=visit.id if visit else None))
    visits = tuple(
        VisitView(
            visit=visit.id,
            shopper=visit.shopper,
            method=visit.method,
            state=str(visit.state),
            opened_ns=visit.opened_ns,
            cart=tuple(
                CartLine(sku=i.sku, quantity=i.quantity, status=i.status, confidence_ppm=i.confidence_ppm)
                for i in items(shop.state.stories, visit.id, shop.policy.review_below_ppm, visit.mixed_ppm)
            ),
        )
        for visit in shop.open_visits()
    )
    return ShopView(
        now_ns=shop.state.now_ns,
        run_id=shop.state.run_id,
        people=tuple(people),
        visits=visits,
        alarms=dict(shop.state.alarms.standing),
        mode=eyes.mode(shop),
        levels_mg={plate: level.level_mg for plate, level in shop.state.levels.items()},
    )
