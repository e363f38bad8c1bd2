"""Goods that change hands or are left lying: both ways go on as stories, because only the hands were seen.

Rules a person can read: after two hands met, each piece that one of the two held is with the other one with an even
chance between them all; after a hand was at the floor, a piece may lie there, and what lay there may be taken along.
What still lies there when the shop is empty, or after half an hour, goes to the loss account. Must not: look at tracks.
"""

from __future__ import annotations

from typing import Final

from edge.core import hypotheses
from edge.core.commands import BookLoss, Evidence
from edge.core.hypotheses import LOOSE, Option, Story
from edge.core.packs import Move
from edge.core.shop import Gesture, Lying, Shop

LIES_NS: Final = 1_800_000_000_000  # half an hour: nobody carries on what was put down so long ago
REMEMBERED_NS: Final = 30_000_000_000
KEPT_MNAT: Final = -693  # nothing changed hands: one half
MOVED_MNAT: Final = -693  # something did: the other half, shared by all that can have


def on_gesture(shop: Shop, gesture: Gesture) -> str | None:
    """Every story goes on with and without a change of hands. Returns the id of the interaction, None if idle."""
    kept = [row for row in shop.past_gestures if row.ended_ns >= gesture.ended_ns - REMEMBERED_NS]
    shop.past_gestures = [*kept, gesture]
    return _go_on(shop, gesture, gesture.began_ns)


def again(shop: Shop, told: set[tuple[str, str]], since_ns: int, told_ns: int) -> None:
    """A camera told only now of products (visit, sku) that may have moved since then: what hands did meanwhile may have
    been with them."""
    for gesture in shop.past_gestures:
        skus = {sku for visit, sku in told if visit in gesture.visits}
        if skus and gesture.ended_ns >= since_ns:
            _go_on(shop, gesture, told_ns, skus)


def _go_on(shop: Shop, gesture: Gesture, at_ns: int, skus: set[str] | None = None) -> str | None:
    """`skus`: the products that it can have been with; None = all. Whoever has left since then has no cart any more:
    what went with them is as good as lost."""
    inside = [visit for visit in gesture.visits if visit in shop.state.visits]
    places = [*inside, LOOSE][:2]
    if not inside or not any(story.held(place) for story in shop.state.stories for place in places):
        return None
    grasp = shop.new_id("g", gesture.kind, *gesture.visits, gesture.began_ns, at_ns)
    told = [
        hypotheses.tell(story, grasp, "", option)
        for story in shop.state.stories
        for option in _ways(story, places[0], places[1], skus)
    ]
    shop.state.stories = hypotheses.prune(told)
    x, y, _ = gesture.place_mm
    rule = "hands-met" if gesture.kind != "floor" else "hand-at-floor"
    proof = Evidence(sensor="tracker", place=f"{x},{y}", at_ns=gesture.ended_ns, rule=rule)
    for visit in inside:
        for sku in sorted({sku for story in shop.state.stories for sku in story.held(visit)}):
            shop.state.proof.setdefault(visit, {}).setdefault(sku, []).append(proof)
    return grasp


def _ways(story: Story, one: str, other: str, skus: set[str] | None = None) -> list[Option]:
    pieces = [(one, other, sku) for sku in sorted(story.held(one))]
    pieces += [(other, one, sku) for sku in sorted(story.held(other))]
    pieces = [piece for piece in pieces if skus is None or piece[2] in skus]
    found = [Option((), KEPT_MNAT if pieces else 0)]
    for giver, taker, sku in pieces:
        moved = (Move(giver, sku, -1), Move(taker, sku, 1))
        found.append(Option(moved, MOVED_MNAT - LOG_MNAT[min(len(pieces), len(LOG_MNAT)) - 1]))
    return found


LOG_MNAT: Final = (0, 693, 1_099, 1_386, 1_609, 1_792, 1_946, 2_079)  # ln 1, ln 2, ... ln 8


def book_left_behind(shop: Shop, at_ns: int, *, empty: bool) -> None:
    """What the likeliest story left lying inside is a loss, until somebody puts it back: when the shop is `empty`, and
    in a shop that never is, once it has lain there for `LIES_NS`."""
    held = shop.state.stories[0].held(LOOSE)
    lying = sorted({sku for story in shop.state.stories for sku in story.held(LOOSE)})
    for sku in lying:
        known = shop.state.loose.get(sku)
        if known is None or held.get(sku, 0) > known.quantity:  # one more was put down just now
            shop.state.loose[sku] = Lying(since_ns=at_ns, quantity=held.get(sku, 0))
    shop.state.loose = {sku: shop.state.loose[sku] for sku in lying}
    due = [sku for sku in lying if empty or at_ns - shop.state.loose[sku].since_ns >= LIES_NS]
    for sku in due:
        product = shop.planogram.products.get(sku)
        if held.get(sku):
            shop.order(
                BookLoss(
                    issued_ns=at_ns,
                    loss=shop.new_id("l", LOOSE, sku, at_ns),
                    sku=sku,
                    quantity=held[sku],
                    unit_minor=product.price_minor if product else None,
                    reason="left-inside",
                    evidence=(),
                )
            )
        del shop.state.loose[sku]
    if due:
        shop.state.stories = hypotheses.forget_goods(shop.state.stories, LOOSE, due)
