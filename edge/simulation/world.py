"""The world: people with scripts walk through a stocked shop and move goods. Seeded; no pictures, no sensors.

The same shop, scripts and seed give the same world. Every pack is one thing with its own weight and tag that is
always in exactly one place. Must not: know what a sensor can see, or decide who owes what (truth.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge.simulation import steps
from edge.simulation.bodies import Body, Reach
from edge.simulation.shop import Facing, Shop

SPEED_MM_S = 1_150.0
STAND_MM = 520  # from the front edge of a shelf to the middle of a body
GRIP_MM = 95  # a hand holds a pack this far above its board
DOOR_S = 1.1  # from the end of showing to the first step inside
BAG, OUT = "bag:", "out:"


@dataclass(frozen=True)
class Good:
    """One pack."""

    number: int
    sku: str
    weight_mg: int
    epc: str
    home: str


@dataclass(frozen=True)
class Move:
    """A pack changes its place: a facing id, `hand:BODY:0|1`, `bag:BODY` or `out:BODY`."""

    at_s: float
    good: int
    giver: str
    taker: str


@dataclass(frozen=True)
class Press:
    """A hand leans on a plate; `force_g` at the strongest moment."""

    plate: str
    from_s: float
    to_s: float
    force_g: float


@dataclass(frozen=True)
class Shown:
    """Somebody stands at the gate and shows a credential."""

    shopper: str
    how: str
    from_s: float
    to_s: float


@dataclass(frozen=True)
class Person:
    """A shopper in the world."""

    shopper: str
    track: str
    body: Body
    shown: Shown | None


@dataclass(frozen=True)
class World:
    """Everything that happens from 0 to `length_s`. `moves` and `presses` are in time order."""

    shop: Shop
    length_s: float
    goods: tuple[Good, ...]
    people: tuple[Person, ...]
    moves: tuple[Move, ...]
    presses: tuple[Press, ...]

    def places(self, at_s: float) -> dict[int, str]:
        """Where every pack is at a moment."""
        places = {good.number: good.home for good in self.goods}
        for move in self.moves:
            if move.at_s > at_s:
                break
            places[move.good] = move.taker
        return places

    def held(self, at_s: float) -> dict[tuple[str, int], int]:
        """What is in a hand: (track, hand) -> pack."""
        found = {}
        for number, place in self.places(at_s).items():
            if place.startswith("hand:"):
                _, track, hand = place.split(":")
                found[track, int(hand)] = number
        return found


def build(shop: Shop, scripts: tuple[steps.Script, ...], seed: int, length_s: float) -> World:
    """Let the scripts play in a freshly stocked shop. Raises ValueError for a script that cannot be played."""
    rng = np.random.Generator(np.random.PCG64(seed))
    goods = tuple(_stock(shop, rng))
    stage = _Stage(shop, goods, rng)
    people = [stage.play(script) for script in _by_start(scripts)]
    if stage.latest_s > length_s:
        raise ValueError(f"the scripts need {stage.latest_s:.1f} s, the world lasts {length_s} s")
    return World(
        shop=shop,
        length_s=length_s,
        goods=goods,
        people=tuple(people),
        moves=tuple(sorted(stage.moves, key=lambda move: move.at_s)),
        presses=tuple(sorted(stage.presses, key=lambda press: press.from_s)),
    )


def _by_start(scripts: tuple[steps.Script, ...]) -> list[steps.Script]:
    def start(script: steps.Script) -> float:
        first = script.steps[0]
        if not isinstance(first, steps.Come):
            raise ValueError(f"{script.shopper}: the first step must be Come")
        return first.at_s

    return sorted(scripts, key=start)


def _stock(shop: Shop, rng: np.random.Generator) -> list[Good]:
    goods: list[Good] = []
    for facing in shop.facings:
        product = shop.product(facing.sku)
        for _ in range(facing.stock):
            weight = round(product.weight_mg * float(1 + rng.normal(0, 0.003)))
            serial = f"{int(rng.integers(1, 2**31)):X}".zfill(24 - len(product.tag))
            epc = product.tag + serial if product.tag else ""
            goods.append(Good(len(goods), product.sku, weight, epc, facing.id))
    return goods


class _Stage:
    """Plays scripts one after the other; time inside a script only moves forward.

    Scripts whose visits overlap in time may not take from or put to the same facing: `_at` looks at the moves
    made so far, in the order in which the scripts began.
    """

    def __init__(self, shop: Shop, goods: tuple[Good, ...], rng: np.random.Generator) -> None:
        self.shop, self.goods, self.rng = shop, goods, rng
        self.moves: list[Move] = []
        self.presses: list[Press] = []
        self.place = {good.number: good.home for good in goods}
        self.latest_s = 0.0

    def play(self, script: steps.Script) -> Person:
        actor = _Actor(self, script)
        for step in script.steps:
            actor.do(step)
        if not actor.gone:
            raise ValueError(f"{script.shopper}: the last step must be Leave")
        self.latest_s = max(self.latest_s, actor.now_s)
        return Person(script.shopper, script.track, actor.body, actor.shown)

    def move(self, at_s: float, good: int, taker: str) -> None:
        self.moves.append(Move(at_s, good, self.place[good], taker))
        self.place[good] = taker

    def front(self, facing: Facing) -> int:
        """The pack that a hand meets first: the newest one put there, else the last of the stock."""
        found = [number for number, place in self.place.items() if place == facing.id]
        if not found:
            raise ValueError(f"{facing.id} is empty; nothing can be taken there")
        return found[-1]


class _Actor:
    """One shopper while the script is played."""

    def __init__(self, stage: _Stage, script: steps.Script) -> None:
        self.stage, self.script = stage, script
        self.body = Body(height_mm=float(script.height_mm))
        self.now_s = 0.0
        self.at = (float(stage.shop.gate_mm[0]), float(stage.shop.gate_mm[1]))
        self.shown: Shown | None = None
        self.gone = False

    def do(self, step: steps.Step) -> None:
        match step:
            case steps.Come():
                self._come(step)
            case steps.Walk():
                self._walk((float(step.to_mm[0]), float(step.to_mm[1])))
            case steps.Take():
                self._take([self.stage.shop.facing(name) for name in step.facings])
            case steps.Put():
                self._put(step.sku, self.stage.shop.facing(step.facing))
            case steps.Hover():
                self._hover(self.stage.shop.facing(step.facing))
            case steps.Stay():
                self._stand(step.seconds)
            case steps.Leave():
                self._leave()

    def _come(self, step: steps.Come) -> None:
        self.shown = Shown(self.script.shopper, step.show, step.at_s, step.at_s + step.show_s)
        self.now_s = step.at_s + step.show_s + DOOR_S
        self._key()
        self.body.looks.append((self.now_s, 0.0, 1.0))

    def _key(self) -> None:
        self.body.keys.append((self.now_s, *self.at))

    def _stand(self, seconds: float) -> None:
        self.now_s += seconds
        self._key()

    def _walk(self, to: tuple[float, float]) -> None:
        dx, dy = to[0] - self.at[0], to[1] - self.at[1]
        length = math.hypot(dx, dy)
        if length < 1.0:
            return
        self.body.looks.append((self.now_s, dx / length, dy / length))
        self.now_s += length / (SPEED_MM_S * self._vary(0.06))
        self.at = to
        self._key()

    def _vary(self, share: float) -> float:
        return float(np.clip(1 + self.stage.rng.normal(0, share), 1 - 3 * share, 1 + 3 * share))

    def _approach(self, facings: list[Facing]) -> None:
        gondola = self.stage.shop.gondola(self.stage.shop.plate(facings[0].plate).gondola)
        x = sum(facing.position_mm[0] for facing in facings) / len(facings)
        y = sum(facing.position_mm[1] for facing in facings) / len(facings)
        self._walk((x + gondola.out[0] * STAND_MM, y + gondola.out[1] * STAND_MM))
        self.body.looks.append((self.now_s, -float(gondola.out[0]), -float(gondola.out[1])))
        self._stand(0.5 * self._vary(0.1))

    def _reach(self, hand: int, facing: Facing, depth_mm: float) -> Reach:
        gondola = self.stage.shop.gondola(self.stage.shop.plate(facing.plate).gondola)
        x, y, z = facing.position_mm
        point = (x - gondola.out[0] * depth_mm, y - gondola.out[1] * depth_mm, float(z + GRIP_MM))
        there = self.now_s + 0.65 * self._vary(0.1)
        back = there + 0.55 * self._vary(0.1)
        reach = Reach(hand, self.now_s, there, back, back + 0.65 * self._vary(0.1), point)
        self.body.reaches.append(reach)
        return reach

    def _press(self, facing: Facing, from_s: float, to_s: float, force_g: float) -> None:
        self.stage.presses.append(Press(facing.plate, from_s, to_s, force_g))

    def _take(self, facings: list[Facing]) -> None:
        if len(facings) not in (1, 2):
            raise ValueError(f"{self.script.shopper}: a person takes from one or two facings at a time")
        self._approach(facings)
        last = self.now_s
        for hand, facing in zip((0, 1) if len(facings) == 2 else (1,), self._left_first(facings), strict=True):
            reach = self._reach(hand, facing, 60.0)
            self._press(facing, reach.there_s, reach.back_s, float(self.stage.rng.uniform(15, 50)))
            good = self.stage.front(facing)
            self.stage.move(reach.back_s, good, f"hand:{self.script.track}:{hand}")
            self.stage.move(reach.to_s, good, BAG + self.script.track)
            last = max(last, reach.to_s)
        self._stand(last - self.now_s + 0.3)

    def _left_first(self, facings: list[Facing]) -> list[Facing]:
        along = self.stage.shop.gondola(self.stage.shop.plate(facings[0].plate).gondola).along
        return sorted(facings, key=lambda row: along[0] * row.position_mm[0] + along[1] * row.position_mm[1])

    def _put(self, sku: str, facing: Facing) -> None:
        bag = BAG + self.script.track
        held = [good.number for good in self.stage.goods if good.sku == sku and self.stage.place[good.number] == bag]
        if not held:
            raise ValueError(f"{self.script.shopper} has no {sku} to put back")
        self._approach([facing])
        reach = self._reach(1, facing, 60.0)
        self.stage.move(reach.from_s, held[-1], f"hand:{self.script.track}:1")
        self.stage.move(reach.there_s, held[-1], facing.id)
        self._press(facing, reach.there_s, reach.back_s, float(self.stage.rng.uniform(15, 60)))
        self._stand(reach.to_s - self.now_s + 0.3)

    def _hover(self, facing: Facing) -> None:
        self._approach([facing])
        reach = self._reach(1, facing, -40.0)
        self._stand(reach.to_s - self.now_s + 0.2)

    def _leave(self) -> None:
        gate = self.stage.shop.gate_mm
        self._walk((float(gate[0]), float(gate[1])))
        for number, place in list(self.stage.place.items()):
            if place == BAG + self.script.track:
                self.stage.move(self.now_s, number, OUT + self.script.track)
        self.gone = True
