"""Whose hand gripped: where it rested at the moment in which a scale felt a change, and when it came or left.

Who takes something leaves with it in the very moment in which the plate becomes lighter, and who lays something down
came with it just before; a hand beside it does so at another moment. The figures were fitted on simulated tuning
seeds (conditional logit over everybody inside). Must not: name anybody; it gives log-likelihood ratios.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from edge.core.events import PointMm
from edge.core.target import Offset, Target, front_of, offset_h
from edge.core.trails import SAME_HAND_MM, Spot, Trail, distance3

MS: Final = 1_000_000
SETTLE_NS: Final = 250 * MS  # a plate shows its new level so long after a pack left it
QUICK_NS: Final = 500 * MS  # a change that takes longer may be several, or slow
REST_NS: Final = {True: (-500 * MS, -50 * MS), False: (-50 * MS, 300 * MS)}  # when a hand rests about a take, a put
WIDER_NS: Final = (-350 * MS, 200 * MS)  # where it was not seen then
AROUND_NS: Final = 1_300 * MS
SHARP_NS: Final = 250 * MS  # two sightings so near in time tell the moment between them
AWAY_MM: Final = 180  # farther from where it rested it has left, or not yet come
LEAVES_NS: Final = 170 * MS  # it takes so long to get there
COMES_NS: Final = -320 * MS  # and from there to the moment at which a pack stands on its plate
PLAUSIBLE_H: Final = 300  # a hand so far off is another one, if both were not seen

BEST_MNAT: Final = 5_500  # another hand may rest there as well, leave in that moment, and do nothing
# What it costs to rest off the place (hundredths of the usual spread) and to move off the moment (ms); linear between
# the rows of a table, flat beyond them.
ALONG: Final = ((70, 0), (140, -2_400), (200, -3_700), (270, -6_200), (400, -7_500))
IN_DEPTH: Final = ((100, 0), (200, -2_300), (350, -6_000))
IN_HEIGHT: Final = ((100, 0), (700, -6_000))
LEFT_EARLY: Final = ((100, 0), (200, -2_100), (350, -4_500), (500, -6_000))
LEFT_LATE: Final = ((100, 0), (200, -500), (350, -2_700), (1_000, -4_000))
CAME_EARLY: Final = ((50, 0), (100, -700), (200, -1_500), (350, -2_400))
CAME_LATE: Final = ((100, 0), (200, -300), (350, -2_900))
UNSURE_MS: Final = 250
NOT_SEEN_LEAVING_MNAT: Final = -1_400
# What is left where the hands that were seen were elsewhere: (body within reach, both hands seen)
ELSEWHERE: Final = {(True, False): -1_700, (True, True): -5_000, (False, False): -5_800, (False, True): -6_500}


class Moment(NamedTuple):
    """When packs left a plate or came to it: the first and the last moment that it can have been."""

    first_ns: int
    last_ns: int
    taken: bool


class Grip(NamedTuple):
    """How far a hand rested from where a grip is, and how many ms too early (< 0) or too late it left, or came;
    None = that was not seen."""

    offset: Offset
    off_ms: int | None


def moment_of(began_ns: int, ended_ns: int, taken: bool) -> Moment:
    """The moment of a change that a scale felt from `began_ns` to `ended_ns`."""
    quick = ended_ns - began_ns <= QUICK_NS
    if not taken:
        return Moment(began_ns, began_ns if quick else ended_ns - SETTLE_NS, taken)
    left_ns = ended_ns - SETTLE_NS
    if left_ns <= began_ns:  # how much inertia the plate has is not known: one without any shows its new level at once
        return Moment(left_ns, began_ns, taken)
    return Moment(left_ns if quick else began_ns, left_ns, taken)


def by_hand_mnat(trail: Trail, target: Target, moment: Moment, sigma_mm: int) -> int | None:
    """Log-likelihood ratio of one body by its hands alone; None = no hand was seen about that moment."""
    found = measure(trail, target, moment, sigma_mm)
    if found is None:
        return None
    costs = [look_up(table, off) for table, off in zip((ALONG, IN_DEPTH, IN_HEIGHT), found.offset, strict=True)]
    return BEST_MNAT + sum(costs) + _in_time(found.off_ms, moment.taken)


def _in_time(off_ms: int | None, taken: bool) -> int:
    if off_ms is None:
        return NOT_SEEN_LEAVING_MNAT
    early, late = (LEFT_EARLY, LEFT_LATE) if taken else (CAME_EARLY, CAME_LATE)
    return look_up(late, off_ms) if off_ms > 0 else look_up(early, -off_ms)


def are_accounted(trail: Trail, moment: Moment) -> bool:
    """True if both hands were seen at once, twice, while the hand that did it rested."""
    early_ns, late_ns = REST_NS[moment.taken]
    spots = trail.between(moment.first_ns + early_ns, moment.last_ns + late_ns)
    return sum(len(spot.hands_mm) > 1 for spot in spots) > 1


def measure(trail: Trail, target: Target, moment: Moment, sigma_mm: int) -> Grip | None:
    """What the hands of one body did about a moment; None = none was seen."""
    seen = [spot for spot in trail.between(moment.first_ns - AROUND_NS, moment.last_ns + AROUND_NS) if spot.hands_mm]
    front = front_of(trail, target, moment.first_ns)
    found = _measure(seen, target, moment, sigma_mm, front, (0, 0))
    if found is None or (_square(found.offset) > PLAUSIBLE_H * PLAUSIBLE_H and not are_accounted(trail, moment)):
        return _measure(seen, target, moment, sigma_mm, front, WIDER_NS) or found
    return found


def _measure(
    seen: list[Spot], target: Target, moment: Moment, sigma_mm: int, front: int, wider_ns: tuple[int, int]
) -> Grip | None:
    early_ns, late_ns = REST_NS[moment.taken]
    from_ns, to_ns = moment.first_ns + early_ns + wider_ns[0], moment.last_ns + late_ns + wider_ns[1]
    hands = [hand for spot in seen if from_ns <= spot.at_ns <= to_ns for hand in spot.hands_mm]
    if not hands:
        return None
    nearest = min(hands, key=lambda hand: (_square(offset_h(hand, target, sigma_mm, front)), hand))
    place = _mean([hand for hand in hands if distance3(hand, nearest) <= SAME_HAND_MM])
    return Grip(offset_h(place, target, sigma_mm, front), _Rest(seen, place, from_ns, to_ns).off_ms(moment))


def _square(offset: Offset) -> int:
    return sum(off * off for off in offset)


def _mean(hands: list[PointMm]) -> PointMm:
    x, y, z = (sum(axis) // len(hands) for axis in zip(*hands, strict=True))
    return x, y, z


class _Rest:
    """Sightings of a hand about the place where it rested. One hand that is seen elsewhere alone may be the other
    one, so it says nothing; only where both are, or where a tracker never shows two, the hand has left."""

    def __init__(self, seen: list[Spot], place: PointMm, from_ns: int, to_ns: int) -> None:
        two = any(len(spot.hands_mm) > 1 for spot in seen)
        far = [(spot.at_ns, _away_mm(spot, place), len(spot.hands_mm)) for spot in seen]
        self._known = [(at_ns, mm) for at_ns, mm, count in far if mm <= AWAY_MM or count > 1 or not two]
        self._here = [
            number for number, (at_ns, mm) in enumerate(self._known) if mm <= AWAY_MM and from_ns <= at_ns <= to_ns
        ]

    def off_ms(self, moment: Moment) -> int | None:
        """How much too early or too late the hand left what it took from, or came to what it laid down."""
        if not self._here:
            return None
        step, expected_ns = (1, LEAVES_NS) if moment.taken else (-1, COMES_NS)
        edge = self._edge(step)
        near = self._known[edge]
        if not 0 <= edge + step < len(self._known):  # it was not seen to move; it may have been there for too long
            off_ms = (near[0] - expected_ns - (moment.last_ns if moment.taken else moment.first_ns)) // MS
            return off_ms if off_ms * step > UNSURE_MS else None
        far = self._known[edge + step]
        sharp = abs(far[0] - near[0]) <= SHARP_NS
        times = [_crossed_ns(near, far)] if sharp else [near[0], far[0]]
        earliest, latest = min(times) - expected_ns, max(times) - expected_ns
        if earliest > moment.last_ns:
            return (earliest - moment.last_ns) // MS
        return min(0, latest - moment.first_ns) // MS

    def _edge(self, step: int) -> int:
        """The last sighting of the rest, on either side until two in a row are away."""
        at = self._here[0]
        while True:
            ahead = [at + step * more for more in (1, 2) if 0 <= at + step * more < len(self._known)]
            here = [number for number in ahead if self._known[number][1] <= AWAY_MM]
            if not here:
                return at
            at = here[0]


def _crossed_ns(near: tuple[int, int], far: tuple[int, int]) -> int:
    """When the hand was `AWAY_MM` away, between two sightings (ns, mm)."""
    return near[0] + (far[0] - near[0]) * (AWAY_MM - near[1]) // max(1, far[1] - near[1])


def _away_mm(spot: Spot, place: PointMm) -> int:
    return min(distance3(hand, place) for hand in spot.hands_mm)


def look_up(table: tuple[tuple[int, int], ...], at: int) -> int:
    """A table of (place, value) at a place, linear between its rows and flat beyond them."""
    left, low = table[0]
    if at <= left:
        return low
    for right, high in table[1:]:
        if at <= right:
            return low + (high - low) * (at - left) // (right - left)
        left, low = right, high
    return low
