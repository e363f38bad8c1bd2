"""Tags at the portal: how likely each story's cart is, given which tags were seen leaving.

A tag in the cart is seen, unless it is dead or hidden; a tag that is not in the cart is a stray from a shelf, and a
stray is read a few times, not many. A tagged pack may also have been left inside, and one that nobody saw taken
may have been taken. Must not: decide; it gives new stories and their weights.
"""

from __future__ import annotations

from typing import Final

import msgspec

from edge.core.chance import times, weight
from edge.core.hypotheses import LOOSE, Story, prune
from edge.core.visits import Visit

SEEN_MNAT: Final = ((1, -2_800), (3, -1_200), (1_000_000, -30))  # a carried tag is seldom read so few times
MISSED_MNAT: Final = -3_500  # a tag in the cart stays unseen: dead, or hidden by a body
MISSED_TOO_MNAT: Final = -800  # what hides one tag of a body hides its others
LEFT_MNAT: Final = -5_000  # the pack was left somewhere inside
STRAY_MNAT: Final = ((1, -1_500), (4, -3_000), (8, -6_000), (1_000_000, -9_000))  # by number of reads
SAME_MNAT: Final = -3_500  # a stray is of just the product that was taken
NEAR_CDBM: Final = -6_500  # within an arm of an antenna; readers that tell no strength count as near
ONCE_NEAR_CDBM: Final = -6_250  # of a single read, whose strength may be noise
NEAR_READS: Final = 4
UNSEEN_TAKE_MNAT: Final = -6_000  # scales or cameras watch the product and said nothing
HANDED_MNAT: Final = -3_500  # somebody else inside has it in this story, and gave it away
WITH_ANOTHER_MNAT: Final = -3_000  # a tag of it left with somebody who does not have one in this story
LEFT_AND_FOUND_MNAT: Final = -1_500  # as LEFT, when it did
FOUND_MNAT: Final = -700  # it was left inside in this story, and found
UNWATCHED_TAKE_MNAT: Final = -500  # nothing watches the product but the portal


def leaving(visit: Visit, window_ns: int) -> dict[str, list[int]]:
    """For each product, the numbers of reads of its tags that were read until just before the visit left; a strong
    read is worth several, because tags on shelves are far from the portal and answer weakly."""
    found: dict[str, list[int]] = {}
    for tag in visit.tags.values():
        if visit.left_ns is None or tag.last_ns >= visit.left_ns - window_ns:  # else it was put back after that
            near = tag.best_cdbm >= (NEAR_CDBM if tag.reads > 1 else ONCE_NEAR_CDBM)
            found.setdefault(tag.sku, []).append(tag.reads + (NEAR_READS if near else 0))
    return {sku: sorted(reads, reverse=True) for sku, reads in found.items()}


def hear(
    stories: list[Story],
    visit: Visit,
    seen: dict[str, list[int]],
    tagged: set[str],
    watched: set[str],
    others: dict[str, dict[str, int]],
) -> list[Story]:
    """Stories after the portal was heard. `tagged` products carry tags, `watched` ones are under scales or cameras;
    `others` are the numbers of tags that were read with other visits, by visit and product."""
    told = stories
    for sku in sorted(tagged & ({name for story in stories for name in story.held(visit.id)} | set(seen))):
        told = prune(
            [new for story in told for new in _one(story, visit.id, sku, seen.get(sku, []), sku in watched, others)]
        )
    return told


def _one(
    story: Story, visit: str, sku: str, reads: list[int], is_watched: bool, others: dict[str, dict[str, int]]
) -> list[Story]:
    count = story.held(visit).get(sku, 0)
    strange = any(tags.get(sku, 0) > story.held(other).get(sku, 0) for other, tags in others.items())
    found = []
    for real in range(max(count, len(reads)) + 1):
        carts, moved = _where_from(story, visit, sku, real - count, is_watched)
        missed = max(0, real - len(reads))
        log = moved + (MISSED_MNAT + (missed - 1) * MISSED_TOO_MNAT if missed else 0)
        log += (WITH_ANOTHER_MNAT if missed else 0) if strange else 0
        log += LEFT_AND_FOUND_MNAT - LEFT_MNAT if strange and real < count else 0
        log += sum(_by_reads(SEEN_MNAT, number) for number in reads[:real])
        log += sum(_by_reads(STRAY_MNAT, number) for number in reads[real:])
        log += max(0, min(count, len(reads)) - real) * SAME_MNAT
        carts = {**carts, visit: {**story.held(visit), sku: real}}
        if real == 0:
            del carts[visit][sku]
        found.append(msgspec.structs.replace(story, weight=times(story.weight, weight(log)), carts=carts))
    return found


def _where_from(
    story: Story, visit: str, sku: str, more: int, is_watched: bool
) -> tuple[dict[str, dict[str, int]], int]:
    """Carts of the others and log-likelihood, when a visit has `more` (or fewer) of a product than its story says."""
    carts = {name: dict(cart) for name, cart in story.carts.items()}
    if more <= 0:
        if more < 0:
            loose = carts.setdefault(LOOSE, {})
            loose[sku] = loose.get(sku, 0) - more
        return carts, -more * LEFT_MNAT
    log = 0
    for _ in range(more):
        giver = next((name for name in (LOOSE, *sorted(carts)) if name != visit and carts.get(name, {}).get(sku)), "")
        if giver:
            carts[giver][sku] -= 1
            log += FOUND_MNAT if giver == LOOSE else HANDED_MNAT
            if carts[giver][sku] == 0:
                del carts[giver][sku]
        else:
            log += UNSEEN_TAKE_MNAT if is_watched else UNWATCHED_TAKE_MNAT
    return carts, log


def _by_reads(table: tuple[tuple[int, int], ...], reads: int) -> int:
    return next(log for most, log in table if reads <= most)
