"""Who it was, by hands and bodies: how much likelier what was seen is for the one who did it than for a bystander.

Where a scale tells the moment, `grip.py` judges hands by it; a camera only tells a span. Must not: name anybody by
itself; it only gives log-likelihood ratios.
"""

from __future__ import annotations

from typing import Final

from edge.core.chance import normal_mnat
from edge.core.grip import ELSEWHERE, Moment, are_accounted, by_hand_mnat, look_up
from edge.core.layout import Policy
from edge.core.target import Target, distance_h, front_of
from edge.core.tracks import Tracks
from edge.core.trails import ARM_MM, Trail
from edge.core.visits import Visit

# How much likelier a hand at this distance is for the one who did it, in thousandths of a nat: (distance in hundredths
# of its spread, ratio), linear between. Shape: a normal law, above a floor for hands that a tracker lost or exchanged,
# below a ceiling because another hand may touch the same place and take nothing.
BY_DISTANCE: Final = (
    (0, 5_000), (50, 4_600), (100, 3_900), (150, 3_000), (200, 1_200), (250, -500), (300, -1_200), (400, -2_200),
    (600, -4_500), (1_000, -5_200), (3_000, -5_500),
)  # fmt: skip
BODY_BEST_MNAT: Final = 1_400
BODY_SIGMA_MM: Final = 380
BODY_WORST_MNAT: Final = -5_500
BETWEEN_MNAT: Final = -2_000  # the hand was elsewhere, but it was not seen all the time
IN_REACH_MNAT: Final = 0  # not seen in that moment, but near enough just before and after
OUT_OF_REACH_MNAT: Final = -3_500
LEFT_NS: Final = 1_000_000_000
LEFT_MNAT: Final = -6_000  # who went out before, and is only waited for
NOT_THERE_MM, NOT_THERE_MNAT = 1_000, -6_500  # farther than any arm that a tracker misplaced
FAR_BODY_MM: Final = 300  # out of arm's reach by more
UNSEEN_MNAT: Final = -1_500  # somebody of the shop whom the tracker did not see in that moment


def ratio_mnat(
    visit: Visit,
    tracks: Tracks,
    target: Target | None,
    from_ns: int,
    to_ns: int,
    policy: Policy,
    moment: Moment | None = None,
) -> int:
    """Log-likelihood ratio "did it" against "did not" for one visit, in thousandths of a nat."""
    if target is None:
        return 0
    if visit.left_ns is not None and visit.left_ns < from_ns - LEFT_NS:
        return LEFT_MNAT
    trails = [trail for track in visit.tracks if (trail := tracks.trails.get(track)) is not None]
    nearest = [trail.nearest_body_mm(target.place_mm, from_ns, to_ns) for trail in trails]
    body = min((far for far in nearest if far is not None), default=None)
    if body is None:  # a tracker that tells no places, or nobody seen
        hands = [trail.nearest_hand_mm(target.place_mm, from_ns, to_ns) for trail in trails]
        body = min((max(0, far - ARM_MM) for far in hands if far is not None), default=None)
    if body is not None and body > NOT_THERE_MM:  # no need to look at hands
        return NOT_THERE_MNAT
    if moment is None:
        hand = _by_span(trails, target, from_ns, to_ns, policy)
    else:  # of a body that was not seen at all in that moment, hands before and after say nothing
        hand = _by_moment(trails, target, moment, policy, body) if body is not None else None
    if hand is not None:
        return hand
    if body is not None:
        return _by_body(body)
    gaps = [trail.out_of_reach_mm(target.place_mm, from_ns, to_ns) for trail in trails]
    known = [gap for gap in gaps if gap is not None]
    return UNSEEN_MNAT if not known else (OUT_OF_REACH_MNAT if min(known) else IN_REACH_MNAT)


def _by_moment(trails: list[Trail], target: Target, moment: Moment, policy: Policy, body: int) -> int | None:
    """By the hands at the moment of a change; not less than what hands that were elsewhere, or not seen, leave open."""
    found = []
    for trail in trails:
        by_hand = by_hand_mnat(trail, target, moment, policy.reach_sigma_mm)
        if by_hand is not None:
            near = body < FAR_BODY_MM
            found.append(max(by_hand, ELSEWHERE[near, are_accounted(trail, moment)]))
    return max(found, default=None)


def _by_span(trails: list[Trail], target: Target, from_ns: int, to_ns: int, policy: Policy) -> int | None:
    """By the sighting of a hand that was nearest in a span."""
    hand: int | None = None
    for trail in trails:
        front = front_of(trail, target, from_ns)
        for spot in trail.smooth_hands(from_ns, to_ns, target.place_mm):
            far = distance_h(spot, target, policy.reach_sigma_mm, front)
            hand = far if hand is None or far < hand else hand
    if hand is None:
        return None
    seen = look_up(BY_DISTANCE, hand)
    return max(seen, BETWEEN_MNAT) if seen < BETWEEN_MNAT and _between(trails, target, from_ns, to_ns) else seen


def _between(trails: list[Trail], target: Target, from_ns: int, to_ns: int) -> bool:
    """True if a hand could have been there while it was not seen."""
    return any(
        trail.out_of_reach_mm(target.place_mm, left, right) == 0
        for trail in trails
        for left, right in trail.unwatched(from_ns, to_ns)
    )


def _by_body(distance_mm: int) -> int:
    return BODY_BEST_MNAT + normal_mnat(distance_mm, BODY_SIGMA_MM, BODY_WORST_MNAT - BODY_BEST_MNAT)
