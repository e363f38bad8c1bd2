"""Ways in: credentials become admitted visits and grants; what doors and turnstiles answer.

Leaving needs no order from here: egress is released by the board itself. Must not: hold anybody.
"""

from __future__ import annotations

from edge.core import eyes, faces
from edge.core.bodies_at_gate import on_bodies
from edge.core.commands import GrantPassage, OpenVisit, ShowMessage
from edge.core.events import ClaimMade, CredentialShown, DoorChanged, GrantAnswered, PassageCounted
from edge.core.presence import end_visit, enter, loner_near_gate, may_be_another
from edge.core.shop import Shop
from edge.core.visits import PRESENT, Showing, State, Stimulus, Visit

ANSWER_NS = 3_000_000_000
REGRANT_NS = 3_000_000_000
SAME_SHOWING_NS = 500_000_000
EITHER_PPM = 500_000  # of two bodies that came in on one grant
OUTS_KEPT = 16  # ways out that no vanished body has claimed yet


def on_credential(shop: Shop, event: CredentialShown) -> None:
    """Admit a known shopper who is not inside yet; tell everybody else where they stand."""
    if event.shopper is None:
        if event.method == "face" and _was_just_admitted(shop, event):
            return  # the same person, turning away
        shop.order(ShowMessage(issued_ns=event.captured_ns, gate=event.gate, message=f"refused-{event.reason}"))
        return
    if faces.is_refused(shop, event):
        shop.order(ShowMessage(issued_ns=event.captured_ns, gate=event.gate, message="refused-not-live"))
        return
    for visit in shop.open_visits():
        if visit.shopper == event.shopper:
            _shown_again(shop, visit, event)
            return
    if eyes.mode(shop) == "closed":
        shop.order(ShowMessage(issued_ns=event.captured_ns, gate=event.gate, message="closed"))
        return
    visit = Visit(
        id=shop.new_id("v", event.source, event.captured_ns, event.shopper),
        shopper=event.shopper,
        method=event.method,
        gate=event.gate,
        state=State.GRANTED,
        opened_ns=event.captured_ns,
        last_seen_ns=event.captured_ns,
        shown=[Showing(at_ns=event.captured_ns, score_ppm=event.score_ppm)],
    )
    shop.state.visits[visit.id] = visit
    shop.order(
        OpenVisit(
            issued_ns=event.captured_ns, visit=visit.id, shopper=visit.shopper, method=event.method, gate=event.gate,
            evidence=faces.evidence(event),
        )
    )  # fmt: skip
    _grant(shop, visit, event.captured_ns)
    shop.timers.set(event.captured_ns + shop.policy.entry_timeout_ns, "entry", visit.id)
    track = loner_near_gate(shop, event.gate, event.captured_ns)
    if track is not None:
        enter(shop, visit, event.captured_ns, track)


def on_claim(shop: Shop, event: ClaimMade) -> None:
    """Somebody said who they are: ask them to look. Whether the claim fits anybody is not told at the gate."""
    shop.order(ShowMessage(issued_ns=event.captured_ns, gate=event.gate, message="look-here"))


def _was_just_admitted(shop: Shop, event: CredentialShown) -> bool:
    since = event.captured_ns - REGRANT_NS
    return any(visit.gate == event.gate and visit.opened_ns >= since for visit in shop.open_visits())


def _shown_again(shop: Shop, visit: Visit, event: CredentialShown) -> None:
    """The same person once more. At the gate that lets one more body in on their bill (a child, a friend).

    A report that comes twice is one; a device whose clock is ahead gives the two slightly different moments.
    """
    for shown in visit.shown:
        if shown.score_ppm == event.score_ppm and abs(event.captured_ns - shown.at_ns) < SAME_SHOWING_NS:
            return
    visit.shown.append(Showing(at_ns=event.captured_ns, score_ppm=event.score_ppm))
    visit.step(Stimulus.SHOWN_AGAIN)
    if event.captured_ns - visit.opened_ns <= shop.policy.entry_timeout_ns:
        visit.party += 1
        _grant(shop, visit, event.captured_ns)
        if visit.state is State.GRANTED:
            shop.timers.set(event.captured_ns + shop.policy.entry_timeout_ns, "entry", visit.id)
    elif visit.state in PRESENT:
        shop.order(ShowMessage(issued_ns=event.captured_ns, gate=event.gate, message="already-inside", visit=visit.id))


def _grant(shop: Shop, visit: Visit, at_ns: int) -> None:
    visit.tries += 1
    visit.request = shop.new_id("q", visit.id, visit.tries)
    known = any(gate.id == visit.gate for gate in shop.layout.gates)
    if known:
        shop.order(
            GrantPassage(issued_ns=at_ns, gate=visit.gate, direction="in", request=visit.request, visit=visit.id)
        )
        shop.timers.set(at_ns + ANSWER_NS, "grant", visit.id)
    shop.order(ShowMessage(issued_ns=at_ns, gate=visit.gate, message="welcome", visit=visit.id))


def on_grant_answered(shop: Shop, event: GrantAnswered) -> None:
    """A refusal ends the try, not the shopper: they may show their credential again."""
    for visit in shop.open_visits():
        if visit.request != event.request:
            continue
        shop.timers.cancel("grant", visit.id)
        shop.order(*shop.state.alarms.end("door-silent", event.gate, event.captured_ns))
        if not event.ok:
            shop.order(*shop.state.alarms.mention("grant-refused", event.gate, event.reason, event.captured_ns))
            shop.order(ShowMessage(issued_ns=event.captured_ns, gate=event.gate, message="try-again", visit=visit.id))
            if visit.step(Stimulus.REFUSED):
                visit.reason = "refused"
                end_visit(shop, visit, event.captured_ns)


def on_grant_timer(shop: Shop, visit: Visit, at_ns: int) -> None:
    """The door did not answer. Unknown is not failed: the visit waits for a body, a person is told."""
    shop.order(*shop.state.alarms.stand("door-silent", visit.gate, f"no answer to {visit.request}", at_ns))


def on_entry_timer(shop: Shop, visit: Visit, at_ns: int) -> None:
    """Nobody came in on the grant."""
    if visit.step(Stimulus.TIMED_OUT):
        visit.reason = "not-entered"
        end_visit(shop, visit, at_ns)


def on_door(shop: Shop, event: DoorChanged) -> None:
    """A door on its safe level is an alarm; egress that is not released is a worse one."""
    alarms, at_ns = shop.state.alarms, event.captured_ns
    armed = event.door in shop.state.armed_doors
    if not armed and not event.safe and event.entry != "unknown":
        shop.state.armed_doors.append(event.door)  # a board boots on its safe levels; only a fall back to them is news
    for alarm, wrong, detail in (
        ("door-safe", event.safe and armed, "the box was silent; the board holds its safe levels"),
        ("egress-locked", event.egress == "locked", "egress reads back as locked; open it by hand and call service"),
    ):
        found = alarms.stand(alarm, event.door, detail, at_ns) if wrong else alarms.end(alarm, event.door, at_ns)
        shop.order(*found)


def on_passage(shop: Shop, event: PassageCounted) -> None:
    """Bodies counted by a beam or turnstile. They matter most where no tracker sees who moves.

    A camera that sees whole bodies is believed about how many there are, and about nothing else.
    """
    if event.bodies:
        on_bodies(shop, event)
        return
    if event.direction == "out":
        shop.state.outs_ns = [*shop.state.outs_ns, event.captured_ns][-OUTS_KEPT:]
    if event.direction == "in":
        waiting = [visit for visit in shop.open_visits() if visit.state is State.GRANTED and visit.gate == event.gate]
        placed = _is_told_again(shop, event) or _has_a_place(shop, event)
        if waiting and not shop.state.ever_tracked:
            enter(shop, waiting[0], event.captured_ns, None)
        elif not waiting and not _just_entered(shop, event):
            detail = "a body came in without a grant"
            shop.order(*shop.state.alarms.mention("tailgate", event.gate, detail, event.captured_ns))
        for visit in [] if placed else waiting:  # whoever is seen first may be the one who was not let in
            may_be_another(visit, EITHER_PPM)
    elif not shop.state.ever_tracked:
        inside = [visit for visit in shop.open_visits() if visit.state is State.INSIDE]
        if len(inside) == 1:
            _left(shop, inside[0], event.captured_ns)


def _is_told_again(shop: Shop, event: PassageCounted) -> bool:
    """True for a count that was told before: its counter did not go on."""
    key = f"{event.gate}|{event.source}|{event.direction}"
    before, shop.state.counted[key] = shop.state.counted.get(key, 0), event.total
    return event.total > 0 and event.total == before


def _has_a_place(shop: Shop, event: PassageCounted) -> bool:
    """Give a body one of the places that were granted lately; False where none is left."""
    since_ns = event.captured_ns - shop.policy.entry_timeout_ns
    for visit in shop.open_visits():
        lately = visit.state is State.GRANTED or since_ns <= visit.opened_ns
        if visit.gate == event.gate and lately and visit.passed_in < visit.party:
            visit.passed_in += 1
            return True
    return False


def _just_entered(shop: Shop, event: PassageCounted) -> bool:
    """True if a visit was bound to its body already and the counter only says so afterwards."""
    since = event.captured_ns - shop.policy.entry_timeout_ns
    return any(visit.gate == event.gate and (visit.entered_ns or 0) >= since for visit in shop.open_visits())


def _left(shop: Shop, visit: Visit, at_ns: int) -> None:
    if visit.step(Stimulus.LEFT):
        visit.left_ns = visit.last_seen_ns = at_ns
        shop.timers.set(at_ns + shop.policy.settle_ns, "settle", visit.id)
