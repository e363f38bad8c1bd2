"""Bodies and visits: which track belongs to which visit, who came in, who is gone.

A track that breaks and starts again near by stays with its visit; a body without a credential gets a visit that
nobody pays for. Must not: guess between two people; an unclear body stays alone.
"""

from __future__ import annotations

from edge.core import handing
from edge.core.checkout import close
from edge.core.commands import OpenVisit, ShowMessage
from edge.core.events import LineCrossed, PointMm, TagRead, TracksSeen
from edge.core.hypotheses import forget
from edge.core.meetings import Doubt
from edge.core.shop import Joined, Shop
from edge.core.trails import Trail, distance2
from edge.core.visits import Spell, State, Stimulus, Tag, Visit

LONER_NS = 4_000_000_000  # how long a body may be seen before a missing credential means something
REJOIN_MM = 1_500
WALK_MM_S = 1_300
REJOIN_CLEAR_MM = 900  # of two bodies out of sight the nearer one, if it is nearer by so much
OTHER_HEIGHT_MM = 90  # nobody grows by more while out of sight
BENDS_MM = 460  # but bends down for a low shelf
SAME_SPOT_MM = 700  # a body that appears where another one vanished, so near to the gate that it may have come in
AWAY_NS = 250_000_000  # a body that misses a frame or two is not out of sight
OUT_OF_SIGHT_NS = 8_000_000_000  # somebody who vanished inside is inside
PASSED_NS = 3_000_000_000  # a counter in the gate and a tracker see the same way out within this
GATE_MM = 2_000
ENTRANCES_KEPT = 16
STAYS_KEPT = 16
WORD_NS = 500_000_000  # a visit that waits for a camera's word looks again after this
PORTAL_MM = 2_500
OUT_NS = 1_000_000_000
PORTAL_LATE_NS = 500_000_000  # a tag is read a little longer than its bearer is seen
PORTAL_MARGIN_MM = 500
APART_MM = 900  # two halves of one split track are nearer
APART_FRAMES = 4
PARTED_PPM = 500_000  # of a cart that another body may have filled meanwhile
STOOD_LOOKS = 40  # by then everybody has stood upright once
STOOD_MM = 60
SPLIT_NS = 2_000_000_000  # a track that splits shows both halves for a while
REACH_MM = 450
BLIND_FACTOR = 20  # a dead tracker holds a visit open this many times `gone_after_ns`, then it is closed


def on_tracks(shop: Shop, frame: TracksSeen) -> None:
    """Take in a tracker frame: bind new bodies, note who was seen."""
    shop.state.ever_tracked = True
    seen, fresh = shop.tracks.see(frame)
    for track in fresh:
        _appeared(shop, track, frame.captured_ns)
    for track in seen:
        visit = shop.visit_of(track)
        if visit is not None:
            visit.last_seen_ns = frame.captured_ns
            visit.seen[track] = visit.seen.get(track, (frame.captured_ns, 0))[0], frame.captured_ns
            if visit.state is State.LEAVING:
                visit.step(Stimulus.ENTERED)
                visit.left_ns = None
                shop.timers.cancel("settle", visit.id)
    for found in shop.tracks.renumbered:
        visit = shop.visit_of(found.track)
        if visit is not None:
            visit.spells.append(Spell(track=found.track, number=found.number, since_ns=found.since_ns))
    if shop.joined:
        _part_joined(shop, seen, frame.captured_ns)
    for doubt in shop.tracks.doubts:
        _mixed_up(shop, doubt)


def _mixed_up(shop: Shop, doubt: Doubt) -> None:
    """Two bodies that may have been exchanged: each cart may be the other one's from here on."""
    visits = [shop.visit_of(track) for track in doubt.tracks]
    if visits[0] is not visits[1]:
        for visit in visits:
            if visit is not None:
                may_be_another(visit, doubt.ppm)


def may_be_another(visit: Visit, ppm: int) -> None:
    """The body of a visit is another one's with this chance."""
    visit.mixed_ppm += ppm * (1_000_000 - visit.mixed_ppm) // 1_000_000


def _appeared(shop: Shop, track: str, at_ns: int) -> None:
    """A new body: at the gate it belongs to the grant that waits, elsewhere to the trail that broke there."""
    shop.timers.set(at_ns + shop.policy.gone_after_ns, "gone", track)
    visit = shop.visit_of(track)
    if visit is None:
        by_gate = _came_by_gate(shop, track)
        visit = _waiting(shop, at_ns) if by_gate else None
        if visit is None:
            visit = _broken_trail(shop, track, at_ns, by_gate) or (None if by_gate else _out_of_sight(shop))
            if visit is not None:
                trails = [trail for name in visit.tracks if (trail := shop.tracks.trails.get(name)) is not None]
                tall_mm = max(trails, key=lambda trail: trail.last_ns).tall_mm if trails else None
                shop.joined[track] = Joined(visit=visit.id, before=tuple(visit.tracks), tall_mm=tall_mm)
    _bind(shop, track, visit, at_ns)


def _bind(shop: Shop, track: str, visit: Visit | None, at_ns: int) -> None:
    """A body goes with its visit, begins one, or walks about without."""
    if visit is None and shop.policy.open_on == "track":
        visit = _open_for_track(shop, track, "track", at_ns)
    if visit is not None:
        enter(shop, visit, at_ns, track)
        return
    shop.loners[track] = at_ns
    shop.timers.set(at_ns + LONER_NS, "loner", track)


def _part_joined(shop: Shop, seen: list[str], at_ns: int) -> None:
    """A track that was taken for a body out of sight is somebody else where that body comes back beside it."""
    for track, joined in list(shop.joined.items()):
        visit = shop.state.visits.get(joined.visit)
        if visit is None or track not in shop.tracks.trails:
            del shop.joined[track]
            continue
        trail = shop.tracks.trails[track]
        here = trail.last_place()
        others = [shop.tracks.trails[name].last_place() for name in joined.before if name in seen]
        if track not in seen or here is None:
            continue
        joined.beside += any(place is not None and distance2(here, place) >= APART_MM for place in others)
        stood = trail.stature.looks == STOOD_LOOKS
        if joined.beside >= APART_FRAMES or (stood and _is_of_other_height(trail, joined.tall_mm, STOOD_MM, STOOD_MM)):
            visit.tracks.remove(track)
            del shop.joined[track]
            if shop.state.stories[0].held(visit.id):  # some of it may be what the other one took
                may_be_another(visit, PARTED_PPM)
            for name in joined.before:
                shop.timers.set(at_ns + shop.policy.gone_after_ns, "gone", name)
            _bind(shop, track, _waiting(shop, at_ns), at_ns)


def _waiting(shop: Shop, at_ns: int) -> Visit | None:
    """The oldest visit that a body may still come in on."""
    since_ns = at_ns - shop.policy.entry_timeout_ns
    for visit in shop.open_visits():
        if visit.state is State.GRANTED or (visit.party > len(visit.tracks) and visit.opened_ns >= since_ns):
            return visit
    return None


def _came_by_gate(shop: Shop, track: str) -> bool:
    """True if a track began at a gate, or where nobody knows where gates are."""
    place = shop.tracks.trails[track].last_place()
    return place is None or not shop.gate_spots or shop.is_near_gate(place, GATE_MM)


def _is_of_other_height(trail: Trail, was_mm: int | None, bends_mm: int, grows_mm: int = OTHER_HEIGHT_MM) -> bool:
    """True if two heads are not of one body, whose bearer may have bent down or risen by so much."""
    tall_mm = trail.tall_mm
    return tall_mm is not None and was_mm is not None and not -bends_mm <= tall_mm - was_mm <= grows_mm


def _broken_trail(shop: Shop, track: str, at_ns: int, by_gate: bool) -> Visit | None:
    """The visit whose body vanished where a walk to this place can have begun; None where two fit as well."""
    place = shop.tracks.trails[track].last_place()
    found = []
    for visit in shop.present(at_ns - 2 * shop.policy.gone_after_ns):
        trails = [shop.tracks.trails[name] for name in visit.tracks if name in shop.tracks.trails]
        if not trails or place is None:
            continue
        newest = max(trails, key=lambda trail: trail.last_ns)
        last, away_ns = newest.last_place(), at_ns - newest.last_ns
        if last is None or away_ns < AWAY_NS:
            continue
        far_mm = distance2(place, last)
        upright = by_gate and far_mm > SAME_SPOT_MM  # who comes in does not come bent down
        if _is_of_other_height(shop.tracks.trails[track], newest.tall_mm, OTHER_HEIGHT_MM if upright else BENDS_MM):
            continue
        if far_mm <= REJOIN_MM + WALK_MM_S * away_ns // 1_000_000_000:
            found.append((far_mm, visit.id, visit))
    found.sort()
    if not found or (len(found) > 1 and found[1][0] - found[0][0] < REJOIN_CLEAR_MM):
        return None
    return found[0][2]


def _out_of_sight(shop: Shop) -> Visit | None:
    """People do not begin in the middle of a shop: the body is that of the one visit that nobody sees, if it is one."""
    missing = [
        visit
        for visit in shop.present()
        if visit.state is State.INSIDE and not any(track in shop.tracks.trails for track in visit.tracks)
    ]
    return missing[0] if len(missing) == 1 else None


def _vanished_inside(shop: Shop, last: tuple[int, int], seen_ns: int) -> bool:
    """True if a body that is not seen any more cannot well have left: it was far from the gate and nobody passed."""
    passed = [at_ns for at_ns in shop.state.outs_ns if at_ns >= seen_ns - PASSED_NS]
    if passed:
        shop.state.outs_ns.remove(passed[0])
    spots = shop.gate_spots or [(place[0], place[1]) for place in shop.state.entrances]
    return bool(spots) and not passed and all(distance2(last, spot) > GATE_MM for spot in spots)


def _open_for_track(shop: Shop, track: str, method: str, at_ns: int) -> Visit:
    visit = Visit(
        id=shop.new_id("v", track, at_ns),
        shopper=None,
        method=method,
        gate="",
        state=State.GRANTED,
        opened_ns=at_ns,
        last_seen_ns=at_ns,
    )
    shop.state.visits[visit.id] = visit
    shop.order(OpenVisit(issued_ns=at_ns, visit=visit.id, shopper=None, method=method))
    place = shop.tracks.trails[track].first_place() if track in shop.tracks.trails else None
    if place is not None and not shop.gate_spots:
        shop.state.entrances = [*shop.state.entrances, place][-ENTRANCES_KEPT:]
    return visit


def enter(shop: Shop, visit: Visit, at_ns: int, track: str | None) -> None:
    """A body is this visit's."""
    if track is not None and track not in visit.tracks:
        visit.tracks.append(track)
        shop.loners.pop(track, None)
        shop.timers.cancel("loner", track)
    visit.last_seen_ns = max(visit.last_seen_ns, at_ns)
    if visit.step(Stimulus.ENTERED):
        visit.entered_ns = max(at_ns, visit.opened_ns) if visit.entered_ns is None else visit.entered_ns
        visit.left_ns = None
        shop.timers.cancel("entry", visit.id)
        shop.timers.cancel("settle", visit.id)


def loner_near_gate(shop: Shop, gate: str, at_ns: int) -> str | None:
    """A body that stood at the gate before its credential was read; None unless exactly one fits."""
    spot = next((known.position_mm for known in shop.layout.gates if known.id == gate), None)
    found = []
    for track in shop.loners:
        trail = shop.tracks.trails.get(track)
        if trail is None or trail.last_ns < at_ns - shop.policy.gone_after_ns:
            continue
        place = trail.last_place()
        if spot is None or place is None or distance2(place, spot) <= GATE_MM:
            found.append(track)
    return found[0] if len(found) == 1 else None


def on_loner_timer(shop: Shop, track: str, at_ns: int) -> None:
    """A body walks about without a credential: a visit nobody pays for, and an alarm."""
    if track not in shop.loners:
        return
    waiting = _waiting(shop, at_ns) or _out_of_sight(shop)
    if waiting is not None:  # seen late, but somebody was let in and nobody else came
        enter(shop, waiting, shop.loners[track], track)
        return
    del shop.loners[track]
    visit = _open_for_track(shop, track, "none", at_ns)
    enter(shop, visit, at_ns, track)
    shop.order(*shop.state.alarms.mention("tailgate", "shop", f"track {track} has no credential", at_ns))


def loners_within_reach(shop: Shop, place: PointMm, from_ns: int, to_ns: int) -> None:
    """A body without a credential whose hand is at a shelf that changes: its visit begins now, not after the wait."""
    for track in list(shop.loners):
        trail = shop.tracks.trails.get(track)
        near = trail.nearest_hand_mm(place, from_ns, to_ns) if trail is not None else None
        if near is not None and near <= REACH_MM:
            shop.timers.cancel("loner", track)
            on_loner_timer(shop, track, shop.state.now_ns)


def on_line(shop: Shop, event: LineCrossed) -> None:
    """Somebody walked out over a line: no need to wait until the track is gone."""
    visit = shop.visit_of(event.track)
    if event.direction == "out" and visit is not None:
        leave(shop, visit, event.captured_ns)


def on_gone_timer(shop: Shop, track: str, at_ns: int) -> None:
    """A track was not seen for a while. A tracker that says nothing at all proves nothing."""
    visit = shop.visit_of(track)
    trail = shop.tracks.trails.get(track)
    seen_ns = trail.last_ns if trail is not None else (visit.last_seen_ns if visit is not None else at_ns)
    wait_ns = shop.policy.gone_after_ns
    if trail is not None and at_ns - seen_ns < wait_ns:
        shop.timers.set(seen_ns + wait_ns, "gone", track)
        return
    if _tracker_is_silent(shop, at_ns) and at_ns - seen_ns < BLIND_FACTOR * wait_ns:
        shop.timers.set(at_ns + wait_ns, "gone", track)
        return
    last = trail.last_place() if trail is not None else None
    tall_mm = trail.tall_mm if trail is not None else None
    if visit is not None and last is not None and at_ns - seen_ns < OUT_OF_SIGHT_NS:
        others = [name for name in visit.tracks if name in shop.tracks.trails and name != track]
        if not others and _vanished_inside(shop, last, seen_ns):
            shop.timers.set(min(seen_ns + OUT_OF_SIGHT_NS, at_ns + wait_ns), "gone", track)
            return
    shop.tracks.forget(track)
    shop.loners.pop(track, None)
    if visit is not None and last is not None and not any(name in shop.tracks.trails for name in visit.tracks):
        visit.lost_mm = last
        _adopt(shop, visit, last, seen_ns, tall_mm)
    if visit is not None and not any(name in shop.tracks.trails for name in visit.tracks):
        if _tracker_is_silent(shop, at_ns):
            visit.reason = "lost-inside"
        leave(shop, visit, seen_ns)
        shop.timers.set(at_ns + shop.policy.settle_ns, "settle", visit.id)


def _adopt(shop: Shop, visit: Visit, last: tuple[int, int], seen_ns: int, tall_mm: int | None) -> None:
    """A body of this height that began beside this one when it vanished is the same body under another number. Where it
    vanished at a gate, somebody who comes there a little later is somebody else."""
    inside = bool(shop.gate_spots) and not shop.is_near_gate(last, GATE_MM)
    later_ns = shop.policy.gone_after_ns if inside else SPLIT_NS
    near = []
    for track in shop.loners:
        trail = shop.tracks.trails.get(track)
        place = trail.first_place() if trail is not None else None
        if trail is None or place is None or distance2(place, last) > REJOIN_MM:
            continue
        if _is_of_other_height(trail, tall_mm, BENDS_MM):
            continue
        if -SPLIT_NS <= trail.first_ns - seen_ns <= later_ns:
            near.append((track, place))
    if len(near) == 1 and not _is_nearer_to_another(shop, visit, near[0][1], last):
        enter(shop, visit, seen_ns, near[0][0])


def _is_nearer_to_another(shop: Shop, visit: Visit, place: tuple[int, int], last: tuple[int, int]) -> bool:
    """True if another body that is out of sight vanished nearer to a place."""
    now_ns = shop.state.now_ns
    for other in shop.open_visits():
        trails = [trail for name in other.tracks if (trail := shop.tracks.trails.get(name)) is not None]
        if other is visit or any(now_ns - trail.last_ns < AWAY_NS for trail in trails):
            continue
        there = max(trails, key=lambda trail: trail.last_ns).last_place() if trails else other.lost_mm
        if there is not None and distance2(place, there) < distance2(place, last):
            return True
    return False


def _tracker_is_silent(shop: Shop, at_ns: int) -> bool:
    last = shop.tracks.last_frame_ns
    return last is None or at_ns - last > shop.policy.gone_after_ns // 2


def leave(shop: Shop, visit: Visit, at_ns: int) -> None:
    """The last body of a visit is gone; evidence gets its time to arrive."""
    if visit.step(Stimulus.LEFT):
        visit.left_ns = at_ns
        shop.timers.set(at_ns + shop.policy.settle_ns, "settle", visit.id)


def on_settle_timer(shop: Shop, visit: Visit, at_ns: int) -> None:
    """Evidence had its time: the visit ends, unless a camera's word of its time still waits for a half-dead scale."""
    left_ns = at_ns if visit.left_ns is None else visit.left_ns
    waits = any(word.began_ns <= left_ns for word in shop.state.words.values())
    if waits and at_ns - left_ns < OUT_OF_SIGHT_NS:
        shop.timers.set(at_ns + WORD_NS, "settle", visit.id)
        return
    if visit.step(Stimulus.SETTLED):
        end_visit(shop, visit, at_ns)


def end_visit(shop: Shop, visit: Visit, at_ns: int) -> None:
    """Order the one CloseVisit of a visit and forget it."""
    pays = visit.method != "none"
    closed = close(shop, visit, at_ns, pays=pays)
    shop.order(closed)
    shop.state.stories = forget(shop.state.stories, visit.id)
    shop.state.proof.pop(visit.id, None)
    shop.state.shown.pop(visit.id, None)
    if visit.gate and closed.outcome != "nothing":
        shop.order(ShowMessage(issued_ns=at_ns, gate=visit.gate, message="thanks", visit=visit.id))
    for name in ("entry", "settle", "grant"):
        shop.timers.cancel(name, visit.id)
    del shop.state.visits[visit.id]
    if visit.entered_ns is not None:
        went_ns = visit.left_ns if visit.left_ns is not None else at_ns
        shop.state.stays = [*shop.state.stays, (visit.entered_ns, went_ns)][-STAYS_KEPT:]
    handing.book_left_behind(shop, at_ns, empty=not shop.open_visits())


def on_tag(shop: Shop, event: TagRead) -> None:
    """A tag at the portal leaves with the one visit that can have it; unclear ones say nothing."""
    if not any((portal.reader, portal.antenna) == (event.reader, event.antenna) for portal in shop.layout.portals):
        return
    shop.state.portal_spoke = True
    sku = shop.planogram.sku_of_tag(event.epc)
    if sku is None:
        return
    present = shop.present(event.captured_ns - shop.policy.portal_window_ns)
    if len(present) > 1:
        present = _at_portal(shop, present, event.captured_ns)
    elif present and _is_out(shop, present[0], event.captured_ns) and _loner_at_portal(shop, event.captured_ns):
        return  # it is with a body that has no visit yet
    if len(present) == 1:
        for other in shop.open_visits():  # it is with whom it was read last
            if other is not present[0]:
                other.tags.pop(event.epc, None)
        tag = present[0].tags.setdefault(event.epc, Tag(sku=sku, reads=0, last_ns=event.captured_ns))
        tag.reads += 1
        tag.last_ns = event.captured_ns
        tag.best_cdbm = max(tag.best_cdbm, event.rssi_cdbm)


def _is_seen(shop: Shop, visit: Visit, at_ns: int) -> bool:
    trails = [shop.tracks.trails[track] for track in visit.tracks if track in shop.tracks.trails]
    return any(trail.last_ns >= at_ns - PORTAL_LATE_NS for trail in trails)


def _is_out(shop: Shop, visit: Visit, at_ns: int) -> bool:
    """True if a visit was seen last at the way out, longer ago than a tracker loses somebody there."""
    if visit.last_seen_ns > at_ns - OUT_NS:
        return False
    lasts = [shop.tracks.trails[track].last_place() for track in visit.tracks if track in shop.tracks.trails]
    return any(shop.is_near_gate(last, PORTAL_MM // 2) for last in lasts)


def _loner_at_portal(shop: Shop, at_ns: int) -> bool:
    trails = [trail for track in shop.loners if (trail := shop.tracks.trails.get(track)) is not None]
    seen = [trail for trail in trails if trail.last_ns >= at_ns - PORTAL_LATE_NS]
    return any(shop.is_near_gate(trail.place_at(at_ns), PORTAL_MM) for trail in seen)


def _at_portal(shop: Shop, visits: list[Visit], at_ns: int) -> list[Visit]:
    """The one visit that is clearly nearest to the way out at a moment; nobody where two are."""
    found = []
    seen = [visit for visit in visits if _is_seen(shop, visit, at_ns)]  # who is out already carries nothing past it
    for visit in seen or [visit for visit in visits if not _is_out(shop, visit, at_ns)]:
        places = [
            place
            for track in visit.tracks
            if (trail := shop.tracks.trails.get(track)) is not None and (place := trail.place_at(at_ns)) is not None
        ]
        if places and shop.gate_spots:
            far_mm = min(distance2(place, spot) for place in places for spot in shop.gate_spots)
            found.append((far_mm, visit.id, visit))
    found.sort()
    if not found:
        leaving = [visit for visit in visits if visit.state is State.LEAVING]
        return leaving if len(leaving) == 1 else []
    clear = len(found) == 1 or found[1][0] - found[0][0] >= PORTAL_MARGIN_MM
    return [found[0][2]] if clear and found[0][0] <= PORTAL_MM else []
