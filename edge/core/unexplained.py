"""A change of a shelf that nothing explains well: what those who had a hand there held by then may have changed, too.

Two hands at one place within a second move a scale by a sum that it may tell as one step, or as two of which neither
is anybody's pack. Then somebody may have put something back unseen. Must not: change a story.
"""

from __future__ import annotations

from typing import Final

import msgspec

from edge.core.commands import Line
from edge.core.events import ShelfChanged
from edge.core.hypotheses import Option, odd_ppm
from edge.core.reach import ratio_mnat
from edge.core.shop import Shop
from edge.core.target import Target
from edge.core.visits import Visit

ODD_PPM: Final = 200_000  # how likely the explanations that explain little must be
BEFORE_NS: Final = 3_000_000_000  # who was there so long before may have begun it
MAY_HAVE_MNAT: Final = -1_000  # whose hand was seen no nearer may have had it there when nobody looked
UNSEEN_PUT_PPM: Final = 100_000  # that something held was put back in it


def note(
    shop: Shop, span_ns: tuple[int, int], target: Target | None, ways: list[list[Option]], came: list[str]
) -> None:
    """Remember what those held who had a hand at a change, if none of `ways` (of each story) explains it well. `came`
    are the products of that place, where the weight came: it may be a hand that goes again together with a pack."""
    if target is None or odd_ppm(shop.state.stories, ways) < ODD_PPM:
        return
    from_ns, to_ns = span_ns[0] - BEFORE_NS, span_ns[1] + shop.policy.reach_after_ns
    for visit in shop.present(from_ns):
        if ratio_mnat(visit, shop.tracks, target, from_ns, to_ns, shop.policy) >= MAY_HAVE_MNAT:
            held = shop.state.stories[0].held(visit.id)
            visit.unclear += sorted(set(held).difference(visit.unclear))
            visit.pressed += sorted(set(came).difference(visit.pressed))


def put_unfelt(shop: Shop, event: ShelfChanged, home: str) -> None:
    """A camera names a product that was put where it does not belong, and no scale felt it by itself: whoever holds
    one may have put it back while somebody else took about as much."""
    if event.change != "put" or event.sku in (None, home):
        return
    for visit in shop.present(event.began_ns):
        if event.sku in shop.state.stories[0].held(visit.id) and event.sku not in visit.unclear:
            visit.unclear.append(event.sku)


def doubted(shop: Shop, visit: Visit, line: Line) -> Line:
    """A line of something that may have been put back, or counted twice, in a change that nobody understood."""
    twice = line.quantity > 1 and line.sku in visit.pressed
    if line.status != "charged" or not (twice or line.sku in visit.unclear):
        return line
    sure_ppm = line.confidence_ppm * (1_000_000 - UNSEEN_PUT_PPM) // 1_000_000
    status = line.status if sure_ppm >= shop.policy.review_below_ppm else "review"
    return msgspec.structs.replace(line, confidence_ppm=sure_ppm, status=status)
