"""What sensors say about shelves goes into the stories; the carts that people see follow from them.

Scales first, cameras as second witness or alone. Must not: end visits, move doors, or charge anything.
"""

from __future__ import annotations

from edge.core import handing, hypotheses, options, sight_options, unexplained, weights
from edge.core.carts import show_carts
from edge.core.commands import BookLoss, Evidence
from edge.core.events import PlateSteady, ShelfChanged, WeightStep
from edge.core.evidence import Grasp, Side, add_step, begin, in_a_row, joins, sides
from edge.core.exchanges import Apart, InARow
from edge.core.grasp_options import Asked, ways
from edge.core.grip import Moment, moment_of
from edge.core.hypotheses import GONE, LOOSE, Option
from edge.core.layout import Slot
from edge.core.options import Doer
from edge.core.presence import loners_within_reach
from edge.core.reach import ratio_mnat
from edge.core.shop import Doing, Level, Shop
from edge.core.target import Target
from edge.core.trails import distance3
from edge.core.visits import Visit

RECENT_NS = 60_000_000_000
SIBLING_NS = 800_000_000  # plates believe in a step at different moments; a product may stand on two of them
SLOW_SIBLING_NS = 2_000_000_000  # a plate that is pressed again tells its step so much later
CROSS_TALK_PPM = 15_000
SAME_TIME_NS = 500_000_000
NOT_ASKED_MNAT = -30_000
POSSIBLE_MNAT = -3_500
STEP_DELAY_NS = 2_000_000_000  # nearly all steps are told within this after they ended
WITNESS_NS = 2_000_000_000  # camera and scale speak of the same grasp within this
LIFT_SIGNS_MG = 20_000
AGREES_MNAT, MISNAMED_MNAT, FOREIGN_MNAT, DIFFERS_MNAT, UNSEEN_MNAT = -100, -2_500, -500, -4_300, -3_000
EVIDENCE_MAX = 12
DOERS_MAX = 6  # more people than this cannot stand at one shelf
FAR_BEHIND_MNAT = 8_000
STILL_NS = 1_000_000_000  # a plate has been still for so long when its step is told
BESIDE_MM = 450


def on_step(shop: Shop, step: WeightStep) -> None:
    """A plate changed: wait a moment for its neighbours, then decide."""
    shop.state.levels[step.plate] = Level(level_mg=step.level_mg, at_ns=step.ended_ns)
    if abs(step.delta_mg) < shop.policy.min_step_mg:
        return
    alone = _lets_go(shop, {step.plate: step.delta_mg})
    for grasp in shop.state.grasps.values():
        if (
            joins(grasp, step, shop.planogram, shop.policy.join_ns)
            and not alone
            and not _lets_go(shop, grasp.deltas_mg)
        ):
            add_step(grasp, step)
            break
    else:
        grasp = begin(shop.new_id("g", step.plate, step.began_ns), step)
        shop.state.grasps[grasp.id] = grasp
    shop.timers.set(max(shop.state.now_ns, step.captured_ns) + SIBLING_NS, "grasp", grasp.id)


def _lets_go(shop: Shop, deltas_mg: dict[str, int]) -> bool:
    """True if what rested on one plate left it and no more: a hand that leaned there is no part of a pack beside."""
    ((plate, delta_mg), *more) = deltas_mg.items()
    laid = shop.state.stories[0].laid.get(plate, [])
    return not more and any(abs(weight_mg + delta_mg) <= options.LEANS_MG for weight_mg, _ in laid)


def _least_mg(shop: Shop, plates: list[str], delta_mg: int) -> int:
    """Less than this is cross-talk or drift: two fifths of the lightest thing that can have moved there."""
    found = shop.planogram.on_plates(plates)
    best = shop.state.stories[0]
    if delta_mg > 0:
        skus = {sku for visit in shop.present() for sku in best.held(visit.id)}
    else:
        skus = {sku for plate in plates for sku in best.strays.get(plate, {})}
    found += [shop.planogram.products[sku] for sku in skus if sku in shop.planogram.products]
    weights = [product.weight_mg for product in found]
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
    if abs(delta) < max(shop.policy.min_step_mg, 4 * event.noise_mg):
        return
    for other in shop.state.grasps.values():  # a product on two plates, both changed unseen
        same_way = other.hidden and (other.delta_mg < 0) == (delta < 0)
        if same_way and any(shop.planogram.share(event.plate, plate) for plate in other.deltas_mg):
            other.deltas_mg[event.plate] = other.deltas_mg.get(event.plate, 0) + delta
            return
    grasp = Grasp(
        id=shop.new_id("g", event.plate, event.captured_ns),
        deltas_mg={event.plate: delta},
        began_ns=_unseen_since(shop, last.at_ns),
        ended_ns=event.captured_ns,
        noise_mg=event.noise_mg,
        hidden=True,
    )
    shop.state.grasps[grasp.id] = grasp
    shop.timers.set(event.captured_ns + shop.policy.join_ns, "grasp", grasp.id)


def _unseen_since(shop: Shop, level_ns: int) -> int:
    """When an unseen change can have begun: a step before the box went down would have been told, but for its delay."""
    if shop.state.blind_to_ns < level_ns:
        return level_ns
    return max(level_ns, shop.state.blind_from_ns - STEP_DELAY_NS)


def on_grasp_timer(shop: Shop, grasp: Grasp, at_ns: int) -> None:
    """All that belongs to the grasp has arrived: every story goes on in each way that it can have been."""
    plate = grasp.main_plate
    is_small = abs(grasp.delta_mg) < _least_mg(shop, sorted(grasp.deltas_mg), grasp.delta_mg)
    if is_small and not grasp.waited and not grasp.hidden and shop.planogram.has_siblings(plate):
        grasp.waited = True  # a part of a pack that stands on two plates; the other one is still moving
        shop.timers.set(at_ns + SLOW_SIBLING_NS, "grasp", grasp.id)
        return
    del shop.state.grasps[grasp.id]
    if is_small and grasp.hidden:
        return
    others = _at_the_same_time(shop, grasp)
    target = shop.planogram.target_of(_main_first(grasp))
    moment = moment_of(grasp.began_ns, grasp.ended_ns, grasp.delta_mg < 0)
    settled_ns = max(grasp.ended_ns, grasp.told_ns - STILL_NS)  # a second hand may have touched the plate by then
    doers = _doers(shop, target, grasp.began_ns, grasp.ended_ns, grasp.hidden, moment, settled_ns)
    noise = grasp.noise_mg * len(grasp.deltas_mg) + _bent_mg(shop, grasp)
    home = shop.planogram.on_plates(sorted(grasp.deltas_mg))
    if grasp.delta_mg < 0 and not is_small:
        weights.learn(shop, grasp.id, plate, home, -grasp.delta_mg, at_ns)
    everything = {product.sku: product for product in weights.known(shop, list(shop.planogram.products.values()))}
    home = weights.known(shop, home)
    at_home = {product.sku for product in home}
    strays = [product for product in everything.values() if product.sku not in at_home]

    if sum(doer.ratio_mnat > POSSIBLE_MNAT for doer in doers) < 2:
        others = []  # nobody else can have been the second one
    split = options.split_mnat(grasp.ended_ns - grasp.began_ns)
    alike = options.from_home(home, -grasp.delta_mg, noise, doers, split) if grasp.delta_mg < 0 and not is_small else []

    asked = Asked(
        grasp=grasp, home=home, everything=everything, strays=strays, noise_mg=noise, doers=doers, is_small=is_small,
        alike=alike, apart=_apart(shop, grasp), others=others, row=_in_a_row(shop, grasp), laid={}, exchanged={},
    )  # fmt: skip
    evidence = Evidence(
        sensor="scale",
        place=plate,
        at_ns=grasp.ended_ns,
        delta_mg=grasp.delta_mg,
        detail="unseen" if grasp.hidden else "",
    )
    span_ns = (grasp.began_ns, grasp.ended_ns)
    found = [ways(asked, story) for story in shop.state.stories]
    came = sorted(at_home) if grasp.delta_mg > 0 else []
    unexplained.note(shop, (grasp.began_ns, settled_ns), target, found, came)
    _go_on(shop, grasp.id, plate, found, evidence, span_ns, at_ns)
    _book_loss(shop, grasp.id, evidence, at_ns)


def _apart(shop: Shop, grasp: Grasp) -> Apart | None:
    """What came and what went, where the scales felt both, and who can have done each half."""
    found = sides(grasp)
    if found is None:
        return None
    gave, took = _doers_of(shop, found[0], False), _doers_of(shop, found[1], True)
    return Apart(found[0].weight_mg, found[1].weight_mg, gave, took)


def _in_a_row(shop: Shop, grasp: Grasp) -> InARow | None:
    """Two takes, where the scale felt one after the other, and who can have done each."""
    found = in_a_row(grasp)
    if found is None:
        return None
    first, second = (_doers_of(shop, side, True) for side in found)
    return InARow(found[0].weight_mg, found[1].weight_mg, first, second)


def _doers_of(shop: Shop, side: Side, taken: bool) -> list[Doer]:
    """Who can have done one half of a change."""
    moment = moment_of(side.began_ns, side.ended_ns, taken)
    return _doers(shop, shop.planogram.target_of(side.plates), side.began_ns, side.ended_ns, False, moment)


def _at_the_same_time(shop: Shop, grasp: Grasp) -> list[str]:
    """Grasps at other plates in the same moment, decided or not."""
    decided = [(doing.grasp, doing.plate, doing.began_ns, doing.ended_ns) for doing in shop.state.recent]
    waiting = [(row.id, row.main_plate, row.began_ns, row.ended_ns) for row in shop.state.grasps.values()]
    return [
        name
        for name, plate, began_ns, ended_ns in [*decided, *waiting]
        if plate not in grasp.deltas_mg
        and began_ns - SAME_TIME_NS <= grasp.ended_ns
        and ended_ns + SAME_TIME_NS >= grasp.began_ns
    ]


def _bent_mg(shop: Shop, grasp: Grasp) -> int:
    """How far a plate may be off because a neighbour of it moved in the same moment."""
    near = [shop.planogram.neighbours(plate) for plate in grasp.deltas_mg]
    moved = [row for row in shop.state.grasps.values() if row.id != grasp.id] + [
        Grasp(
            id=doing.grasp, deltas_mg={doing.plate: doing.delta_mg}, began_ns=doing.began_ns,
            ended_ns=doing.ended_ns, noise_mg=0,
        )
        for doing in shop.state.recent
    ]  # fmt: skip
    beside = [
        abs(row.delta_mg)
        for row in moved
        if any(plate in names for plate in row.deltas_mg for names in near)
        and row.began_ns - SAME_TIME_NS <= grasp.ended_ns
        and row.ended_ns + SAME_TIME_NS >= grasp.began_ns
    ]
    silent = [plate for names in near for plate in names if plate not in shop.state.levels]
    beside += [product.weight_mg or 0 for product in shop.planogram.on_plates(sorted(silent))]  # it cannot tell
    return max(beside, default=0) * CROSS_TALK_PPM // 1_000_000


def _main_first(grasp: Grasp) -> list[str]:
    return sorted(grasp.deltas_mg, key=lambda plate: (plate != grasp.main_plate, plate))


def _doers(
    shop: Shop,
    target: Target | None,
    began_ns: int,
    ended_ns: int,
    hidden: bool,
    moment: Moment | None = None,
    settled_ns: int = 0,
) -> list[Doer]:
    policy = shop.policy
    from_ns, to_ns = began_ns - policy.reach_before_ns, ended_ns + policy.reach_after_ns
    if target is not None:
        loners_within_reach(shop, target.place_mm, from_ns, to_ns)
    visits = shop.present(from_ns - policy.gone_after_ns)
    if hidden:  # who was out of sight before it began, while the tracker ran, was not there
        visits = [visit for visit in visits if visit.last_seen_ns >= began_ns] or visits
    tracks, place = shop.tracks, None if hidden else target
    several = moment is not None and len(visits) > 1
    found = [
        Doer(
            visit,
            ratio_mnat(visit, tracks, place, from_ns, to_ns, policy, moment),
            _pays(shop, visit),
            ratio_mnat(visit, tracks, place, from_ns, max(to_ns, settled_ns), policy) if several else NOT_ASKED_MNAT,
        )
        for visit in visits
    ]
    found.sort(key=lambda doer: (-doer.ratio_mnat, doer.visit.id))
    return [doer for doer in found[:DOERS_MAX] if doer.beside_mnat >= found[0].ratio_mnat - FAR_BEHIND_MNAT]


def _pays(shop: Shop, visit: Visit) -> bool:
    return visit.shopper is None or visit.shopper not in shop.policy.staff


def _go_on(
    shop: Shop,
    grasp: str,
    plate: str,
    ways: list[list[Option]],
    evidence: Evidence,
    span_ns: tuple[int, int],
    at_ns: int,
) -> None:
    """Every story with every option, pruned; then tell the carts that people see."""
    before = shop.state.stories
    top = max(option.log_mnat for found in ways for option in found)  # weights are relative, and never above one
    told = hypotheses.tell_all(before, grasp, plate, ways, top)
    shop.state.stories = hypotheses.prune(told)
    for visit in {move.visit for move in shop.state.stories[0].trace.get(grasp, [])} & set(shop.state.visits):
        shop.state.visits[visit].touches += 1
    moved = {(move.visit, move.sku) for found in ways for option in found for move in option.moves}
    for visit, sku in sorted(key for key in moved if key[0] not in (GONE, LOOSE)):
        proof = shop.state.proof.setdefault(visit, {}).setdefault(sku, [])
        proof.append(evidence)
        del proof[:-EVIDENCE_MAX]
    _remember(shop, grasp, plate, evidence, span_ns, at_ns)
    show_carts(shop, {visit for visit, _ in moved}, at_ns)


def _remember(shop: Shop, grasp: str, plate: str, evidence: Evidence, span_ns: tuple[int, int], at_ns: int) -> None:
    kept = [doing for doing in shop.state.recent if doing.ended_ns >= at_ns - RECENT_NS]
    taken = (evidence.delta_mg or 0) < 0
    kept.append(
        Doing(
            grasp=grasp,
            plate=plate,
            taken=taken,
            delta_mg=evidence.delta_mg or 0,
            began_ns=span_ns[0],
            ended_ns=span_ns[1],
        )
    )
    shop.state.recent = kept


def _book_loss(shop: Shop, grasp: str, evidence: Evidence, at_ns: int) -> None:
    """Goods moved and the likeliest story has nobody for it: the loss account carries them."""
    for move in shop.state.stories[0].trace.get(grasp, []):
        if move.visit != GONE:
            continue
        product = shop.planogram.products.get(move.sku)
        shop.order(
            BookLoss(
                issued_ns=at_ns,
                loss=shop.new_id("l", grasp, move.sku),
                sku=move.sku,
                quantity=move.quantity,
                unit_minor=product.price_minor if product else None,
                reason="nobody-near",
                evidence=(evidence,),
            )
        )
        detail = f"{move.quantity} x {move.sku}, nobody near"
        shop.order(*shop.state.alarms.mention("unseen-take", evidence.place, detail, at_ns))


def on_word_timer(shop: Shop, key: str) -> None:
    """A camera's word that waited for what is left of a scale."""
    on_shelf_changed(shop, shop.state.words.pop(key), waited=True)


def hear_words(shop: Shop) -> None:
    """All words that still wait: nothing more will come."""
    for key in list(shop.state.words):
        on_word_timer(shop, key)


def on_shelf_changed(shop: Shop, event: ShelfChanged, *, waited: bool = False) -> None:
    """A camera's word: second witness where a plate lies below the slot, the only one elsewhere."""
    slot = shop.planogram.slots.get(event.slot)
    if slot is None:
        return
    alive = [plate for plate in slot.plates if plate in shop.state.levels]
    if _witness(shop, event, slot.sku, set(slot.plates)):
        return
    if alive and len(alive) < len(slot.plates) and not waited:  # what is left of the scale may only be slower
        key = shop.new_id("w", event.slot, event.began_ns, event.ended_ns)
        shop.state.words[key] = event
        shop.timers.set(event.captured_ns + STEP_DELAY_NS, "word", key)
        return
    unexplained.put_unfelt(shop, event, slot.sku)
    if (alive and len(alive) == len(slot.plates)) or _was_felt_beside(shop, event, slot.sku):
        return
    doers = _doers(shop, shop.planogram.target_of_slot(slot), event.began_ns, event.ended_ns, False)
    taken = event.change == "take"
    left = any(came_ns < event.ended_ns and went_ns > event.began_ns for came_ns, went_ns in shop.state.stays)
    beside = _beside(shop, slot, doers, event)
    ways = [
        sight_options.seen_by_camera(skus, event.quantity, taken, story, doers, beside, event.sku, left)
        for story in shop.state.stories
        for skus in [sight_options.named(slot.id, slot.sku, event.sku, story)]
    ]
    evidence = Evidence(
        sensor="camera", place=event.slot, at_ns=event.ended_ns, rule="slot-change", detail=event.change
    )
    grasp = shop.new_id("g", event.slot, event.began_ns, event.ended_ns)
    _go_on(shop, grasp, event.slot, ways, evidence, (event.began_ns, event.ended_ns), event.captured_ns)
    _book_loss(shop, grasp, evidence, event.captured_ns)
    told = {move for found in ways for option in found for move in option.moves if option.log_mnat > 0}
    handing.again(shop, {(move.visit, move.sku) for move in told}, event.began_ns, event.captured_ns)


def _was_felt_beside(shop: Shop, event: ShelfChanged, home: str) -> bool:
    """True if the product that a camera names was felt by a scale elsewhere in that time: the camera is wrong about the
    slot, and one pack is not two."""
    if event.sku in (None, home):
        return False
    trace = shop.state.stories[0].trace
    return any(
        doing.delta_mg != 0 and any(move.sku == event.sku for move in trace.get(doing.grasp, []))
        for doing in _same_moment(shop, event)
    )


def _same_moment(shop: Shop, event: ShelfChanged) -> list[Doing]:
    """What moved in the same direction at the time that a camera speaks of."""
    return [
        doing
        for doing in shop.state.recent
        if doing.taken == (event.change == "take")
        and doing.began_ns - WITNESS_NS <= event.ended_ns
        and doing.ended_ns + WITNESS_NS >= event.began_ns
    ]


def _beside(shop: Shop, slot: Slot, doers: list[Doer], event: ShelfChanged) -> list[tuple[str, list[Doer]]]:
    """The next slots and who could have reached there: a camera sometimes names the wrong one."""
    if slot.position_mm is None:
        return []
    found = []
    for other in shop.planogram.slots.values():
        if other.id == slot.id or other.camera != slot.camera or other.position_mm is None or other.sku == slot.sku:
            continue
        if distance3(other.position_mm, slot.position_mm) <= BESIDE_MM:
            found.append(
                (other.sku, _doers(shop, shop.planogram.target_of_slot(other), event.began_ns, event.ended_ns, False))
            )
    return found


def _agrees(event: ShelfChanged, home: str, moved: set[str], beside: set[str]) -> int:
    """What a camera's word says for a story in which these products moved there at that time. Those `beside` stand on
    the same plates and have slots of their own."""
    if event.sku in moved or (event.sku is None and home in moved):
        return AGREES_MNAT
    if home in moved:
        return MISNAMED_MNAT
    if moved:
        return FOREIGN_MNAT if event.sku is None and moved.isdisjoint(beside) else DIFFERS_MNAT
    return UNSEEN_MNAT


def _witness(shop: Shop, event: ShelfChanged, sku: str, plates: set[str]) -> bool:
    """Stories in which that product moved there at that time become likelier. False where no scale felt anything."""
    near = [doing for doing in _same_moment(shop, event) if doing.plate in plates]
    if not near:
        return False
    said = []
    beside = {product.sku for product in shop.planogram.on_plates(sorted(plates))} - {sku}
    for story in shop.state.stories:
        moved = {move.sku for doing in near for move in story.trace.get(doing.grasp, [])}
        said.append(_agrees(event, sku, moved, beside))
    shop.state.stories = hypotheses.speak(shop.state.stories, said)
    evidence = Evidence(
        sensor="camera", place=event.slot, at_ns=event.ended_ns, rule="slot-change", detail=event.change
    )
    for visit in sorted({move.visit for d in near for move in shop.state.stories[0].trace.get(d.grasp, [])}):
        if sku in shop.state.proof.get(visit, {}):
            shop.state.proof[visit][sku].append(evidence)
    show_carts(
        shop,
        {move.visit for told in shop.state.stories for d in near for move in told.trace.get(d.grasp, [])},
        event.captured_ns,
    )
    return True
