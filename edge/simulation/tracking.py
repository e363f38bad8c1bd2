"""A ceiling tracker: frames with head, place and wrists; tracks get lost, split and swapped.

Noise: a track is wrong by 8 cm, a wrist by 5 cm, 15 % of the keypoints are missed (assumed figures). Half of the
error is slow, so that averaging frames does not help much. Must not: know goods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.core.events import Person, PointMm, TracksSeen
from edge.simulation.stage import Body, Grid, Happened

NS = 1_000_000_000
STRIDE_S, BOB_MM = 1.05, 18.0
BENDS_BELOW_MM, BENDS, BENDS_AT_MOST_MM = 700.0, 0.6, 450.0


@dataclass(frozen=True)
class TrackModel:
    """Millimetres, seconds and chances."""

    place_mm: float = 80.0
    hand_mm: float = 50.0
    head_mm: float = 15.0
    slow_share: float = 0.5  # of the variance
    slow_s: float = 1.0
    missed: float = 0.15
    missed_s: float = 0.25  # mean length of a gap of one keypoint
    lost_every_s: float = 70.0
    lost_s: tuple[float, float] = (0.4, 2.5)
    renamed: float = 0.4  # of the tracks that were lost come back under another name
    swap: float = 0.04  # a close meeting of two people
    close_mm: float = 450.0
    late: float = 0.03
    late_s: tuple[float, float] = (0.1, 0.6)


@dataclass
class Tracked:
    """Frames with their delay on the way, and which track names each body had (longest first)."""

    frames: list[tuple[TracksSeen, float]]
    names: dict[str, list[str]]


def track(happened: Happened, rng: np.random.Generator, model: TrackModel, hands: bool) -> Tracked:
    """All frames of a visit. `hands` is false where the tracker gives no wrists."""
    rate = float(rng.choice([10.0, 12.0, 15.0]))
    times = 0.6 + np.arange(int((happened.length_s - 0.6) * rate)) / rate
    names = _names(happened, times, rng, model)
    seen = {name: _sightings(happened, name, times, rng, model, hands) for name in happened.bodies}
    frames = []
    for number, at_s in enumerate(times.tolist()):
        people = []
        for body, track_names in names.items():
            if track_names[number] is not None:
                place, head, found = seen[body]
                wrists = tuple(_point(wrist[number]) for wrist, known in found if known[number])
                people.append(
                    Person(
                        track=str(track_names[number]),
                        place_mm=_point(place[number])[:2],
                        head_mm=_point(head[number]),
                        hands_mm=wrists,
                    )
                )
        people.sort(key=lambda person: person.track)
        late = float(rng.uniform(*model.late_s)) if rng.random() < model.late else 0.0
        frame = TracksSeen(captured_ns=round(at_s * NS), source="tracker", people=tuple(people))
        frames.append((frame, float(rng.uniform(0.05, 0.14)) + late))
    return Tracked(frames, _owners(names))


def _sightings(
    happened: Happened, name: str, times: Grid, rng: np.random.Generator, model: TrackModel, hands: bool
) -> tuple[Grid, Grid, list[tuple[Grid, np.ndarray]]]:
    """Place, head and wrists as the tracker believes them."""
    body = happened.bodies[name]
    place = body.places(times) + _error((len(times), 2), times, model.place_mm, rng, model)
    lean = body.headings(times) * 60.0
    head = np.concatenate([place + lean, _stature(body, times)[:, None]], axis=1)
    head += rng.normal(0, model.head_mm, head.shape)
    wrists = []
    for hand in (0, 1) if hands else ():
        error = _error((len(times), 3), times, model.hand_mm, rng, model)
        wrists.append((body.hands(hand, times) + error, _known(times, rng, model)))
    return place, head, wrists


def _stature(body: Body, times: Grid) -> Grid:
    """Height of the head: it bobs with each step, and who reaches low bends down."""
    pace = np.clip(body.speeds(times) / 1_000, 0, 1)
    lowest = np.minimum(body.hands(0, times)[:, 2], body.hands(1, times)[:, 2])
    bend = np.clip((BENDS_BELOW_MM - lowest) * BENDS, 0, BENDS_AT_MOST_MM)
    found: Grid = body.height_mm - 110.0 + BOB_MM * pace * np.sin(4 * np.pi * times / STRIDE_S) - bend
    return found


def _error(shape: tuple[int, int], times: Grid, size_mm: float, rng: np.random.Generator, model: TrackModel) -> Grid:
    keep = float(np.exp(-(times[1] - times[0]) / model.slow_s))
    slow = np.empty(shape)
    now = rng.normal(0, 1, shape[1])
    fresh = rng.normal(0, np.sqrt(1 - keep**2), shape)
    for row in range(shape[0]):
        now = now * keep + fresh[row]
        slow[row] = now
    share = np.sqrt(model.slow_share)
    found: Grid = size_mm * (share * slow + np.sqrt(1 - model.slow_share) * rng.normal(0, 1, shape))
    return found


def _known(times: Grid, rng: np.random.Generator, model: TrackModel) -> np.ndarray:
    """Which frames show a keypoint: gaps of some frames, `missed` of the time."""
    step = float(times[1] - times[0])
    back = min(1.0, step / model.missed_s)
    away = back * model.missed / (1 - model.missed)
    found, hidden = np.ones(len(times), dtype=bool), False
    chance = rng.random(len(times))
    for row in range(len(times)):
        hidden = chance[row] >= back if hidden else chance[row] < away
        found[row] = not hidden
    return found


def _names(happened: Happened, times: Grid, rng: np.random.Generator, model: TrackModel) -> dict[str, list[str | None]]:
    """The track name of every body in every frame, None where the tracker does not see it."""
    fresh = int(rng.integers(100, 900))
    current: dict[str, str] = {}
    names: dict[str, list[str | None]] = {name: [None] * len(times) for name in happened.bodies}
    lost_until = dict.fromkeys(names, -1.0)
    met: set[tuple[str, str]] = set()
    places = {name: body.places(times) for name, body in happened.bodies.items()}
    step = float(times[1] - times[0])
    for number, at_s in enumerate(times.tolist()):
        inside = [name for name, body in happened.bodies.items() if body.enters_s <= at_s <= body.leaves_s]
        for name in inside:
            if name not in current:
                fresh += int(rng.integers(1, 4))
                current[name] = str(fresh)
        for one, other in _pairs(inside):
            near = float(np.linalg.norm(places[one][number] - places[other][number])) < model.close_mm
            if near and (one, other) not in met and rng.random() < model.swap:
                current[one], current[other] = current[other], current[one]
            (met.add if near else met.discard)((one, other))
        for name in inside:
            if lost_until[name] > at_s:
                continue
            if lost_until[name] > 0 and lost_until[name] > at_s - step and rng.random() < model.renamed:
                fresh += int(rng.integers(1, 4))
                current[name] = str(fresh)
            if rng.random() < step / model.lost_every_s:
                lost_until[name] = at_s + float(rng.uniform(*model.lost_s))
                continue
            names[name][number] = current[name]
    return names


def _pairs(names: list[str]) -> list[tuple[str, str]]:
    return [(one, other) for number, one in enumerate(names) for other in names[number + 1 :]]


def _owners(names: dict[str, list[str | None]]) -> dict[str, list[str]]:
    """Track names by body; a name that two bodies had belongs to the one that had it longer."""
    counts: dict[str, dict[str, int]] = {}
    for body, row in names.items():
        for name in row:
            if name is not None:
                counts.setdefault(name, {}).setdefault(body, 0)
                counts[name][body] += 1
    found: dict[str, list[str]] = {body: [] for body in names}
    for name in sorted(counts, key=lambda name: (-max(counts[name].values()), name)):
        owner = min(counts[name], key=lambda body: (-counts[name][body], body))
        found[owner].append(name)
    return found


def _point(spot: Grid) -> PointMm:
    values = [round(float(value)) for value in spot]
    return values[0], values[1], values[2] if len(values) > 2 else 0
