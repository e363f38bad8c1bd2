"""Whose hand it was: how much likelier a distance is for the one who did it than for a bystander.

Must not: name anybody by itself; it only gives log-likelihood ratios.
"""

from __future__ import annotations

from typing import Final

from edge.core.chance import normal_mnat
from edge.core.events import PointMm
from edge.core.layout import Policy
from edge.core.tracks import Tracks
from edge.core.visits import Visit

SLACK_MM: Final = 90  # a facing is not a point, and a pack is held at its side
BEST_MNAT: Final = 3_200  # a hand right at the place, against one anywhere within two and a half metres
WORST_MNAT: Final = -6_500  # a tracker can be wrong about anything
BODY_BEST_MNAT: Final = 1_400
BODY_SIGMA_MM: Final = 380
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
        far = max(0, hand - SLACK_MM)
        by_hand = BEST_MNAT + normal_mnat(far, policy.reach_sigma_mm, WORST_MNAT - BEST_MNAT)
        return by_hand if body is None else max(by_hand, _by_body(body) - 2_000)
    return UNSEEN_MNAT if body is None else _by_body(body)


def _by_body(distance_mm: int) -> int:
    return BODY_BEST_MNAT + normal_mnat(distance_mm, BODY_SIGMA_MM, WORST_MNAT - BODY_BEST_MNAT)
