"""What hands do away from shelves: two that meet may hand something over, one at the floor may leave or find it.

Nobody sees what passes between them, so both ways go on as stories; a tag at the portal, a put-back or a person
decides later. Must not: change a story (handing.py does), or look at hands near a shelf.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edge.core.events import Person, PointMm, TracksSeen
from edge.core.shop import Gesture, Shop
from edge.core.trails import SMOOTH_NS, Trail, distance2, distance3

LOOK_NS: Final = 200_000_000
BODIES_MM: Final = 1_300
MEET_MM: Final = 230
BESIDE_MM, LOW_MM = 180, 120  # hands a little too low, but nearer and for longer; lower ones only hang
HELD_OUT_MM: Final = 345  # a hand that hangs or swings is nearer to its body
HELD_OUT_TO_MM: Final = 700
OFFERED_LOOKS: Final = 3  # a keypoint is missed now and then; a hidden hand is missed all the time
UNSEEN_NS: Final = 3_000_000_000
OUT_MM: Final = 2_000  # who is not seen any more so near to a gate has left, as in presence.py
FLOOR_MM: Final = 215  # the lowest boards are higher
GOING_DOWN_MM: Final = 450  # lower than any hand that hangs, of somebody who is not seen from then on
LOST_NS: Final = 500_000_000
SHELF_MM: Final = 750  # nearer to a plate or slot than this, hands are mostly busy with goods,
AT_SHELF_MM: Final = 500  # and nearer than this always; between the two, hands that meet do so for longer
STILL_MM: Final = {
    "met": 350,
    "near": 250,
    "offered": 250,
    "beside": 250,
}  # people who hand something over stand; a tracker trembles
LIFTED_PCT: Final = 60  # of the height of a head: a hanging hand is lower
LIFTED_SLACK_MM: Final = 50
LOW_SHELF_MM: Final = 1_100  # somebody who bends down nearer to a shelf than this may only reach into it
BENT_MM: Final = 240  # a head so far below its height: the floor is within reach
LEAVES_NS: Final = 350_000_000  # low hands stay beside each other while one of the two begins to walk
BREAK_NS: Final = 450_000_000  # a hand may be missed so long
SHORTEST_NS: Final = {
    "met": 180_000_000,
    "near": 450_000_000,
    "offered": 500_000_000,
    "beside": 700_000_000,
    "floor": 150_000_000,
}
LONGEST_NS: Final = {
    "met": 3_500_000_000,
    "near": 2_500_000_000,
    "offered": 3_500_000_000,
    "beside": 2_500_000_000,
    "floor": 60_000_000_000,
}  # people who queue have their hands side by side


def watch(shop: Shop, frame: TracksSeen) -> list[Gesture]:
    """Look at the hands of a frame (five times a second); returns the gestures that have just ended."""
    now_ns = frame.captured_ns
    if 0 <= now_ns - shop.looked_ns < LOOK_NS:
        return []
    before_ns, shop.looked_ns = shop.looked_ns, now_ns
    met = _met(shop, frame) if shop.policy.handed_over == "holder" else []  # else whoever took it pays
    for key, place in [*met, *_low(shop, frame)]:
        known = shop.gestures.get(key)
        if known is None:
            since = shop.gestures.get(("beside", *key[1:])) if key[0] == "met" else None
            began_ns = since.began_ns if since is not None else now_ns
            known = Gesture(kind=key[0], visits=key[1:], began_ns=began_ns, ended_ns=now_ns, place_mm=place)
            shop.gestures[key] = known
        else:
            known.ended_ns = now_ns
            known.looks += 1
        lifted = shop.gestures.get(("met", *key[1:])) if key[0] == "beside" else None
        if lifted is not None:  # the same two hands, seen a little lower
            lifted.ended_ns = now_ns
    over = [key for key, known in shop.gestures.items() if now_ns - known.ended_ns > BREAK_NS]
    ended = [shop.gestures.pop(key) for key in over]
    lasted = [
        row
        for row in ended
        if SHORTEST_NS[row.kind] <= row.ended_ns - row.began_ns <= LONGEST_NS[row.kind]
        and (row.kind != "offered" or row.looks >= OFFERED_LOOKS)
    ]
    stood = [row for row in lasted if row.kind == "floor" or all(_stood(shop, visit, row) for visit in row.visits)]
    return stood + list(_lost_low(shop, before_ns - LOST_NS, now_ns - LOST_NS))


def _lost_low(shop: Shop, from_ns: int, to_ns: int) -> Iterator[Gesture]:
    """Who was seen last in this span with a hand on its way down, away from shelves, may have been at the floor."""
    for visit in shop.present():
        newest = _newest(shop, visit.tracks)
        if newest is None or not from_ns < newest.last_ns <= to_ns or not newest.spots:
            continue
        low = [hand for hand in newest.spots[-1].hands_mm if hand[2] <= GOING_DOWN_MM]
        if low and shop.planogram.is_free(low[0], SHELF_MM):
            at_ns = newest.last_ns
            yield Gesture(kind="floor", visits=(visit.id,), began_ns=at_ns, ended_ns=at_ns, place_mm=low[0])


def _stood(shop: Shop, visit: str, gesture: Gesture) -> bool:
    """True if one of the visit's bodies was there and did not walk."""
    known = shop.state.visits.get(visit)
    for track in known.tracks if known is not None else ():
        trail = shop.tracks.trails.get(track)
        if trail is None or trail.last_ns < gesture.began_ns:
            return True  # nobody saw whether they walked
        leaves_ns = LEAVES_NS if gesture.kind == "beside" else 0
        first, last = trail.place_at(gesture.began_ns), trail.place_at(gesture.ended_ns - leaves_ns)
        if first is not None and last is not None and distance2(first, gesture.place_mm[:2]) <= BODIES_MM:
            return distance2(first, last) <= STILL_MM[gesture.kind]
    return False


def _met(shop: Shop, frame: TracksSeen) -> list[tuple[tuple[str, ...], PointMm]]:
    found: list[tuple[tuple[str, ...], PointMm]] = []
    for one, other in _close(frame):
        meeting = _meeting(shop, one, other, frame.captured_ns)
        if meeting is not None:
            people = (shop.visit_of(shop.tracks.name_of(person)) for person in (one, other))
            visits = sorted({visit.id for visit in people if visit is not None})
            found += [((meeting[0], *visits), meeting[1])] if len(visits) > 1 else []
    return found + list(_held_out(shop, frame))


def _meeting(shop: Shop, one: Person, other: Person, at_ns: int) -> tuple[str, PointMm] | None:
    """How and where a hand of one is at a hand of the other: away from shelves, or an arm before one."""
    pairs = [
        (a, b)
        for a in one.hands_mm
        for b in other.hands_mm
        if abs(a[0] - b[0]) + abs(a[1] - b[1]) <= 2 * MEET_MM and shop.planogram.is_free(a, AT_SHELF_MM)
    ]
    hidden = not one.hands_mm or not other.hands_mm  # what is missed now may be at the other's hand
    if hidden or any(shop.planogram.is_free(hand, SHELF_MM) for hand, _ in pairs):
        place, low = _touch(shop, one, other, at_ns)
        if place is None or shop.planogram.is_free(place, SHELF_MM):
            return None if place is None else ("beside" if low else "met", place)
    trails = [shop.tracks.trails[shop.tracks.name_of(person)] for person in (one, other)] if pairs else []
    touching = [(a, b) for a, b in pairs if _apart_mm(a, b) <= MEET_MM and _lower_mm(trails, (a, b)) <= 0]
    return ("near", touching[0][0]) if touching else None


def _held_out(shop: Shop, frame: TracksSeen) -> Iterator[tuple[tuple[str, ...], PointMm]]:
    """Somebody holds a hand out, away from shelves, to somebody else of whom not both hands are seen."""
    staff = set(shop.policy.staff)  # they carry what is not on any bill
    seen = {person.track: shop.visit_of(shop.tracks.name_of(person)) for person in frame.people}
    for person in frame.people:
        visit, place = seen[person.track], person.place_mm
        if visit is None or place is None:
            continue
        out = [hand for hand in person.hands_mm if distance2(hand[:2], place) >= HELD_OUT_MM]
        hand = next((hand for hand in out if shop.planogram.is_free(hand, SHELF_MM)), None)
        if hand is None:
            continue
        hidden = {
            other.id: (person.place_mm, frame.captured_ns)
            for person in frame.people
            if (other := seen[person.track]) is not None and len(person.hands_mm) < 2
        }
        for other in shop.present():
            there = hidden.get(other.id) or (None if other in seen.values() else _lost_inside(shop, other.tracks))
            if (
                other is visit
                or there is None
                or there[0] is None
                or not {visit.shopper, other.shopper}.isdisjoint(staff)
            ):
                continue
            if frame.captured_ns - there[1] <= UNSEEN_NS and distance2(hand[:2], there[0]) <= HELD_OUT_TO_MM:
                yield ("offered", *sorted((visit.id, other.id))), hand


def _lost_inside(shop: Shop, tracks: list[str]) -> tuple[tuple[int, int], int] | None:
    """Where and when somebody was seen last; None for who is out by a gate."""
    newest = _newest(shop, tracks)
    place = newest.last_place() if newest is not None else None
    if newest is None or place is None or shop.is_near_gate(place, OUT_MM):
        return None
    return place, newest.last_ns


def _newest(shop: Shop, tracks: list[str]) -> Trail | None:
    """The body of these that was seen last."""
    trails = [trail for track in tracks if (trail := shop.tracks.trails.get(track)) is not None]
    return max(trails, key=lambda trail: trail.last_ns, default=None)


def _close(frame: TracksSeen) -> Iterator[tuple[Person, Person]]:
    """Pairs of people who stand close."""
    placed = sorted((person.place_mm, person.track, person) for person in frame.people if person.place_mm)
    for number, (here, _, one) in enumerate(placed):
        for there, _, other in placed[number + 1 :]:
            if there[0] - here[0] > BODIES_MM:
                break
            if abs(there[1] - here[1]) <= BODIES_MM:
                yield one, other


def _touch(shop: Shop, one: Person, other: Person, at_ns: int) -> tuple[PointMm | None, bool]:
    """Where a hand of one is at a hand of the other, and whether they are as low as hands that only hang."""
    trails = [shop.tracks.trails[shop.tracks.name_of(person)] for person in (one, other)]
    mine, theirs = (trail.smooth_hands(at_ns - SMOOTH_NS, at_ns) for trail in trails)
    near = min(((distance3(a, b), a, b) for a in mine for b in theirs), default=None)
    if near is None or near[0] > MEET_MM:
        return None, False
    lower_mm = _lower_mm(trails, near[1:])
    if lower_mm <= 0:
        return near[1], False
    return (near[1] if lower_mm <= LOW_MM and near[0] <= BESIDE_MM else None), True


def _apart_mm(one: PointMm, other: PointMm) -> int:
    """At most so far apart: two hands that tremble, each seen once, must be nearer than their means."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


def _lower_mm(trails: list[Trail], hands: tuple[PointMm, PointMm]) -> int:
    """By how much two hands together are lower than hands that give and take; below 0 where they are higher."""
    talls = [trail.tall_mm for trail in trails]
    if talls[0] is None or talls[1] is None:
        return -LOW_MM
    return (talls[0] + talls[1]) * LIFTED_PCT // 100 - LIFTED_SLACK_MM - hands[0][2] - hands[1][2]


def _bent(shop: Shop, person: Person) -> list[PointMm]:
    """Where somebody bends down who has a hand that nobody sees."""
    tall_mm = shop.tracks.trails[shop.tracks.name_of(person)].tall_mm
    if person.head_mm is None or person.place_mm is None or tall_mm is None or len(person.hands_mm) > 1:
        return []
    floor = (*person.place_mm, FLOOR_MM)
    bent = person.head_mm[2] < tall_mm - BENT_MM and shop.planogram.is_free(floor, LOW_SHELF_MM)
    return [floor] if bent else []


def _low(shop: Shop, frame: TracksSeen) -> list[tuple[tuple[str, ...], PointMm]]:
    found: list[tuple[tuple[str, ...], PointMm]] = []
    for person in frame.people:
        low = [hand for hand in person.hands_mm if hand[2] <= FLOOR_MM] or _bent(shop, person)
        visit = shop.visit_of(shop.tracks.name_of(person)) if low else None
        if visit is not None and shop.planogram.is_free(low[0], SHELF_MM):
            found.append((("floor", visit.id), low[0]))
    return found
