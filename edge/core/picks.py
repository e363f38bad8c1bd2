"""Which product, and who: weight against the planogram, hands against places, each with a margin.

First version: one best explanation at a time. A margin that is too small is passed on as low confidence, which
sends the line to review. Must not: change a cart, or use a float.
"""

from __future__ import annotations

from typing import NamedTuple

from edge.core.events import PointMm
from edge.core.layout import Policy, Product
from edge.core.tracks import Tracks
from edge.core.visits import Visit

SURE_PPM = 995_000
LIMIT_PPM = 800_000
DOUBT_PPM = 500_000
NO_WEIGHT_PPM = 850_000
MAX_QUANTITY = 8
MISFIT_PPM = 400_000


class Explanation(NamedTuple):
    """Products and quantities that would move the plate by this much. `error_mg` is what stays unexplained."""

    parts: tuple[tuple[str, int], ...]
    error_mg: int
    fits: bool


class Choice(NamedTuple):
    """The best explanation, how far the next one was, and the products that were close."""

    parts: tuple[tuple[str, int], ...]
    margin_mg: int
    confidence_ppm: int
    alternatives: tuple[str, ...]


class Claim(NamedTuple):
    """A visit and how near its hands were; None where it was not seen in the span."""

    visit: Visit
    distance_mm: int | None


class Blame(NamedTuple):
    """Who did it, and how sure."""

    visit: Visit | None
    margin_mm: int
    confidence_ppm: int
    rule: str


def margin_ppm(margin: int, limit: int) -> int:
    """Confidence from a margin: 0.5 at none, 0.8 at the limit, 0.995 at three times the limit, linear between."""
    if limit <= 0:
        return SURE_PPM
    if margin < limit:
        return DOUBT_PPM + (LIMIT_PPM - DOUBT_PPM) * max(0, margin) // limit
    return LIMIT_PPM + (SURE_PPM - LIMIT_PPM) * min(margin - limit, 2 * limit) // (2 * limit)


def both_ppm(one: int, other: int) -> int:
    """Confidence that both hold."""
    return one * other // 1_000_000


def either_ppm(one: int, other: int) -> int:
    """Confidence after a second, independent witness said the same."""
    return 1_000_000 - (1_000_000 - one) * (1_000_000 - other) // 1_000_000


def explain(products: list[Product], weight_mg: int, noise_mg: int, policy: Policy) -> list[Explanation]:
    """All explanations of a weight by one product in some quantity, or by one each of two; best first."""

    def judge(parts: tuple[tuple[str, int], ...], expected_mg: int) -> Explanation:
        error = abs(weight_mg - expected_mg)
        allowed = policy.weight_tolerance_mg + expected_mg * policy.weight_tolerance_ppm // 1_000_000 + 3 * noise_mg
        return Explanation(parts, error, error <= allowed)

    weights = [(product.sku, product.weight_mg) for product in products if product.weight_mg]
    found = []
    for sku, each_mg in weights:
        nearest = max(1, min(MAX_QUANTITY, (weight_mg + each_mg // 2) // each_mg))
        for quantity in {max(1, nearest - 1), nearest, nearest + 1}:
            found.append(judge(((sku, quantity),), quantity * each_mg))
    for number, (sku, each_mg) in enumerate(weights):
        for other, other_mg in weights[number + 1 :]:
            found.append(judge(((sku, 1), (other, 1)), each_mg + other_mg))
    return sorted(found, key=lambda item: (not item.fits, item.error_mg, len(item.parts), item.parts))


def choose(products: list[Product], weight_mg: int, noise_mg: int, policy: Policy) -> Choice | None:
    """The product(s) of a grasp of `weight_mg` (positive). None if no product stands there."""
    if not products:
        return None
    silent = tuple(product.sku for product in products if not product.weight_mg)
    found = explain(products, weight_mg, noise_mg, policy)
    if not found or not found[0].fits:
        if silent:  # what cannot be weighed explains what nothing else does; one at least was taken
            sure = NO_WEIGHT_PPM if len(silent) == 1 and not found else MISFIT_PPM
            return Choice(((silent[0], 1),), 0, sure, silent)
        best = found[0]
        close = tuple(sorted({sku for item in found[:3] for sku, _ in item.parts}))
        return Choice(best.parts, 0, MISFIT_PPM, close)
    best = found[0]
    rivals = [item for item in found[1:] if item.parts != best.parts]
    margin = (rivals[0].error_mg - best.error_mg) if rivals else 3 * policy.weight_margin_mg
    confidence = margin_ppm(margin, policy.weight_margin_mg)
    if silent:
        confidence = both_ppm(confidence, NO_WEIGHT_PPM + (SURE_PPM - NO_WEIGHT_PPM) // 2)
    near = [item for item in found if item.error_mg - best.error_mg < policy.weight_margin_mg]
    close = tuple(sorted({sku for item in near for sku, _ in item.parts}))
    return Choice(best.parts, margin, confidence, close)


def claims(visits: list[Visit], tracks: Tracks, place: PointMm | None, from_ns: int, to_ns: int) -> list[Claim]:
    """Visits by how near their hands came to `place` in a span; those not seen come last."""
    found = []
    for visit in visits:
        distances = []
        for track in visit.tracks:
            trail = tracks.trails.get(track)
            if trail is not None and place is not None:
                near = trail.nearest_mm(place, from_ns, to_ns)
                distances += [near] if near is not None else []
        found.append(Claim(visit, min(distances) if distances else None))
    return sorted(found, key=lambda item: (item.distance_mm is None, item.distance_mm or 0, item.visit.id))


def blame(found: list[Claim], hidden: bool, policy: Policy) -> Blame:
    """Who of several claims did it. Nobody, if all that were seen were out of reach."""
    if not found:
        return Blame(None, 0, 0, "nobody-inside")
    if hidden or all(claim.distance_mm is None for claim in found):
        rule = "sole-visit-hidden" if hidden else "sole-visit"
        if len(found) == 1:
            return Blame(found[0].visit, 2 * policy.reach_margin_mm, margin_ppm(2, 1), rule)
        return Blame(found[0].visit, 0, DOUBT_PPM, "several-visits-unseen")
    best, *rest = found
    assert best.distance_mm is not None
    if best.distance_mm > policy.reach_mm:
        unseen = [claim.visit for claim in rest if claim.distance_mm is None]
        return Blame(unseen[0], 0, DOUBT_PPM, "only-unseen") if unseen else Blame(None, 0, 0, "nobody-near")
    margin = 3 * policy.reach_margin_mm
    if rest:
        other = rest[0].distance_mm
        margin = 0 if other is None else other - best.distance_mm
    return Blame(best.visit, margin, margin_ppm(margin, policy.reach_margin_mm), "nearest-hand")
