"""A busy shop as events, for speed: people who walk, take and put back, plates, slots and tags, all of it seeded.

Closed form: any minute can be made without the ones before it, so a whole day needs no memory. Nothing here is noise
that a sensor would have; accuracy is measured elsewhere. Must not: call the core.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

import msgspec

from edge import config
from edge.config import StoreConfig
from edge.core.events import (
    Event,
    Person,
    PlateSteady,
    PointMm,
    RunStarted,
    ShelfChanged,
    ShelfReached,
    TagRead,
    TracksSeen,
    WeightStep,
)

S: Final = 1_000_000_000
GONDOLAS, SHELVES, PLATES = 5, 6, 12
STOP_S, STOPS = 20.0, 9  # a visit: so many stops of so many seconds; the last one is the way out
WALK_S, REACH_S, GONE_S = 4.0, 13.0, 6.0
GRAMS: Final = 90.0  # lightest product; the next ones are `GRAMS_MORE` apart
GRAMS_MORE: Final = 7.0


class Rates(NamedTuple):
    """How much happens. `tags` reads a second; `steady_s` between two levels of a plate."""

    people: int = 20
    frames: float = 15.0
    tags: float = 35.0
    steady_s: float = 60.0


class Facing(NamedTuple):
    """Two plates side by side with one product."""

    name: str
    plates: tuple[str, str]
    sku: str
    grams: float
    place: PointMm


class Stop(NamedTuple):
    """What somebody does at one stop; `grams` < 0 is a take."""

    facing: Facing
    grams: float


@cache
def facings() -> tuple[Facing, ...]:
    """All facings of the shop."""
    found = []
    for number in range(GONDOLAS * SHELVES * PLATES // 2):
        shelf, pair = divmod(number, PLATES // 2)
        gondola, board = divmod(shelf, SHELVES)
        plates = tuple(f"g{gondola}-s{board}-p{2 * pair + side}" for side in (1, 2))
        place = (800 + pair * 400, 1_500 + gondola * 2_000, 300 + board * 300)
        grams = GRAMS + GRAMS_MORE * (number * 37 % 101)
        found.append(Facing(f"f{number}", (plates[0], plates[1]), f"sku{number}", grams, place))
    return tuple(found)


def shop() -> StoreConfig:
    """360 plates, 180 watched facings, a portal; everybody who is tracked has a visit."""
    parts = ['[store]\nid = "speed"\ncurrency = "KRW"', '[visits]\nopen_on = "track"', '[[rfid_reader]]\nid = "portal"']
    parts += [f'[[camera]]\nid = "cam{gondola}"\nrole = "shelf"' for gondola in range(GONDOLAS)]
    for number, row in enumerate(facings()):
        parts.append(
            f'[[product]]\nsku = "{row.sku}"\nname = "{row.sku}"\nprice_minor = 1000\n'
            f'weight_mg = {round(row.grams * 1000)}\nepc = "AA{number:04X}"'
        )
        for side, plate in enumerate(row.plates):
            gondola, board, index = plate.split("-")
            x, y, z = row.place
            parts.append(
                f'[[plate]]\nid = "{plate}"\ngondola = "{gondola}"\nshelf = {board[1:]}\nindex = {index[1:]}\n'
                f'skus = ["{row.sku}"]\nposition_mm = [{x + side * 200 - 100}, {y}, {z}]'
            )
        parts.append(
            f'[[slot]]\nid = "{row.name}"\ncamera = "cam{row.plates[0][1]}"\nbox_px = [0, 0, 10, 10]\n'
            f'sku = "{row.sku}"\ncount = 8\nplates = ["{row.plates[0]}", "{row.plates[1]}"]\n'
            f"position_mm = {list(row.place)}"
        )
    return config.parse("\n".join(parts), "speed.toml")


class Crowd:
    """`minute(n)` is everything of the n-th minute, stamped, in order of arrival."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._plates = [plate for row in facings() for plate in row.plates]
        self._seq = 1

    def start(self) -> Event:
        """The beginning of the run."""
        return RunStarted(captured_ns=0, source="box", run_id="speed", seq=1)

    def minute(self, number: int) -> list[Event]:
        """Events captured from `number` to `number` + 1 minutes."""
        from_s = 60.0 * number
        found = [*self._frames(from_s), *self._takes(from_s), *self._levels(from_s), *self._reads(from_s)]
        late = random.Random(number)
        arrivals = sorted(((event.captured_ns + late.randrange(5, 80) * S // 1000, k) for k, event in enumerate(found)))
        stamped = []
        for received_ns, k in arrivals:
            self._seq += 1
            stamped.append(msgspec.structs.replace(found[k], seq=self._seq, received_ns=received_ns))
        return stamped

    def _frames(self, from_s: float) -> Iterator[Event]:
        for number in range(round(60 * self._rates.frames)):
            at_s = from_s + number / self._rates.frames
            people = tuple(person for who in range(self._rates.people) if (person := self._person(who, at_s)))
            yield TracksSeen(captured_ns=round(at_s * S), source="tracker", people=people)

    def _moment(self, who: int, at_s: float) -> tuple[int, int, float]:
        """Number of the visit, of the stop in it, and seconds into the stop; people do not come all at once."""
        shifted = at_s + who * 61.7
        visit, inside_s = divmod(shifted, STOP_S * STOPS)
        stop, stop_s = divmod(inside_s, STOP_S)
        return int(visit), int(stop), stop_s

    def _person(self, who: int, at_s: float) -> Person | None:
        visit, stop, stop_s = self._moment(who, at_s)
        if stop == STOPS - 1 and stop_s > STOP_S - GONE_S:
            return None
        here, there = self._stand(who, visit, stop - 1), self._stand(who, visit, stop)
        share = min(1.0, stop_s / WALK_S)
        x, y = (round(one + (other - one) * share) for one, other in zip(here, there, strict=True))
        right: PointMm = (x + 200, y, 900)
        if abs(stop_s - REACH_S) < 1.0 and stop < STOPS - 1:
            right = self._stop(who, visit, stop).facing.place
        return Person(
            track=f"t{who}-{visit}",
            place_mm=(x, y),
            head_mm=(x, y, 1_650),
            hands_mm=((x - 200, y, 900), right),
        )

    def _stand(self, who: int, visit: int, stop: int) -> tuple[int, int]:
        if stop < 0 or stop == STOPS - 1:
            return 0, 0
        x, y, _ = self._stop(who, visit, stop).facing.place
        return x, y + 600

    def _stop(self, who: int, visit: int, stop: int) -> Stop:
        return _drawn(who, visit, stop)

    def _takes(self, from_s: float) -> Iterator[Event]:
        for who in range(self._rates.people):
            first = (from_s + who * 61.7 - REACH_S) // STOP_S
            for number in range(int(first) - 1, int(first) + int(60 / STOP_S) + 2):
                at_s = number * STOP_S + REACH_S - who * 61.7
                visit, stop = divmod(number, STOPS)
                if from_s <= at_s < from_s + 60 and stop < STOPS - 1:
                    yield from self._seen(self._stop(who, visit, stop), round(at_s * S))

    def _seen(self, stop: Stop, at_ns: int) -> Iterator[Event]:
        row = stop.facing
        for plate in row.plates:
            yield WeightStep(
                captured_ns=at_ns + S, source="scale", plate=plate, delta_mg=round(stop.grams * 500),
                level_mg=2_000_000, began_ns=at_ns, ended_ns=at_ns + S // 10, noise_mg=900,
            )  # fmt: skip
        camera = f"cam{row.plates[0][1]}"
        seen_ns, began_ns, ended_ns = at_ns + 2 * S, at_ns - S, at_ns + 3 * S // 2
        yield ShelfChanged(
            captured_ns=seen_ns, source=camera, camera=camera, slot=row.name,
            change="take" if stop.grams < 0 else "put", began_ns=began_ns, ended_ns=ended_ns,
        )  # fmt: skip
        yield ShelfReached(
            captured_ns=seen_ns, source=camera, camera=camera, slot=row.name, began_ns=began_ns, ended_ns=ended_ns
        )

    def _levels(self, from_s: float) -> Iterator[Event]:
        pause = self._rates.steady_s / len(self._plates)
        first = int(-(-from_s // pause))
        for number in range(first, int(-(-(from_s + 60) // pause))):
            plate = self._plates[number % len(self._plates)]
            at_ns = round(number * pause * S)
            yield PlateSteady(captured_ns=at_ns, source="scale", plate=plate, level_mg=2_000_000, noise_mg=900)

    def _reads(self, from_s: float) -> Iterator[Event]:
        """Tags of the stock near by, read by the portal's antenna and by another one."""
        chance = random.Random(round(from_s))
        for number in range(round(60 * self._rates.tags)):
            epc = f"AA{chance.randrange(40):04X}{chance.randrange(8):018X}"
            at_ns = round((from_s + number / self._rates.tags) * S)
            antenna = 1 if chance.random() < 0.2 else 2
            yield TagRead(captured_ns=at_ns, source="portal", reader="portal", antenna=antenna, epc=epc)


@lru_cache(maxsize=4_096)
def _drawn(who: int, visit: int, stop: int) -> Stop:
    """Every fourth stop puts back what the stop before took; the others take one piece."""
    if stop % 4 == 3:
        before = _drawn(who, visit, stop - 1)
        return Stop(before.facing, -before.grams)
    facing = random.Random(f"{who}/{visit}/{stop}").choice(facings())
    return Stop(facing, -facing.grams)
