"""A peer to compare with, written by us after the published method of the winner of the 2020 AutoCheckout contest.

Weight trigger (triggers.py); product by planogram place times a normal likelihood of the weight, planogram and carts
following what is put back; shopper by the hand nearest to the place at that moment. It bills all that it sees: no
review, no margin, one cart a track, as the contest had it. Must not: use any decision of the appliance.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from edge.config import StoreConfig
from edge.core.events import Person, TracksSeen
from edge.core.signals import PlateSamples
from tests.bench.carts.tape import Tape
from tests.bench.carts.triggers import Trigger, triggers

SIGMA_G: Final = 10.0  # of a weight change, for one piece of a light product
SIGMA_SHARE: Final = 0.02  # of the weight, on top
MOST_PIECES: Final = 4
FARTHEST: Final = 4.0  # sigmas between a weight and the change that it explains
LOOK_NS: Final = 250_000_000  # frames so far from the event tell where hands were
WALK_NS: Final = 1_000_000_000  # if there were none, the nearest frame up to so far away

Point = tuple[float, ...]


class Guess(NamedTuple):
    """What moved."""

    sku: str
    pieces: int


def bills(tape: Tape) -> dict[str, Any]:
    """The peer's bills in the form of `replay --json`."""
    frames = sorted((r for _, r in tape.readings if isinstance(r, TracksSeen)), key=lambda frame: frame.captured_ns)
    blocks = (reading for _, reading in tape.readings if isinstance(reading, PlateSamples))
    shop = Shelves(tape.config)
    carts: dict[str, Counter[str]] = {}
    for trigger in triggers(blocks, tape.config.plate):
        track = nearest(frames, trigger.at_ns, shop.place(trigger))
        if track is None:
            continue
        cart = carts.setdefault(track, Counter())
        guess = shop.taken(trigger) if trigger.total_g < 0 else shop.put_back(trigger, cart)
        if guess is not None:
            cart[guess.sku] += -guess.pieces if trigger.total_g > 0 else guess.pieces
    return {"visits": _visits(frames, carts, tape.start_ns), "alarms": []}


class Shelves:
    """Planogram and weights; what is put on a plate belongs there from then on."""

    def __init__(self, shop: StoreConfig) -> None:
        self._weights = {row.sku: row.weight_mg / 1000 for row in shop.product if row.weight_mg is not None}
        self._places = {row.id: row.position_mm for row in shop.plate}
        self._plan = {row.id: dict.fromkeys(row.skus, 1.0) for row in shop.plate}

    def place(self, trigger: Trigger) -> Point | None:
        """Middle of the plates that changed, weighted by their share."""
        known = [(share, place) for plate, share in trigger.shares.items() if (place := self._places[plate])]
        whole = sum(share for share, _ in known)
        if not known:
            return None
        return tuple(sum(share * place[axis] for share, place in known) / whole for axis in range(3))

    def taken(self, trigger: Trigger) -> Guess | None:
        """The product and number of pieces of the largest place probability times weight likelihood."""
        scores = {
            Guess(sku, pieces): self._at(trigger, sku) * likelihood(-trigger.total_g, pieces * weight)
            for sku, weight in self._weights.items()
            for pieces in range(1, MOST_PIECES + 1)
        }
        return _best(scores)

    def put_back(self, trigger: Trigger, cart: Counter[str]) -> Guess | None:
        """What the person holds that weighs most nearly as much; None if the cart is empty."""
        scores = {
            Guess(sku, pieces): likelihood(trigger.total_g, pieces * self._weights[sku])
            for sku, held in cart.items()
            for pieces in range(1, held + 1)
        }
        guess = _best(scores)
        if guess is not None:
            for plate, share in trigger.shares.items():
                self._plan[plate][guess.sku] = self._plan[plate].get(guess.sku, 0.0) + share
        return guess

    def _at(self, trigger: Trigger, sku: str) -> float:
        return sum(
            share * self._plan[plate].get(sku, 0.0) / (sum(self._plan[plate].values()) or 1.0)
            for plate, share in trigger.shares.items()
        )


def likelihood(seen_g: float, expected_g: float) -> float:
    """Normal density of a weight change in 1/g, 0 where it is too far off to be meant."""
    sigma = math.hypot(SIGMA_G, SIGMA_SHARE * expected_g)
    off = (seen_g - expected_g) / sigma
    return math.exp(-0.5 * off**2) / (sigma * math.sqrt(2 * math.pi)) if abs(off) <= FARTHEST else 0.0


def _best(scores: dict[Guess, float]) -> Guess | None:
    best = max(scores, key=lambda guess: (scores[guess], guess), default=None)
    return best if best is not None and scores[best] > 0 else None


def nearest(frames: list[TracksSeen], at_ns: int, place: Point | None) -> str | None:
    """The track whose hand (head, if no hand is seen) came nearest to a place around a moment."""
    people = list(_around(frames, at_ns))
    if place is None:
        return min((person.track for person in people), default=None)
    return min(people, key=lambda person: (_distance(person, place), person.track)).track if people else None


def _around(frames: list[TracksSeen], at_ns: int) -> Iterable[Person]:
    first = bisect_left(frames, at_ns - LOOK_NS, key=lambda frame: frame.captured_ns)
    last = bisect_left(frames, at_ns + LOOK_NS + 1, key=lambda frame: frame.captured_ns)
    close = frames[first:last]
    if not any(frame.people for frame in close):
        wide = [frame for frame in frames if frame.people and abs(frame.captured_ns - at_ns) <= WALK_NS]
        close = sorted(wide, key=lambda frame: abs(frame.captured_ns - at_ns))[:1]
    return (person for frame in close for person in frame.people)


def _distance(person: Person, place: Point) -> float:
    """In mm; a body without hands or head is measured on the floor. A hand is always believed before a head."""
    if person.hands_mm:
        return min(math.dist(hand, place) for hand in person.hands_mm)
    if person.head_mm is not None:
        return math.dist(person.head_mm, place)
    return math.dist(person.place_mm, place[:2]) if person.place_mm is not None else math.inf


def _visits(frames: list[TracksSeen], carts: dict[str, Counter[str]], start_ns: int) -> list[dict[str, Any]]:
    seen: dict[str, tuple[int, int]] = {}
    for frame in frames:
        for person in frame.people:
            seen[person.track] = (seen.get(person.track, (frame.captured_ns, 0))[0], frame.captured_ns)
    return [
        {
            "id": track,
            "tracks": [track],
            "entered_s": (first_ns - start_ns) / 1e9,
            "left_s": (last_ns - start_ns) / 1e9,
            "lines": [
                {"sku": sku, "quantity": pieces, "confidence": 1.0, "status": "charged"}
                for sku, pieces in sorted(carts.get(track, Counter()).items())
                if pieces > 0
            ],
        }
        for track, (first_ns, last_ns) in sorted(seen.items())
    ]
