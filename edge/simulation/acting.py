"""Plays a scenario's script in its shop: people walk, reach, take, put, hand over and leave; several at once.

A moment is a step and those that go `with` it; it begins when all who take part stand where they must.
Must not: know a sensor, or who owes what.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from edge.core.errors import BadInput
from edge.simulation.plan import Facing, Plan
from edge.simulation.scenario import Scenario, Step
from edge.simulation.stage import BAG, BOX, FLOOR, HAND, OUT, Body, Bump, Happened, Load, Move, Pack, Press, Reach
from edge.simulation.walking import Actor, Walkers

BEGIN_S, TAIL_S = 1.5, 12.0
WEIGHT_SD, STRADDLES, WRAPPING = 0.01, 0.15, (0.04, 0.08)


def play(scenario: Scenario, plan: Plan, rng: np.random.Generator) -> Happened:
    """Everything that happens. Raises BadInput for a script that this shop cannot play (an empty facing)."""
    happened = Happened(plan, _stock(plan, rng))
    _Play(scenario, happened, rng).run()
    happened.moves.sort(key=lambda move: move.at_s)
    happened.length_s = max(body.leaves_s for body in happened.bodies.values()) + TAIL_S
    happened.check()
    return happened


def _stock(plan: Plan, rng: np.random.Generator) -> list[Pack]:
    packs: list[Pack] = []
    for facing in plan.facings:
        for _ in range(facing.stock):
            packs.append(_pack(plan, len(packs), facing, facing.id, rng))
    return packs


def _pack(plan: Plan, number: int, facing: Facing, place: str, rng: np.random.Generator) -> Pack:
    product = plan.products[facing.sku]
    weight = product.weight_g * float(1 + rng.normal(0, WEIGHT_SD))
    epc = product.tag + f"{int(rng.integers(1, 2**31)):012X}" if product.tag else ""
    return Pack(number, product.sku, weight, epc, place, place, rests=_rests(facing, rng))


def _rests(facing: Facing, rng: np.random.Generator) -> dict[str, float]:
    """A pack stands on one plate, now and then on the border of two."""
    plates = facing.plates
    first = int(rng.integers(len(plates)))
    if len(plates) > 1 and rng.random() < STRADDLES:
        other = first + 1 if first + 1 < len(plates) else first - 1
        share = float(rng.uniform(0.15, 0.85))
        return {plates[first]: share, plates[other]: 1 - share}
    return {plates[first]: 1.0}


class _Play(Walkers):
    """The script in progress."""

    def __init__(self, scenario: Scenario, happened: Happened, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.scenario, self.happened, self.plan = scenario, happened, happened.plan
        self.before_s = BEGIN_S
        self.floor: list[tuple[int, tuple[float, float]]] = []

    def run(self) -> None:
        for name, shopper in self.scenario.shoppers.items():
            tall = float(np.clip(self.rng.normal(1.70, 0.09), 1.5, 1.95)) if not shopper.height_m else shopper.height_m
            body = Body(name, tall * 1_000, float(self.rng.uniform(800, 1_350)))
            self.actors[name] = self._enter(name, body, shopper.enters)
        for moment in self._moments():
            self._moment(moment)

    def _enter(self, name: str, body: Body, enters_s: float) -> Actor:
        actor = Actor(name, body)
        at_s = BEGIN_S + 2.5 + enters_s + float(self.rng.uniform(0, 0.4))
        actor.at, actor.free_s = self.plan.gate_mm, at_s
        body.keys.append((at_s, *actor.at))
        body.looks.append((at_s, 0.0, 1.0))
        self.walk(actor, (actor.at[0] + float(self.rng.uniform(-300, 300)), actor.at[1] + 950.0))
        self.happened.bodies[name] = body
        return actor

    def _moments(self) -> Iterator[list[tuple[Step, Actor]]]:
        moment: list[tuple[Step, Actor]] = []
        for step in self.scenario.do:
            who = (
                [actor for actor in self.actors.values() if not actor.gone]
                if step.who == "all"
                else [self.actors[step.who]]
            )
            for actor in who:
                if step.with_ is None and moment:
                    yield moment
                    moment = []
                moment.append((step, actor))
        yield moment

    def _moment(self, moment: list[tuple[Step, Actor]]) -> None:
        """Bring everybody to their place, then let all begin together (each at its own offset)."""
        self._take_places(moment)
        starts = []
        for number, (step, actor) in enumerate(moment):
            offset = step.with_ or 0.0
            offset += float(self.rng.uniform(-0.08, 0.08)) if number else 0.0
            starts.append((step, actor, offset))
        begin_s = max(actor.free_s + self._pause(step) - offset for step, actor, offset in starts)
        begin_s = max([begin_s, *(self._wished(step) - offset for step, _, offset in starts[:1])])
        begin_s = max([begin_s, *(self._possible(step) - offset for step, _, offset in starts)])
        self.before_s = begin_s
        for step, actor, offset in starts:
            self._do(step, actor, max(begin_s + offset, actor.body.keys[-1][0]))
        for _, actor, _ in starts:
            if not actor.gone:
                self.stand(actor, actor.free_s)

    def _pause(self, step: Step) -> float:
        return 0.05 if step.with_ is not None else float(self.rng.uniform(0.3, 1.8))

    def _wished(self, step: Step) -> float:
        if step.t is None:
            return 0.0
        if isinstance(step.t, str):
            return self.before_s + float(step.t) * float(self.rng.uniform(0.8, 1.4))
        return BEGIN_S + float(step.t)

    def _possible(self, step: Step) -> float:
        """A pack that somebody puts down first cannot be taken earlier."""
        if step.verb not in ("pick", "lift"):
            return 0.0
        thing = str(step.thing)
        wanted = self._front(thing, step.from_, step.n) if step.verb == "pick" else self._on_floor(thing, step.n)
        seen_s = float(self.rng.uniform(1.0, 3.5))  # nobody takes what another hand is still on
        return max((pack.since_s + seen_s for pack in wanted if pack.since_s), default=0.0)

    # -- places -----------------------------------------------------------------------------------------------

    def _target(self, step: Step) -> Facing | None:
        """The facing that a step happens at."""
        if step.verb in ("pick", "put"):
            return self.plan.at(step.from_ or step.at or str(step.thing))
        if step.verb in ("hover", "touch", "bag", "bump", "restock") or (
            step.verb == "walk" and step.walk != "anywhere"
        ):
            return self.plan.at(str(step.thing))
        return None

    def _take_places(self, moment: list[tuple[Step, Actor]]) -> None:
        """Everybody walks to where their hands can reach; those side by side keep elbow room, or cross their arms."""
        goals: dict[str, list[Facing]] = {}
        for step, actor in moment:
            facing = self._target(step)
            if facing is not None:
                goals.setdefault(actor.name, []).append(facing)
        crossed = any(step.crossed for step, _ in moment)
        spots = self.spots(goals, crossed)
        for name, (spot, facing) in spots.items():
            self.approach(self.actors[name], spot, facing)
        for step, actor in moment:
            if step.verb == "give":
                self.meet(actor, self.actors[str(step.to)])
            elif step.verb == "lift":
                place = next(
                    spot
                    for number, spot in self.floor
                    if self.happened.packs[number].sku == self.plan.sku(str(step.thing))
                )
                self.walk(actor, (place[0], place[1] - 320.0))
            elif step.verb == "walk" and step.walk == "anywhere":
                x0, y0, x1, _ = self.plan.floor_mm
                self.walk(
                    actor, (float(self.rng.uniform(x0 + 900, x1 - 900)), float(self.rng.uniform(y0 + 1_000, -900)))
                )

    def _do(self, step: Step, actor: Actor, at_s: float) -> None:
        {
            "pick": self._pick, "put": self._put, "give": self._give, "drop": self._drop, "lift": self._lift,
            "hover": self._hover, "touch": self._touch, "bag": self._bag, "bump": self._bump,
            "restock": self._restock, "eat": self._eat, "stay": self._stay, "walk": self._nothing, "leave": self._leave,
        }[step.verb](step, actor, at_s)  # fmt: skip

    def _nothing(self, step: Step, actor: Actor, at_s: float) -> None:
        actor.free_s = max(actor.free_s, at_s)

    def _hand(self, step: Step) -> int:
        return {"l": 0, "r": 1}.get(step.hand or "", int(self.rng.random() < 0.8))

    def _reach(self, actor: Actor, hand: int, facing: Facing, at_s: float, dwell_s: float, into_mm: float) -> Reach:
        shift = float(self.rng.uniform(-0.3, 0.3)) * facing.width_mm
        x, y = facing.front(into_mm, shift)
        return self._reach_to(
            actor, hand, (x, y, facing.height_mm + float(self.rng.uniform(50, 140))), at_s, dwell_s, facing.id
        )

    def _reach_to(
        self,
        actor: Actor,
        hand: int,
        point: tuple[float, float, float],
        at_s: float,
        dwell_s: float,
        facing: str | None,
    ) -> Reach:
        there = at_s + float(self.rng.uniform(0.45, 0.85))
        reach = Reach(
            hand, at_s, there, there + dwell_s, there + dwell_s + float(self.rng.uniform(0.45, 0.85)), point, facing
        )
        actor.body.reaches.append(reach)
        actor.free_s = max(actor.free_s, reach.to_s)
        return reach

    def _lean(self, facing: Facing, rests: dict[str, float], from_s: float, to_s: float) -> None:
        """A hand in a shelf presses, now and then it lifts a little."""
        force = math.exp(float(self.rng.uniform(math.log(15), math.log(400)))) * (-1 if self.rng.random() < 0.2 else 1)
        length = min(float(self.rng.uniform(0.15, 0.8)), max(0.1, to_s - from_s))
        for plate, share in rests.items():
            self.happened.presses.append(Press(plate, to_s - length, to_s, force * share))

    def _front(self, thing: str, slot: str | None, count: int) -> list[Pack]:
        """The packs of a thing that a hand meets first at a facing: what was put there last, then the stock."""
        facing, sku = self.plan.at(slot or thing), self.plan.sku(thing)
        found = [pack for pack in self.happened.packs if pack.place == facing.id and pack.sku == sku]
        found.sort(key=lambda pack: (-pack.since_s, pack.number))
        if len(found) < count:
            raise BadInput(f"pick: {thing}", f"only {len(found)} at {facing.id}, {count} wanted; set a higher stock")
        return found[:count]

    def _on_floor(self, thing: str, count: int) -> list[Pack]:
        sku = self.plan.sku(thing)
        return [pack for pack in self.happened.packs if pack.place == FLOOR and pack.sku == sku][:count]

    def _held(self, actor: Actor, thing: str, count: int) -> list[Pack]:
        places = (BAG + actor.name, f"{HAND}{actor.name}:0", f"{HAND}{actor.name}:1")
        sku = self.plan.sku(thing)
        found = [
            pack for pack in self.happened.packs if pack.place in places and pack.sku == sku and pack.eaten_by is None
        ]
        found.sort(key=lambda pack: -pack.since_s)
        if len(found) < count:
            raise BadInput(f"{actor.name}: {thing}", f"{actor.name} holds {len(found)} of it, {count} wanted")
        return found[:count]

    def _move(self, at_s: float, pack: Pack, taker: str, who: str | None) -> None:
        at_s = max(at_s, pack.since_s)
        self.happened.moves.append(Move(at_s, pack.number, pack.place, taker, who))
        pack.place, pack.since_s = taker, at_s

    def _off(self, pack: Pack, at_s: float, over_s: float = 0.0, grams: float | None = None, sign: int = -1) -> None:
        weight = pack.weight_g if grams is None else grams
        for plate, share in pack.rests.items():
            self.happened.loads.append(Load(plate, at_s, sign * weight * share, over_s))

    def _pick(self, step: Step, actor: Actor, at_s: float) -> None:
        facing = self.plan.at(step.from_ or str(step.thing))
        hand = self._hand(step)
        packs = self._front(str(step.thing), step.from_, step.n + step.extra)
        dwell = float(self.rng.uniform(0.25, 0.8)) + step.press_s + 0.12 * (len(packs) - 1)
        again = float(self.rng.uniform(0.5, 1.3)) if step.extra else 0.0
        reach = self._reach(actor, hand, facing, at_s, dwell + again + step.slow_s, float(self.rng.uniform(30, 160)))
        lift_s = reach.there_s + dwell
        self._lean(facing, packs[0].rests, reach.there_s, lift_s)
        if step.press_s:
            self.happened.presses.append(
                Press(next(iter(packs[0].rests)), reach.there_s, lift_s, float(self.rng.uniform(40, 350)), True)
            )
        for pack in packs:
            self._off(pack, lift_s, step.slow_s)
            self._move(lift_s + step.slow_s, pack, f"{HAND}{actor.name}:{hand}", actor.name)
            pack.taken_by = actor.name
            pack.pocketed = step.pocket
        for pack in packs[step.n :]:
            self._set_down(pack, facing, lift_s + step.slow_s + again * 0.8, actor)
        if not step.keep:
            for pack in packs[: step.n]:
                self._move(reach.to_s + float(self.rng.uniform(0.0, 0.3)), pack, BAG + actor.name, actor.name)
        actor.free_s = max(actor.free_s, reach.to_s + 0.3)

    def _set_down(self, pack: Pack, facing: Facing, at_s: float, actor: Actor) -> None:
        pack.rests = _rests(facing, self.rng)
        self._move(at_s, pack, facing.id, actor.name)
        self._off(pack, at_s, 0.05, sign=1)

    def _put(self, step: Step, actor: Actor, at_s: float) -> None:
        facing = self._target(step)
        assert facing is not None
        packs = self._held(actor, str(step.thing), step.n) if not self._eaten(actor, step) else []
        if not packs:
            return self._put_wrapping(step, actor, facing, at_s)
        hand = self._hand(step)
        reach = self._reach(
            actor, hand, facing, at_s, float(self.rng.uniform(0.3, 0.8)), float(self.rng.uniform(30, 160))
        )
        for pack in packs:
            if pack.place == BAG + actor.name:
                self._move(reach.from_s, pack, f"{HAND}{actor.name}:{hand}", actor.name)
            self._set_down(pack, facing, reach.there_s + float(self.rng.uniform(0.02, 0.2)), actor)
        self._lean(facing, packs[0].rests, reach.there_s, reach.back_s)
        return None

    def _eaten(self, actor: Actor, step: Step) -> list[Pack]:
        sku = self.plan.sku(str(step.thing))
        return [pack for pack in self.happened.packs if pack.eaten_by == actor.name and pack.sku == sku]

    def _put_wrapping(self, step: Step, actor: Actor, facing: Facing, at_s: float) -> None:
        """The empty wrapping goes back; what was in it is with the one who ate it."""
        pack = self._eaten(actor, step)[0]
        reach = self._reach(actor, self._hand(step), facing, at_s, float(self.rng.uniform(0.3, 0.8)), 80.0)
        rests = _rests(facing, self.rng)
        grams = pack.weight_g * float(self.rng.uniform(*WRAPPING))
        for plate, share in rests.items():
            self.happened.loads.append(Load(plate, reach.there_s + 0.1, grams * share, 0.05))
        self.happened.moves.append(
            Move(reach.there_s + 0.1, pack.number, pack.place, facing.id, actor.name, empty=True)
        )
        self._lean(facing, rests, reach.there_s, reach.back_s)

    def _eat(self, step: Step, actor: Actor, at_s: float) -> None:
        for pack in self._held(actor, str(step.thing), step.n):
            pack.eaten_by = actor.name
        actor.free_s = max(actor.free_s, at_s + float(self.rng.uniform(4, 9)))

    def _give(self, step: Step, actor: Actor, at_s: float) -> None:
        other = self.actors[str(step.to)]
        at_s = max(at_s, other.free_s)
        self.stand(actor, at_s)
        self.stand(other, at_s)
        middle = ((actor.at[0] + other.at[0]) / 2, (actor.at[1] + other.at[1]) / 2, float(self.rng.uniform(950, 1_150)))
        mine = self._reach_to(actor, 1, middle, at_s, float(self.rng.uniform(0.6, 1.2)), None)
        theirs = self._reach_to(other, 1, middle, at_s + 0.1, float(self.rng.uniform(0.6, 1.0)), None)
        swap_s = min(mine.back_s, theirs.back_s) - 0.1
        for pack in self._held(actor, str(step.thing), step.n):
            if pack.place == BAG + actor.name:
                self._move(mine.from_s, pack, f"{HAND}{actor.name}:1", actor.name)
            self._move(swap_s, pack, f"{HAND}{other.name}:1", actor.name)
            if not step.keep:
                self._move(theirs.to_s, pack, BAG + other.name, other.name)
        self.stand(other, other.free_s)

    def _drop(self, step: Step, actor: Actor, at_s: float) -> None:
        spot = (actor.at[0] + float(self.rng.uniform(-250, 250)), actor.at[1] + float(self.rng.uniform(-150, 250)))
        reach = self._reach_to(actor, 1, (*spot, 90.0), at_s, 0.4, None)
        for pack in self._held(actor, str(step.thing), step.n):
            if pack.place == BAG + actor.name:
                self._move(reach.from_s, pack, f"{HAND}{actor.name}:1", actor.name)
            self._move(reach.there_s + 0.1, pack, FLOOR, actor.name)
            self.floor.append((pack.number, spot))

    def _lift(self, step: Step, actor: Actor, at_s: float) -> None:
        packs = self._on_floor(str(step.thing), step.n)
        spot = next(spot for number, spot in self.floor if number == packs[0].number)
        reach = self._reach_to(actor, 1, (*spot, 90.0), at_s, 0.5, None)
        for pack in packs:
            self._move(reach.back_s, pack, f"{HAND}{actor.name}:1", actor.name)
            self._move(reach.to_s, pack, BAG + actor.name, actor.name)
        self.floor = [row for row in self.floor if row[0] not in {pack.number for pack in packs}]

    def _hover(self, step: Step, actor: Actor, at_s: float) -> None:
        facing = self.plan.at(str(step.thing))
        self._reach(
            actor, self._hand(step), facing, at_s, float(self.rng.uniform(0.4, 1.5)), -float(self.rng.uniform(10, 80))
        )

    def _touch(self, step: Step, actor: Actor, at_s: float) -> None:
        """A hand rests on the plate and takes nothing."""
        facing = self.plan.at(str(step.thing))
        dwell = step.for_s or float(self.rng.uniform(0.4, 1.2))
        reach = self._reach(actor, self._hand(step), facing, at_s, dwell, float(self.rng.uniform(30, 160)))
        plate = facing.plates[int(self.rng.integers(len(facing.plates)))]
        self.happened.presses.append(Press(plate, reach.there_s, reach.back_s, float(self.rng.uniform(40, 400)), True))

    def _bag(self, step: Step, actor: Actor, at_s: float) -> None:
        """Somebody's own bag stands on a plate for a while."""
        facing = self.plan.at(str(step.thing))
        down = self._reach(actor, 1, facing, at_s, 0.5, 90.0)
        up_s = down.to_s + (step.for_s or float(self.rng.uniform(3, 7)))
        up = self._reach(actor, 1, facing, up_s, 0.5, 90.0)
        plate = facing.plates[int(self.rng.integers(len(facing.plates)))]
        grams = step.kg * 1_000 * float(self.rng.uniform(0.8, 1.2))
        self.happened.loads.append(Load(plate, down.there_s + 0.1, grams, 0.3))
        self.happened.loads.append(Load(plate, up.back_s, -grams, 0.2))

    def _bump(self, step: Step, actor: Actor, at_s: float) -> None:
        gondola = self.plan.at(str(step.thing)).gondola.id
        self.happened.bumps.append(Bump(gondola, at_s, float(self.rng.uniform(250, 900))))
        actor.free_s = max(actor.free_s, at_s + 0.6)

    def _restock(self, step: Step, actor: Actor, at_s: float) -> None:
        """New packs out of a box, one or two at a time."""
        facing = self.plan.at(str(step.thing))
        left = step.n
        while left:
            count = min(left, int(self.rng.integers(1, 3)))
            reach = self._reach(actor, self._hand(step), facing, at_s, float(self.rng.uniform(0.4, 0.9)), 110.0)
            for _ in range(count):
                pack = _pack(self.plan, len(self.happened.packs), facing, BOX, self.rng)
                self.happened.packs.append(pack)
                self._set_down(pack, facing, reach.there_s + float(self.rng.uniform(0.05, 0.25)), actor)
            self._lean(facing, {facing.plates[0]: 1.0}, reach.there_s, reach.back_s)
            left -= count
            at_s = reach.to_s + float(self.rng.uniform(0.4, 1.5))

    def _stay(self, step: Step, actor: Actor, at_s: float) -> None:
        actor.free_s = max(actor.free_s, at_s + (step.stay or 0.0) * float(self.rng.uniform(0.8, 1.3)))

    def _leave(self, step: Step, actor: Actor, at_s: float) -> None:
        self.stand(actor, at_s)
        gate = self.plan.gate_mm
        self.walk(actor, (gate[0] + float(self.rng.uniform(-250, 250)), gate[1] + 700))
        self.walk(actor, gate)
        mine = (BAG + actor.name, f"{HAND}{actor.name}:0", f"{HAND}{actor.name}:1")
        for pack in self.happened.packs:
            if pack.place in mine:
                self._move(actor.free_s, pack, OUT + actor.name, actor.name)
        actor.gone = True
