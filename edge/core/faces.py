"""What the shop's policy makes of a recognised face: the liveness rule, and the evidence kept with the visit.

A refused face is never the end: a code or card opens as always. Must not: know how anything was measured.
"""

from __future__ import annotations

from edge.core.commands import Evidence
from edge.core.events import CredentialShown
from edge.core.shop import Shop


def is_refused(shop: Shop, event: CredentialShown) -> bool:
    """Whether a face is not alive enough for this shop. Where the shop refuses, what was not measured is not alive.

    A low liveness is told to people either way, once a minute.
    """
    policy = shop.policy
    if event.method != "face" or policy.liveness == "off":
        return False
    measured = event.look.liveness_ppm if event.look is not None else None
    refuse = policy.liveness == "refuse"
    if measured is None:
        return refuse
    if measured >= policy.min_liveness_ppm:
        return False
    detail = f"liveness {measured} of {policy.min_liveness_ppm} ppm; {'refused' if refuse else 'noted'}"
    shop.order(*shop.state.alarms.mention("low-liveness", event.gate, detail, event.captured_ns))
    return refuse


def evidence(event: CredentialShown) -> tuple[Evidence, ...]:
    """What the admission rests on, for the ledger: numbers only, nothing that a face could be made from."""
    look = event.look
    if look is None:
        return ()
    live = "not measured" if look.liveness_ppm is None else f"{look.liveness_ppm} ppm"
    chosen = f" narrowed by {look.narrowed_by}" if look.narrowed_by else ""
    detail = (
        f"closeness {event.score_ppm} ppm, limit {look.limit_ppm} among {look.gallery}{chosen}; liveness {live}; "
        f"{look.width_px} px wide, sharpness {look.sharpness}, light {look.light}, turned {look.turn_deg} degrees"
    )
    margin = event.score_ppm - look.limit_ppm
    return (
        Evidence(
            sensor=event.source, place=event.gate, at_ns=event.captured_ns, rule="face", margin=margin, detail=detail
        ),
    )
