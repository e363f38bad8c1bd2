"""What happened at the shelves becomes cart changes: scales first, cameras as second witness or alone.

A put-back must be something somebody holds; a take that nobody near can explain goes to the loss account.
Must not: end visits or move doors.
"""

from __future__ import annotations

from edge.core import carts
from edge.core.commands import BookLoss, Evidence
from edge.core.events import PlateSteady, PointMm, ShelfChanged, WeightStep
from edge.core.evidence import Grasp, add_step, joins
from edge.core.picks import Blame, Choice, blame, both_ppm, choose, claims, either_ppm
from edge.core.shop import Doing, Level, Shop
from edge.core.visits import Entry, Visit

RECENT_NS = 60_000_000_000
STEP_DELAY_NS = 2_000_000_000  # nearly all steps are told within this after they ended
WITNESS_NS = 2_000_000_000  # camera and scale speak of the same grasp within this
FOREIGN_NS_MAX = 16  # foreign weights remembered per plate


def on_step(shop: Shop, step: WeightStep) -> None:
    """A plate changed: wait a moment for its neighbours, then decide."""
    shop.state.levels[step.plate] = Level(level_mg=step.level_mg, at_ns=step.ended_ns)
    if abs(step.delta_mg) < _least_mg(shop, step.plate):
        return
    for grasp in shop.state.grasps.values():
        if joins(grasp, step, shop.planogram, shop.policy.join_ns):
            add_step(grasp, step)
            break
    else:
        grasp = Grasp(
            id=shop.new_id("g", step.plate, step.began_ns),
            deltas_mg={step.plate: step.delta_mg},
            began_ns=step.began_ns,
            ended_ns=step.ended_ns,
            noise_mg=step.noise_mg,
        )
        shop.state.grasps[grasp.id] = grasp
    shop.timers.set(max(shop.state.now_ns, grasp.ended_ns + shop.policy.join_ns), "grasp", grasp.id)


def _least_mg(shop: Shop, plate: str) -> int:
    """Less than this is cross-talk or drift: two fifths of the lightest product that stands there."""
    weights = [product.weight_mg for product in shop.planogram.on_plates([plate])]
    known = [weight for weight in weights if weight is not None]
    lightest = min(known) if known and len(known) == len(weights) else 0
    return max(shop.policy.min_step_mg, lightest * 2 // 5)


def on_steady(shop: Shop, event: PlateSteady) -> None:
    """A quiet level. Where it differs from the last one known, something moved while nobody watched."""
    last = shop.state.levels.get(event.plate)
    shop.state.levels[event.plate] = Level(level_mg=event.level_mg, at_ns=event.captured_ns)
    if last is None:
        return
    delta = event.level_mg - last.level_mg
    if abs(delta) < max(_least_mg(shop, event.plate), 4 * event.noise_mg):
        return
    grasp = Grasp(
        id=shop.new_id("g", event.plate, event.captured_ns),
        deltas_mg={event.plate: delta},
        began_ns=_unseen_since(shop, last.at_ns),
        ended_ns=event.captured_ns,
        noise_mg=event.noise_mg,
        hidden=True,
    )
    for other in shop.state.grasps.values():  # a product on two plates, both changed unseen
        same_way = other.hidden and (other.delta_mg < 0) == (delta < 0)
        if same_way and any(shop.planogram.share(event.plate, plate) for plate in other.deltas_mg):
            other.deltas_mg[event.plate] = other.deltas_mg.get(event.plate, 0) + delta
            return
    shop.state.grasps[grasp.id] = grasp
    shop.timers.set(event.captured_ns + shop.policy.join_ns, "grasp", grasp.id)


def _unseen_since(shop: Shop, level_ns: int) -> int:
    """When an unseen change can have begun: a step before the box went down would have been told, but for its delay."""
    if shop.state.blind_to_ns < level_ns:
        return level_ns
    return max(level_ns, shop.state.blind_from_ns - STEP_DELAY_NS)


def on_grasp_timer(shop: Shop, grasp: Grasp, at_ns: int) -> None:
    """All that belongs to the grasp has arrived: decide product and person."""
    del shop.state.grasps[grasp.id]
    evidence = Evidence(
        sensor="scale",
        place=grasp.main_plate,
        at_ns=grasp.ended_ns,
        delta_mg=grasp.delta_mg,
        detail="unseen" if grasp.hidden else "",
    )
    if grasp.delta_mg < 0:
        _taken(shop, grasp, evidence, at_ns)
    else:
        _put(shop, grasp, evidence, at_ns)


def _blame(shop: Shop, place: PointMm | None, began_ns: int, ended_ns: int, hidden: bool) -> Blame:
    policy = shop.policy
    from_ns, to_ns = began_ns - policy.reach_before_ns, ended_ns + policy.reach_after_ns
    visits = shop.present(from_ns - policy.gone_after_ns)
    if hidden:  # who was out of sight before it began, while the tracker ran, was not there
        visits = [visit for visit in visits if visit.last_seen_ns >= began_ns] or visits
    return blame(claims(visits, shop.tracks, place, from_ns, to_ns), hidden, policy)


def _place(shop: Shop, plate: str) -> PointMm | None:
    known = shop.planogram.plates.get(plate)
    return known.position_mm if known else None


def _taken(shop: Shop, grasp: Grasp, evidence: Evidence, at_ns: int) -> None:
    weight = -grasp.delta_mg
    if _is_foreign(shop, grasp.main_plate, weight):
        return
    products = shop.planogram.on_plates(sorted(grasp.deltas_mg))
    choice = choose(products, weight, grasp.noise_mg * len(grasp.deltas_mg), shop.policy)
    guilty = _blame(shop, _place(shop, grasp.main_plate), grasp.began_ns, grasp.ended_ns, grasp.hidden)
    if choice is None:
        return  # nothing is sold from this plate
    for sku, quantity in choice.parts:
        _book(shop, grasp.id, sku, quantity, choice, guilty, (grasp.began_ns, grasp.ended_ns), evidence, at_ns)


def _book(
    shop: Shop,
    pick: str,
    sku: str,
    quantity: int,
    choice: Choice,
    guilty: Blame,
    span_ns: tuple[int, int],
    evidence: Evidence,
    at_ns: int,
) -> None:
    """A take goes into a cart, or into the loss account when nobody can have done it."""
    product = shop.planogram.products.get(sku)
    if guilty.visit is None:
        unit = product.price_minor if product else None
        loss = shop.new_id("l", pick, sku)
        shop.order(
            BookLoss(
                issued_ns=at_ns,
                loss=loss,
                sku=sku,
                quantity=quantity,
                unit_minor=unit,
                reason=guilty.rule,
                evidence=(evidence,),
            )
        )
        shop.order(
            *shop.state.alarms.mention("unseen-take", evidence.place, f"{quantity} x {sku}, {guilty.rule}", at_ns)
        )
        return
    confidence = both_ppm(choice.confidence_ppm, guilty.confidence_ppm)
    seen = Evidence(sensor="tracker", place=evidence.place, at_ns=span_ns[1], rule=guilty.rule, margin=guilty.margin_mm)
    weighed = Evidence(
        sensor=evidence.sensor,
        place=evidence.place,
        at_ns=evidence.at_ns,
        delta_mg=evidence.delta_mg,
        rule="planogram",
        margin=choice.margin_mg,
        detail=evidence.detail,
    )
    entry = Entry(
        sku=sku,
        quantity=quantity,
        status="charged" if confidence >= shop.policy.review_below_ppm else "review",
        confidence_ppm=confidence,
        evidence=[weighed, seen],
        pick=pick,
        person_ppm=guilty.confidence_ppm,
        alternatives=[other for other in choice.alternatives if other != sku],
        began_ns=span_ns[0],
        ended_ns=span_ns[1],
    )
    shop.order(carts.add(guilty.visit, entry, at_ns))
    _remember(shop, guilty.visit, pick, sku, True, span_ns, at_ns)


def _remember(shop: Shop, visit: Visit, pick: str, sku: str, taken: bool, span_ns: tuple[int, int], at_ns: int) -> None:
    kept = [doing for doing in shop.state.recent if doing.ended_ns >= at_ns - RECENT_NS]
    kept.append(Doing(visit=visit.id, pick=pick, sku=sku, taken=taken, began_ns=span_ns[0], ended_ns=span_ns[1]))
    shop.state.recent = kept


def _put(shop: Shop, grasp: Grasp, evidence: Evidence, at_ns: int) -> None:
    """Something was put on a plate: it must be something that somebody near holds, else it is foreign."""
    policy = shop.policy
    place = _place(shop, grasp.main_plate)
    from_ns, to_ns = grasp.began_ns - policy.reach_before_ns, grasp.ended_ns + policy.reach_after_ns
    near = claims(shop.present(from_ns - policy.gone_after_ns), shop.tracks, place, from_ns, to_ns)
    matches = []
    for claim in near:
        reached = grasp.hidden or claim.distance_mm is None or claim.distance_mm <= policy.reach_mm
        held = carts.held(claim.visit)
        products = [shop.planogram.products[sku] for sku in sorted(held) if sku in shop.planogram.products]
        choice = choose(products, grasp.delta_mg, grasp.noise_mg * len(grasp.deltas_mg), policy) if reached else None
        if choice and choice.margin_mg > 0 and all(quantity <= held[sku] for sku, quantity in choice.parts):
            matches.append((claim, choice))
    if not matches:
        weights = shop.state.foreign.setdefault(grasp.main_plate, [])
        weights.append(grasp.delta_mg)
        del weights[:-FOREIGN_NS_MAX]
        return
    guilty = blame([claim for claim, _ in matches], grasp.hidden, policy)
    clear = guilty.visit is not None and guilty.margin_mm >= (policy.reach_margin_mm if len(matches) > 1 else 0)
    for claim, choice in matches:
        for sku, quantity in choice.parts:
            if not clear:
                shop.order(*carts.doubt(claim.visit, sku, evidence, at_ns))
            elif claim.visit is guilty.visit:
                shop.order(*carts.remove(claim.visit, sku, quantity, evidence, at_ns))
                _remember(shop, claim.visit, grasp.id, sku, False, (grasp.began_ns, grasp.ended_ns), at_ns)


def _is_foreign(shop: Shop, plate: str, weight_mg: int) -> bool:
    """True if what was lifted is what somebody had laid there before (a bag, a phone)."""
    weights = shop.state.foreign.get(plate, [])
    for number, known in enumerate(weights):
        if abs(known - weight_mg) <= shop.policy.weight_tolerance_mg:
            del weights[number]
            return True
    return False


def on_shelf_changed(shop: Shop, event: ShelfChanged) -> None:
    """A camera's word: second witness where a plate lies below the slot, the only one elsewhere."""
    slot = shop.planogram.slots.get(event.slot)
    if slot is None:
        return
    evidence = Evidence(
        sensor="camera", place=event.slot, at_ns=event.ended_ns, rule="slot-change", detail=event.change
    )
    if any(plate in shop.state.levels for plate in slot.plates):
        _witness(shop, event, slot.sku, evidence)
        return
    sku = event.sku or slot.sku
    grasp_id = shop.new_id("g", event.slot, event.began_ns, event.ended_ns)
    guilty = _blame(shop, slot.position_mm, event.began_ns, event.ended_ns, False)
    if event.change == "take":
        choice = Choice(((sku, event.quantity),), 0, event.confidence_ppm, ())
        span = (event.began_ns, event.ended_ns)
        _book(shop, grasp_id, sku, event.quantity, choice, guilty, span, evidence, event.captured_ns)
    elif guilty.visit is not None and carts.held(guilty.visit).get(sku, 0) >= event.quantity:
        change = carts.remove if guilty.margin_mm >= shop.policy.reach_margin_mm else None
        if change is not None:
            shop.order(*change(guilty.visit, sku, event.quantity, evidence, event.captured_ns))
        else:
            shop.order(*carts.doubt(guilty.visit, sku, evidence, event.captured_ns))


def _witness(shop: Shop, event: ShelfChanged, sku: str, evidence: Evidence) -> None:
    """Add the camera's word to what the scale said; settle a product that weight alone could not name."""
    for doing in reversed(shop.state.recent):
        visit = shop.state.visits.get(doing.visit)
        apart = doing.began_ns - WITNESS_NS > event.ended_ns or doing.ended_ns + WITNESS_NS < event.began_ns
        if visit is None or apart or doing.taken != (event.change == "take"):
            continue
        for entry in visit.cart:
            if entry.pick != doing.pick or sku not in (entry.sku, *entry.alternatives):
                continue
            sure = either_ppm(entry.confidence_ppm, event.confidence_ppm // 2)
            if entry.sku != sku or (entry.status == "review" and entry.alternatives):
                # the camera alone says which product; whose hand it was stays as sure as it was
                sure = entry.confidence_ppm = both_ppm(event.confidence_ppm, entry.person_ppm)
                status = "charged" if sure >= shop.policy.review_below_ppm else "review"
                shop.order(*carts.settle(visit, entry, sku, status, evidence, event.captured_ns))
            elif entry.evidence[-1].sensor != "camera":
                entry.confidence_ppm = sure
                entry.evidence.append(evidence)
            return
