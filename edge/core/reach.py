"""Whose hand it was: how much likelier a place of a hand is for the one who did it than for a bystander.

A hand is judged along its shelf, in depth and in height apart, because a tracker and a shelf are exact along the
shelf and say little about depth. Must not: name anybody by itself; it only gives log-likelihood ratios.
"""

from __future__ import annotations

from itertools import pairwise
from math import isqrt
from typing import Final, NamedTuple

from edge.core.chance import normal_mnat
from edge.core.events import PointMm
from edge.core.layout import Policy
from edge.core.tracks import Tracks
from edge.core.trails import Trail, distance3
from edge.core.visits import Visit

UNIT: Final = 1_024  # length of a direction
GRIP_MM: Final = 95  # a hand holds a pack above the board that it stands on
SIGMA_MM: Final = 110  # the `reach_sigma_mm` for which the figures below hold; they scale with it
ALONG_MM: Final = 48
GRIP_DEPTH_MM: Final = 115  # before the middle of the shelf, where packs stand at the front
GRIP_SPREAD_MM: Final = 80
DEPTH_MM: Final = 130
HEIGHT_MM: Final = 70
ANYWHERE_MM: Final = 90  # where nobody knows how the shelf runs

Table = tuple[tuple[int, int], ...]
# How much likelier a hand at this distance is for the one who did it, in thousandths of a nat: (distance in hundredths
# of its spread, ratio), linear between. Shape: a normal law, above a floor for hands that a tracker lost or exchanged,
# below a ceiling because another hand may touch the same place and take nothing.
ALONE: Final[Table] = (
    (0, 5_000), (50, 4_600), (100, 3_900), (150, 3_000), (200, 1_200), (250, -500), (300, -1_200), (400, -2_200),
    (600, -4_500), (1_000, -5_200), (3_000, -5_500),
)  # fmt: skip
# Where somebody else reached into the place beside at that moment, their hands are explained: steeper.
BESIDE: Final[Table] = (
    (0, 5_000), (50, 4_650), (100, 3_600), (150, 1_900), (200, -600), (250, -2_500), (300, -3_000), (400, -3_500),
    (600, -4_300), (1_000, -5_200), (3_000, -5_500),
)  # fmt: skip
BODY_BEST_MNAT: Final = 1_400
BODY_SIGMA_MM: Final = 380
BODY_WORST_MNAT: Final = -5_500
BETWEEN_MNAT: Final = -2_000  # the hand was elsewhere, but it was not seen all the time
IN_REACH_MNAT: Final = 0  # not seen in that moment, but near enough just before and after
OUT_OF_REACH_MNAT: Final = -3_500
UNSEEN_MNAT: Final = -1_500  # somebody of the shop whom the tracker did not see in that moment


class Target(NamedTuple):
    """Where a hand has to be: the middle of a facing, how its shelf runs (`UNIT` long, None = unknown), its width."""

    place_mm: PointMm
    along: tuple[int, int] | None = None
    wide_mm: int = 0


def ratio_mnat(
    visit: Visit, tracks: Tracks, target: Target | None, from_ns: int, to_ns: int, policy: Policy, table: Table = ALONE
) -> int:
    """Log-likelihood ratio "did it" against "did not" for one visit, in thousandths of a nat."""
    if target is None:
        return 0
    hand: int | None = None
    body: int | None = None
    trails = [trail for track in visit.tracks if (trail := tracks.trails.get(track)) is not None]
    for trail in trails:
        front = _front(trail, target, from_ns)
        for spot in trail.smooth_hands(from_ns, to_ns, target.place_mm):
            far = distance_h(spot, target, policy.reach_sigma_mm, front)
            hand = far if hand is None or far < hand else hand
        near = trail.nearest_body_mm(target.place_mm, from_ns, to_ns)
        body = near if body is None or (near is not None and near < body) else body
    if hand is not None:
        seen = _look_up(table, hand)
        return max(seen, BETWEEN_MNAT) if seen < BETWEEN_MNAT and _between(trails, target, from_ns, to_ns) else seen
    if body is not None:
        return _by_body(body)
    gaps = [trail.out_of_reach_mm(target.place_mm, from_ns, to_ns) for trail in trails]
    known = [gap for gap in gaps if gap is not None]
    return UNSEEN_MNAT if not known else (OUT_OF_REACH_MNAT if min(known) else IN_REACH_MNAT)


def _front(trail: Trail, target: Target, at_ns: int) -> int:
    """On which side of its shelf's line the body stands: 1 or -1; 0 where that is not known."""
    place = trail.place_at(at_ns)
    if place is None or target.along is None:
        return 0
    x, y = place[0] - target.place_mm[0], place[1] - target.place_mm[1]
    side = x * target.along[1] - y * target.along[0]
    return (side > 0) - (side < 0)


def distance_h(hand: PointMm, target: Target, sigma_mm: int, front: int = 0) -> int:
    """Distance of a hand from where a grip is, in hundredths of the spread that is usual there. `front` is the side on
    which the body stands: a hand that takes is before the middle of the shelf, one that only points is farther out."""
    if target.along is None:
        grip = (target.place_mm[0], target.place_mm[1], target.place_mm[2] + GRIP_MM)
        return distance3(hand, grip) * 100 * SIGMA_MM // (ANYWHERE_MM * sigma_mm)
    x, y = hand[0] - target.place_mm[0], hand[1] - target.place_mm[1]
    along = (x * target.along[0] + y * target.along[1]) // UNIT
    depth = (x * target.along[1] - y * target.along[0]) // UNIT
    height = hand[2] - target.place_mm[2] - GRIP_MM
    wide = isqrt(ALONG_MM * ALONG_MM + target.wide_mm * target.wide_mm // 25)
    deep = (depth - front * GRIP_DEPTH_MM, GRIP_SPREAD_MM) if front else (depth, DEPTH_MM)
    parts = ((along, wide), deep, (height, HEIGHT_MM))
    return isqrt(sum((off * 100 * SIGMA_MM // (spread * sigma_mm)) ** 2 for off, spread in parts))


def _between(trails: list[Trail], target: Target, from_ns: int, to_ns: int) -> bool:
    """True if a hand could have been there while it was not seen."""
    return any(
        trail.out_of_reach_mm(target.place_mm, left, right) == 0
        for trail in trails
        for left, right in trail.unwatched(from_ns, to_ns)
    )


def _look_up(table: Table, at: int) -> int:
    for (left, low), (right, high) in pairwise(table):
        if at <= right:
            return low + (high - low) * (at - left) // (right - left)
    return table[-1][1]


def _by_body(distance_mm: int) -> int:
    return BODY_BEST_MNAT + normal_mnat(distance_mm, BODY_SIGMA_MM, BODY_WORST_MNAT - BODY_BEST_MNAT)
