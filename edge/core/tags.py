"""Tags at the portal: how likely each story's cart is, given which tags were seen leaving.

Must not: count a tag that no portal saw twice; one read may be a stray from a shelf.
"""

from __future__ import annotations

from typing import Final

from edge.core.hypotheses import Story
from edge.core.visits import Visit

READS_MIN: Final = 2
SEEN_MNAT: Final = -30  # a tag in the cart is seen
MISSED_MNAT: Final = -3_000  # a tag in the cart stays unseen: dead, or hidden by a body
STRAY_MNAT: Final = -4_000  # a tag that is not in the cart is seen all the same


def leaving(visit: Visit) -> dict[str, int]:
    """Tags of each product that left with a visit."""
    found: dict[str, int] = {}
    for tag in visit.tags.values():
        if tag.reads >= READS_MIN:
            found[tag.sku] = found.get(tag.sku, 0) + 1
    return found


def words(stories: list[Story], visit: Visit, tagged: set[str]) -> list[int]:
    """Log-likelihood of what the portal saw, for each story. `tagged` are the products that carry tags."""
    seen = leaving(visit)
    said = []
    for story in stories:
        held = story.held(visit.id)
        log = 0
        for sku in sorted(tagged & (set(held) | set(seen))):
            count, read = held.get(sku, 0), seen.get(sku, 0)
            log += min(count, read) * SEEN_MNAT
            log += max(0, count - read) * MISSED_MNAT + max(0, read - count) * STRAY_MNAT
        said.append(log)
    return said
