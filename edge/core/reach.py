"""Whose hand it was: how much likelier a distance is for the one who did it than for a bystander.

Must not: name anybody by itself; it only gives log-likelihood ratios.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from edge.core.chance import normal_mnat
from edge.core.events import PointMm
from edge.core.layout import Policy
from edge.core.tracks import Tracks
from edge.core.visits import Visit

# How much likelier a hand at this distance is for the one who did it than for a bystander, in thousandths of a nat:
# (distance in hundredths of `reach_sigma_mm`, ratio), linear between. Shape: nine of ten hands come within two sigma,
# one in twenty is somewhere else because a tracker swapped or lost it.
BY_HAND: Final = (
    (0, 3_700), (160, 3_900), (210, 2_200), (270, 300), (360, -1_800), (550, -2_500), (820, -2_900), (2_300, -3_400),
    (3_600, -5_500),
)  # fmt: skip
BODY_BEST_MNAT: Final = 1_400
BODY_SIGMA_MM: Final = 380
BODY_WORST_MNAT: Final = -5_500
UNSEEN_MNAT: Final = -1_500  # somebody of the shop whom the tracker did not see in that moment


def ratio_mnat(visit: Visit, tracks: Tracks, place: PointMm | None, from_ns: int, to_ns: int, policy: Policy) -> int:
    """Log-likelihood ratio "did it" against "did not" for one visit, in thousandths of a nat."""
    if place is None:
        return 0
    hand: int | None = None
    body: int | None = None
    for track in visit.tracks:
        trail = tracks.trails.get(track)
        if trail is None:
            continue
        near = trail.nearest_hand_mm(place, from_ns, to_ns)
        hand = near if hand is None or (near is not None and near < hand) else hand
        near = trail.nearest_body_mm(place, from_ns, to_ns)
        body = near if body is None or (near is not None and near < body) else body
    if hand is not None:
        return _by_hand(hand * 100 // policy.reach_sigma_mm)
    return UNSEEN_MNAT if body is None else _by_body(body)


def _by_hand(at: int) -> int:
    for (left, low), (right, high) in pairwise(BY_HAND):
        if at <= right:
            return low + (high - low) * (at - left) // (right - left)
    return BY_HAND[-1][1]


def _by_body(distance_mm: int) -> int:
    return BODY_BEST_MNAT + normal_mnat(distance_mm, BODY_SIGMA_MM, BODY_WORST_MNAT - BODY_BEST_MNAT)
