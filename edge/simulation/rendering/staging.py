"""From a played scenario to what a camera has to draw at a moment: rows of packs, people, held goods.

Must not: decide what happens, or draw.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from edge.simulation.plan import DEPTH_MM, Plan
from edge.simulation.rendering.figure import Clothes, dress, limbs_of
from edge.simulation.rendering.furniture import NO_ART, Row, rows_of
from edge.simulation.rendering.pack_looks import FORMS, Form, PackLook
from edge.simulation.rendering.shelf_view import Someone
from edge.simulation.rendering.standing import Spot, Standing
from edge.simulation.stage import HAND, Happened

GRIP_SHARE = 0.45  # a hand holds a pack at this share of its height
BODY_WIDE = 0.9


class Staging:
    """Everything that can be seen of a played scenario. `chance(purpose)` gives a stream of chance of its own."""

    def __init__(self, happened: Happened, looks: Mapping[str, PackLook], chance: Any) -> None:
        self.happened, self.looks = happened, looks
        self.standing = Standing(happened, looks, chance("standing"))
        self._sheet = {sku: number for number, sku in enumerate(looks)}
        self._clothes: dict[str, Clothes] = {name: dress(chance(f"clothes {name}")) for name in happened.bodies}
        self._fixed = rows_of(happened.plan, chance("furniture"))

    def shelf(self, at_s: float) -> dict[Form, list[Row]]:
        """All that stands still at a moment, by form."""
        found = self.empty_shelf()
        for form, row in self.packs(at_s).values():
            found[form].append(row)
        return found

    def packs(self, at_s: float) -> dict[int, tuple[Form, Row]]:
        """Every pack that stands on a shelf at a moment, by its number."""
        found = {}
        for number, spot in self.standing.at(at_s).items():
            look = self.looks[self.happened.packs[number].sku]
            found[number] = look.form, self._pack(look, self._place(self.happened.plan, spot), spot.turn)
        return found

    def empty_shelf(self) -> dict[Form, list[Row]]:
        """The shelf as an installer saw it before any pack came."""
        found: dict[Form, list[Row]] = {form: [] for form in FORMS}
        found["box"] += self._fixed
        return found

    def state(self, at_s: float) -> object:
        """Changes only when the stock does."""
        return id(self.standing.at(at_s))

    def people(self, at_s: float, near: Callable[[float, float], bool]) -> list[Someone]:
        """Everybody inside whose place on the floor (x, y) is `near`."""
        found = []
        held = self._held(at_s)
        for name, body in self.happened.bodies.items():
            if not body.enters_s <= at_s <= body.leaves_s:
                continue
            place = body.places(np.array([at_s]))[0]
            if not near(float(place[0]), float(place[1])):
                continue
            limbs, pose = limbs_of(body, self._clothes[name], at_s)
            rows: dict[Form, list[Row]] = {form: [] for form in FORMS}
            for hand in (0, 1):
                for step, sku in enumerate(held.get((name, hand), [])):
                    look = self.looks[sku]
                    beyond = pose.hands[hand] + pose.ahead * (look.size_mm[1] * 0.25 + 25 * step)
                    turn = float(np.arctan2(-pose.ahead[0], pose.ahead[1]))
                    foot = (float(beyond[0]), float(beyond[1]), float(beyond[2]) - GRIP_SHARE * look.size_mm[2])
                    rows[look.form].append(self._pack(look, foot, turn))
            stands = (float(place[0]), float(place[1]), body.height_mm, BODY_WIDE)
            found.append(Someone(limbs.array(), rows, stands))
        return found

    def _held(self, at_s: float) -> dict[tuple[str, int], list[str]]:
        """(person, hand) -> products in it."""
        places: dict[int, str] = {}
        for move in self.happened.moves:
            if move.at_s > at_s:
                break
            places[move.pack] = move.taker
        found: dict[tuple[str, int], list[str]] = {}
        for number, place in places.items():
            if place.startswith(HAND):
                name, hand = place.removeprefix(HAND).rsplit(":", 1)
                found.setdefault((name, int(hand)), []).append(self.happened.packs[number].sku)
        return found

    def _place(self, plan: Plan, spot: Spot) -> tuple[float, float, float]:
        facing = plan.facing[spot.facing]
        x, y = facing.gondola.point(spot.along_mm, min(spot.into_mm, DEPTH_MM))
        return x, y, facing.height_mm + spot.above_mm

    def _pack(self, look: PackLook, foot: tuple[float, float, float], turn: float) -> Row:
        accent, ground = _linear(look.accent), _linear(look.ground)
        return [*foot, *look.size_mm, turn, float(self._sheet.get(look.sku, NO_ART)), look.gloss, *accent, *ground]


def _linear(hsv: tuple[float, float, float]) -> tuple[float, float, float]:
    red, green, blue = colorsys.hsv_to_rgb(*hsv)
    return red**2.2, green**2.2, blue**2.2
