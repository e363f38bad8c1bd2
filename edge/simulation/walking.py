"""Where people stand and how they get there: elbow room at a shelf, crossed arms, ways along the aisle.

Must not: know a script or move goods.
"""

from __future__ import annotations

import math

import numpy as np

from edge.simulation.plan import Facing
from edge.simulation.stage import Body

ELBOW_ROOM_MM, FARTHEST_MM = 430.0, 560.0


class Actor:
    """One person while the script is played."""

    def __init__(self, name: str, body: Body) -> None:
        self.name, self.body = name, body
        self.free_s = 0.0
        self.at = (0.0, 0.0)
        self.gone = False


class Walkers:
    """All people of a visit and their ways."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.actors: dict[str, Actor] = {}

    def spots(self, goals: dict[str, list[Facing]], crossed: bool) -> dict[str, tuple[tuple[float, float], Facing]]:
        """A place (mm) to stand for everybody who has a goal in this moment, and what they look at."""
        middles = {name: sum(row.along_mm for row in rows) / len(rows) for name, rows in goals.items()}
        order = sorted(middles, key=lambda name: (middles[name], name))
        stands = dict(middles)
        if len(order) > 1 and max(middles.values()) - min(middles.values()) < 3 * ELBOW_ROOM_MM:
            centre = sum(middles.values()) / len(middles)
            room = ELBOW_ROOM_MM + float(self.rng.uniform(0, 150))
            places = [centre + (index - (len(order) - 1) / 2) * room for index in range(len(order))]
            names = order[::-1] if crossed else order
            for name, place in zip(names, places, strict=True):
                stands[name] = float(np.clip(place, middles[name] - FARTHEST_MM, middles[name] + FARTHEST_MM))
        found: dict[str, tuple[tuple[float, float], Facing]] = {}
        for name, rows in goals.items():
            away = float(self.rng.uniform(420, 600))
            along = stands[name]
            if len(order) == 1:
                along = self.free_spot(name, rows[0], along, away)
            found[name] = (rows[0].gondola.point(along, -away), rows[0])
        return found

    def free_spot(self, name: str, facing: Facing, middle: float, away: float) -> float:
        """Beside whoever stands there already."""
        shifts = [
            float(self.rng.uniform(-230, 230)),
            *(float(x) for x in self.rng.permutation([-480.0, 480.0, -560.0, 560.0])),
        ]
        others = [other.at for other in self.actors.values() if other.name != name and not other.gone]

        def room(shift: float) -> float:
            spot = facing.gondola.point(middle + shift, -away)
            return min((math.dist(spot, other) for other in others), default=9_999.0)

        return middle + next((shift for shift in shifts if room(shift) >= ELBOW_ROOM_MM), max(shifts, key=room))

    def approach(self, actor: Actor, spot: tuple[float, float], facing: Facing) -> None:
        """Go there, turn to the shelf and settle."""
        self.walk(actor, spot)
        turn = facing.gondola.turn
        actor.body.looks.append((actor.free_s, -math.sin(turn), math.cos(turn)))
        self.stand(actor, actor.free_s + float(self.rng.uniform(0.2, 0.6)))

    def meet(self, one: Actor, other: Actor) -> None:
        """Two people stand face to face, somewhere near the first."""
        x, y = one.at[0], min(one.at[1], -700.0)
        self.walk(one, (x, y))
        self.walk(other, (x + float(self.rng.uniform(550, 800)), y - float(self.rng.uniform(0, 200))))
        one.body.looks.append((one.free_s, 1.0, 0.0))
        other.body.looks.append((other.free_s, -1.0, 0.0))

    def walk(self, actor: Actor, to: tuple[float, float]) -> None:
        """Out of the way of the shelves first, then along, then up to the goal."""
        start, speed = actor.at, actor.body.speed_mm_s * float(self.rng.uniform(0.85, 1.15))
        if math.dist(start, to) < 120:
            return
        self.stand(actor, actor.free_s)
        stops = [to]
        if abs(to[0] - start[0]) > 700 and (start[1] > -900 or to[1] > -900):
            aisle = -float(self.rng.uniform(850, 1_300))
            stops = [
                (start[0] + 0.3 * (to[0] - start[0]), min(aisle, start[1])),
                (to[0] - 0.15 * (to[0] - start[0]), min(aisle, to[1])),
                to,
            ]
        for stop in stops:
            length = math.dist(actor.at, stop)
            if length < 1:
                continue
            actor.body.looks.append((actor.free_s, (stop[0] - actor.at[0]) / length, (stop[1] - actor.at[1]) / length))
            actor.free_s += length / speed
            actor.at = stop
            actor.body.keys.append((actor.free_s, *stop))

    def stand(self, actor: Actor, until_s: float) -> None:
        """Stay put until then."""
        actor.free_s = max(actor.free_s, until_s)
        if actor.free_s > actor.body.keys[-1][0]:
            actor.body.keys.append((actor.free_s, *actor.at))
