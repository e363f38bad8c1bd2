"""What sensors make of the world: tracker frames, tag reads at the portal, bodies in the gate.

Noise figures: tags after a four-antenna UHF reader at a door (14 reads a second a tag, about -63 dBm); tracker
noise as of a ceiling camera network. Must not: change the world, or see more of it than the sensor could.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.core.events import PassageCounted, Person, PointMm, TagRead, TracksSeen
from edge.simulation.bodies import Body, Vector
from edge.simulation.world import BAG, OUT, World

NS = 1_000_000_000


@dataclass(frozen=True)
class TrackerModel:
    """A ceiling tracker. `wander_mm` is a slow error that stays for about a second."""

    rate_hz: float = 10.0
    noise_mm: float = 12.0
    wander_mm: float = 25.0
    hand_noise_mm: float = 22.0
    hand_missed: float = 0.05


@dataclass(frozen=True)
class PortalModel:
    """Antennas at the exit. Reads of a tag are a Poisson process whose rate falls with distance."""

    reader: str = "portal"
    antennas: tuple[int, ...] = (1, 2)
    rate_hz: float = 14.0
    range_mm: float = 900.0
    blocked: float = 0.35  # share of the rate that a body leaves
    rssi_cdbm: float = -5_600.0
    rssi_sd_cdbm: float = 400.0
    step_s: float = 0.01


def generator(seed: int, sensor: str) -> np.random.Generator:
    """A stream of chance of its own for each sensor, so that one sensor's model does not change another's noise."""
    return np.random.Generator(np.random.PCG64([seed, *sensor.encode()]))


def tracker(world: World, seed: int, model: TrackerModel | None = None) -> list[TracksSeen]:
    """Frames from 0 to the end of the world; an empty frame says that nobody is seen."""
    model = model or TrackerModel()
    rng = generator(seed, "tracker")
    wander = {person.track: np.zeros(3) for person in world.people}
    keep = float(np.exp(-1 / model.rate_hz))
    frames = []
    for number in range(int(world.length_s * model.rate_hz)):
        at_ns = round((number + 0.3) * NS / model.rate_hz)
        people = []
        for person in world.people:
            fresh = rng.normal(0, model.wander_mm * np.sqrt(1 - keep**2), 3)
            wander[person.track] = wander[person.track] * keep + fresh
            if person.body.inside(at_ns / NS):
                people.append(_sighting(person.track, person.body, at_ns / NS, wander[person.track], rng, model))
        frames.append(TracksSeen(captured_ns=at_ns, source="tracker", people=tuple(people)))
    return frames


def _sighting(
    track: str, body: Body, at_s: float, wander: Vector, rng: np.random.Generator, model: TrackerModel
) -> Person:
    head = body.head(at_s) + wander + rng.normal(0, model.noise_mm, 3)
    place = body.place(at_s) + wander[:2] + rng.normal(0, model.noise_mm, 2)
    hands = [body.hand(hand, at_s) + wander + rng.normal(0, model.hand_noise_mm, 3) for hand in (0, 1)]
    seen = rng.random(2) >= model.hand_missed
    return Person(
        track=track,
        place_mm=(round(float(place[0])), round(float(place[1]))),
        head_mm=_point(head),
        hands_mm=tuple(_point(hand) for hand, is_seen in zip(hands, seen, strict=True) if is_seen),
    )


def _point(spot: Vector) -> PointMm:
    return round(float(spot[0])), round(float(spot[1])), round(float(spot[2]))


def portal(world: World, seed: int, model: PortalModel | None = None) -> list[TagRead]:
    """Reads of the tags that people carry past the antennas, by time."""
    model = model or PortalModel()
    rng = generator(seed, "portal")
    gate = np.array(world.shop.gate_mm, dtype=np.float64)
    reads = []
    for person in world.people:
        for at_s in np.arange(person.body.enters_s, person.body.leaves_s, model.step_s):
            carried = _carried(world, person.track, float(at_s))
            distance = float(np.linalg.norm(person.body.place(float(at_s)) - gate))
            rate = model.rate_hz * float(np.exp(-((distance / model.range_mm) ** 2)))
            for epc in carried:
                for antenna in model.antennas:
                    share = (model.blocked if antenna % 2 else 1.0) / len(model.antennas)
                    if rng.random() < rate * share * model.step_s:
                        loss = 2_000 * np.log10(max(distance, 300.0) / 300.0)
                        rssi = model.rssi_cdbm - loss + rng.normal(0, model.rssi_sd_cdbm)
                        reads.append(_read(model, float(at_s), antenna, epc, round(float(rssi))))
    return sorted(reads, key=lambda read: read.captured_ns)


def _carried(world: World, track: str, at_s: float) -> list[str]:
    mine = (BAG + track, OUT + track, f"hand:{track}:0", f"hand:{track}:1")
    places = world.places(at_s)
    return [good.epc for good in world.goods if good.epc and places[good.number] in mine]


def _read(model: PortalModel, at_s: float, antenna: int, epc: str, rssi_cdbm: int) -> TagRead:
    return TagRead(
        captured_ns=round(at_s * NS),
        source=model.reader,
        reader=model.reader,
        antenna=antenna,
        epc=epc,
        rssi_cdbm=rssi_cdbm,
    )


def gate_beam(world: World, gate: str = "gate") -> list[PassageCounted]:
    """What a perfect counter in the gate sees. A shop whose door board counts for itself does not need it."""
    passages = [(person.body.enters_s, "in") for person in world.people]
    passages += [(person.body.leaves_s, "out") for person in world.people]
    totals = {"in": 0, "out": 0}
    found = []
    for at_s, way in sorted(passages):
        totals[way] += 1
        found.append(
            PassageCounted(
                captured_ns=round(at_s * NS),
                source=gate,
                gate=gate,
                direction="in" if way == "in" else "out",
                total=totals[way],
            )
        )
    return found
