"""Where a hand has to be for a change on a shelf, and how far from there one is.

A hand is judged along its shelf, in depth and in height apart, because a tracker and a shelf are exact along the
shelf and say little about depth. Must not: know persons or moments.
"""

from __future__ import annotations

from math import isqrt
from typing import Final, NamedTuple

from edge.core.events import PointMm
from edge.core.trails import Trail, distance3

UNIT: Final = 1_024  # length of a direction
GRIP_MM: Final = 95  # a hand holds a pack above the board that it stands on
SIGMA_MM: Final = 110  # the `reach_sigma_mm` for which the figures below hold; they scale with it
ALONG_MM: Final = 48
GRIP_DEPTH_MM: Final = 115  # before the middle of the shelf, where packs stand at the front
GRIP_SPREAD_MM: Final = 80
DEPTH_MM: Final = 130
HEIGHT_MM: Final = 70
ANYWHERE_MM: Final = 90  # where nobody knows how the shelf runs

Offset = tuple[int, int, int]  # along, in depth, in height; in hundredths of the spread that is usual there


class Target(NamedTuple):
    """Where a hand has to be: the middle of a facing, how its shelf runs (`UNIT` long, None = unknown), its width."""

    place_mm: PointMm
    along: tuple[int, int] | None = None
    wide_mm: int = 0


def front_of(trail: Trail, target: Target, at_ns: int) -> int:
    """On which side of its shelf's line the body stands: 1 or -1; 0 where that is not known."""
    place = trail.place_at(at_ns)
    if place is None or target.along is None:
        return 0
    x, y = place[0] - target.place_mm[0], place[1] - target.place_mm[1]
    side = x * target.along[1] - y * target.along[0]
    return (side > 0) - (side < 0)


def offset_h(hand: PointMm, target: Target, sigma_mm: int, front: int = 0) -> Offset:
    """How far a hand is from where a grip is. `front` is the side on which the body stands: a hand that takes is before
    the middle of the shelf, one that only points is farther out."""
    if target.along is None:
        grip = (target.place_mm[0], target.place_mm[1], target.place_mm[2] + GRIP_MM)
        return distance3(hand, grip) * 100 * SIGMA_MM // (ANYWHERE_MM * sigma_mm), 0, 0
    x, y = hand[0] - target.place_mm[0], hand[1] - target.place_mm[1]
    along = (x * target.along[0] + y * target.along[1]) // UNIT
    depth = (x * target.along[1] - y * target.along[0]) // UNIT
    height = hand[2] - target.place_mm[2] - GRIP_MM
    wide = isqrt(ALONG_MM * ALONG_MM + target.wide_mm * target.wide_mm // 25)
    deep = (depth - front * GRIP_DEPTH_MM, GRIP_SPREAD_MM) if front else (depth, DEPTH_MM)
    one, two, three = (
        abs(off) * 100 * SIGMA_MM // (spread * sigma_mm) for off, spread in ((along, wide), deep, (height, HEIGHT_MM))
    )
    return one, two, three


def distance_h(hand: PointMm, target: Target, sigma_mm: int, front: int = 0) -> int:
    """The length of `offset_h`."""
    return isqrt(sum(off * off for off in offset_h(hand, target, sigma_mm, front)))
