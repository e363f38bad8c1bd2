"""An articulated shopper: from where a body stands and its hands are, to the rounded limbs that show it.

Arms and legs bend by the two-bone rule; who reaches low or far leans and crouches. Proportions are shares of body
height after Drillis and Contini (1966). Must not: move anybody, or draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.simulation.stage import Body

Vector: TypeAlias = NDArray[np.float64]
Colour: TypeAlias = tuple[float, float, float]
HIP, SHOULDER, NECK, HEAD = 0.53, 0.818, 0.87, 0.936
UPPER_ARM, FOREARM, HAND, THIGH, SHANK, FOOT_HIGH = 0.186, 0.146, 0.060, 0.245, 0.246, 0.045
SHOULDER_WIDE, HIP_WIDE = 0.118, 0.055
STRETCH = 0.97
SWAY_MM = 14.0
SMOOTH_S = (-0.16, -0.08, 0.0, 0.08, 0.16)
HAND_SMOOTH_S = (-0.06, 0.0, 0.06)
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Clothes:
    """Colours 0..1; `sleeve`: how far the shirt goes down the arm, 1 = wrist; `pattern`: 0 plain, 1 rings, 2 checks."""

    shirt: Colour
    trousers: Colour
    shoes: Colour
    skin: Colour
    hair: Colour
    sleeve: float
    pattern: float
    build: float


def dress(rng: np.random.Generator) -> Clothes:
    """Clothes and build of somebody, by chance."""

    def colour(low: float, high: float) -> Colour:
        grey = float(rng.uniform(low, high))
        tint = rng.uniform(-0.22, 0.22, 3) * (rng.random() < 0.7)
        red, green, blue = np.clip(grey + tint, 0.02, 0.9).tolist()
        return red, green, blue

    tone = float(rng.uniform(0.12, 0.62))
    return Clothes(
        shirt=colour(0.06, 0.7),
        trousers=colour(0.03, 0.3),
        shoes=colour(0.03, 0.5),
        skin=(tone, tone * 0.70, tone * 0.55),
        hair=(float(rng.uniform(0.01, 0.2)),) * 3,
        sleeve=float(rng.choice([0.35, 0.97])),
        pattern=float(rng.choice([0.0, 0.0, 1.0, 2.0])),
        build=float(rng.uniform(0.88, 1.15)),
    )


class Limbs:
    """Rounded rods as the limb shader takes them: rows of 16 numbers."""

    def __init__(self) -> None:
        self.rows: list[list[float]] = []

    def add(
        self, one: Vector, two: Vector, thick: tuple[float, float], colour: Colour,
        side: Vector = UP, flat: float = 1.0, pattern: float = 0.0,
    ) -> None:  # fmt: skip
        """A rod from `one` to `two`; across `side` it is `flat` times as thick."""
        self.rows.append([*one, thick[0], *two, thick[1], *side, flat, *colour, pattern])

    def array(self) -> NDArray[np.float32]:
        """All rods."""
        return np.array(self.rows, np.float32).reshape(-1, 16)


@dataclass(frozen=True)
class Pose:
    """Joints at one moment, mm. Pairs are (left, right)."""

    ahead: Vector
    left: Vector
    hips: Vector
    chest: Vector
    shoulders: tuple[Vector, Vector]
    hands: tuple[Vector, Vector]
    feet: tuple[Vector, Vector]


def pose_at(body: Body, at_s: float) -> Pose:
    """How somebody stands, walks or reaches."""
    tall = body.height_mm
    place = np.append(body.places(np.array([at_s]))[0], 0.0)
    place[:2] += _sway(body, at_s)
    ahead = np.append(body.headings(at_s + np.array(SMOOTH_S)).mean(axis=0), 0.0)
    ahead = ahead / max(1e-6, float(np.linalg.norm(ahead))) if np.linalg.norm(ahead) > 0.05 else np.array([0.0, 1.0, 0])
    left = np.array([-ahead[1], ahead[0], 0.0])
    times = at_s + np.array(HAND_SMOOTH_S)
    hands = (body.hands(0, times).mean(axis=0), body.hands(1, times).mean(axis=0))
    lean, crouch, forward = _bend(tall, place, ahead, left, hands)
    hips, spine = _hips(tall, place, ahead, lean, crouch, forward), UP * math.cos(lean) + ahead * math.sin(lean)
    chest = hips + spine * (SHOULDER - HIP) * tall
    shoulders = (chest + left * SHOULDER_WIDE * tall, chest - left * SHOULDER_WIDE * tall)
    return Pose(ahead, left, hips, chest, shoulders, hands, _feet(body, at_s, place, ahead, left))


def _sway(body: Body, at_s: float) -> Vector:
    """Nobody stands like a post."""
    phase = sum(map(ord, body.name)) + body.height_mm
    slow = np.array([at_s * 1.7 + phase, at_s * 1.1 + 2 * phase])
    return np.asarray(SWAY_MM * np.sin(slow) + 0.4 * SWAY_MM * np.sin(3.3 * slow), np.float64)


def _bend(
    tall: float, place: Vector, ahead: Vector, left: Vector, hands: tuple[Vector, Vector]
) -> tuple[float, float, float]:
    """Lean (radians), crouch and forward shift (mm): the least with which both hands are within an arm's length.

    Where they never are, what brings them nearest.
    """
    reach = (UPPER_ARM + FOREARM + HAND) * tall * STRETCH
    best: tuple[float, tuple[float, float, float]] | None = None
    for step in np.linspace(0, 1, 16):
        for low in (0.0, 1.0):
            wish = (
                max(0.0, step - 0.25) * 1.35,
                low * max(0.0, step - 0.4) * 0.5 * tall,
                min(1.0, step * 3) * 0.12 * tall,
            )
            spine = UP * math.cos(wish[0]) + ahead * math.sin(wish[0])
            chest = _hips(tall, place, ahead, *wish) + spine * (SHOULDER - HIP) * tall
            gap = max(
                float(np.linalg.norm(hand - chest - left * side * SHOULDER_WIDE * tall))
                for hand, side in zip(hands, (1.0, -1.0), strict=True)
            )
            if gap <= reach:
                return wish
            if best is None or gap < best[0]:
                best = (gap, wish)
    assert best is not None
    return best[1]


def _hips(tall: float, place: Vector, ahead: Vector, lean: float, crouch: float, forward: float) -> Vector:
    back = 0.09 * math.sin(lean) * tall + 0.25 * crouch - forward
    found: Vector = place + UP * (HIP * tall - crouch) - ahead * back
    return found


def _feet(body: Body, at_s: float, place: Vector, ahead: Vector, left: Vector) -> tuple[Vector, Vector]:
    speed = float(body.speeds(np.array([at_s]))[0])
    stride = 0.32 * body.height_mm * min(1.0, speed / 1_100)
    found = []
    for side, phase in ((1.0, 0.0), (-1.0, math.pi)):
        swing = 2 * math.pi * at_s / 1.05 + phase
        lift = max(0.0, math.cos(swing)) * 0.06 * body.height_mm * min(1.0, speed / 600)
        spot = place + left * side * HIP_WIDE * 1.2 * body.height_mm + ahead * (math.sin(swing) * stride - 20)
        found.append(spot + UP * (FOOT_HIGH * body.height_mm + lift))
    return found[0], found[1]


def joint(one: Vector, two: Vector, first: float, second: float, towards: Vector) -> Vector:
    """Elbow or knee between two ends (two-bone rule), bent `towards`; a stretched limb has it on the line."""
    line = two - one
    length = max(1.0, float(np.linalg.norm(line)))
    unit = line / length
    along = (
        (first * first - second * second + length * length) / (2 * length)
        if length < first + second
        else (length * first / (first + second))
    )
    out = math.sqrt(max(0.0, first * first - along * along)) if length < first + second else 0.0
    across = towards - unit * float(towards @ unit)
    return one + unit * along + across / max(1e-6, float(np.linalg.norm(across))) * out


def limbs_of(body: Body, clothes: Clothes, at_s: float) -> tuple[Limbs, Pose]:
    """Everything of somebody at a moment."""
    pose, limbs, tall = pose_at(body, at_s), Limbs(), body.height_mm
    _trunk(limbs, pose, clothes, tall)
    _head(limbs, pose, clothes, tall)
    for number, side in ((0, 1.0), (1, -1.0)):
        _arm(limbs, pose, clothes, tall, number, side)
        _leg(limbs, pose, clothes, tall, number, side)
    return limbs, pose


def _trunk(limbs: Limbs, pose: Pose, clothes: Clothes, tall: float) -> None:
    wide, left, spine = clothes.build * tall, pose.left, pose.chest - pose.hips
    waist, breast = pose.hips + spine * 0.35, pose.hips + spine * 0.78
    limbs.add(
        pose.hips - UP * 0.02 * tall,
        pose.hips + spine * 0.12,
        (0.066 * wide, 0.064 * wide),
        clothes.trousers,
        left,
        1.45,
    )
    limbs.add(pose.hips + spine * 0.12, waist, (0.066 * wide, 0.060 * wide), clothes.shirt, left, 1.45, clothes.pattern)
    limbs.add(waist, breast, (0.060 * wide, 0.070 * wide), clothes.shirt, left, 1.5, clothes.pattern)
    limbs.add(
        breast, pose.chest + spine * 0.02, (0.070 * wide, 0.040 * wide), clothes.shirt, left, 1.75, clothes.pattern
    )


def _head(limbs: Limbs, pose: Pose, clothes: Clothes, tall: float) -> None:
    spine = (pose.chest - pose.hips) / max(1.0, float(np.linalg.norm(pose.chest - pose.hips)))
    up = spine * 0.5 + UP * 0.5
    neck, head = pose.chest + up * 0.03 * tall, pose.chest + up * (HEAD - SHOULDER) * tall + pose.ahead * 0.012 * tall
    limbs.add(pose.chest, neck + up * 0.03 * tall, (0.034 * tall, 0.030 * tall), clothes.skin)
    limbs.add(head - up * 0.022 * tall, head + up * 0.020 * tall, (0.040 * tall, 0.046 * tall), clothes.skin)
    crown, nape = head + up * 0.028 * tall - pose.ahead * 0.006 * tall, head - pose.ahead * 0.022 * tall
    limbs.add(nape - up * 0.012 * tall, crown, (0.040 * tall, 0.046 * tall), clothes.hair)
    nose = head + pose.ahead * 0.044 * tall - up * 0.006 * tall
    limbs.add(nose, nose - up * 0.010 * tall + pose.ahead * 4, (0.006 * tall, 0.009 * tall), clothes.skin)


def _arm(limbs: Limbs, pose: Pose, clothes: Clothes, tall: float, number: int, side: float) -> None:
    shoulder, grip = pose.shoulders[number], pose.hands[number]
    reach = grip - shoulder
    wrist = grip - reach / max(1.0, float(np.linalg.norm(reach))) * HAND * tall
    elbow = joint(shoulder, wrist, UPPER_ARM * tall, FOREARM * tall, -UP + pose.left * side * 0.5 - pose.ahead * 0.2)
    fat = clothes.build * tall
    cut = elbow + (wrist - elbow) * max(0.0, (clothes.sleeve - 0.5) * 2)
    limbs.add(shoulder, elbow if clothes.sleeve > 0.5 else shoulder + (elbow - shoulder) * clothes.sleeve * 1.8,
              (0.034 * fat, 0.029 * fat), clothes.shirt, pattern=clothes.pattern)  # fmt: skip
    if clothes.sleeve > 0.5:
        limbs.add(elbow, cut, (0.029 * fat, 0.022 * fat), clothes.shirt, pattern=clothes.pattern)
    else:
        limbs.add(shoulder, elbow, (0.027 * fat, 0.024 * fat), clothes.skin)
    limbs.add(elbow, wrist, (0.023 * fat, 0.016 * fat), clothes.skin)
    _hand(limbs, wrist, grip, clothes, tall, side)


def _hand(limbs: Limbs, wrist: Vector, grip: Vector, clothes: Clothes, tall: float, side: float) -> None:
    """A palm, four fingers and a thumb, half closed."""
    along = (grip - wrist) / max(1.0, float(np.linalg.norm(grip - wrist)))
    across = np.cross(along, UP)
    across = (
        across / max(1e-6, float(np.linalg.norm(across))) if np.linalg.norm(across) > 0.1 else np.array([1.0, 0, 0])
    )
    palm = np.cross(across, along)
    limbs.add(wrist, grip, (0.015 * tall, 0.017 * tall), clothes.skin, across, 1.5)
    for step in (-1.2, -0.4, 0.4, 1.2):
        root = grip + across * step * 0.012 * tall
        tip = root + along * 0.030 * tall - palm * 0.012 * tall
        limbs.add(root, tip, (0.0058 * tall, 0.005 * tall), clothes.skin)
    thumb = wrist + along * 0.02 * tall + across * side * 0.020 * tall
    limbs.add(
        thumb, thumb + along * 0.026 * tall + across * side * 0.010 * tall, (0.0068 * tall, 0.006 * tall), clothes.skin
    )


def _leg(limbs: Limbs, pose: Pose, clothes: Clothes, tall: float, number: int, side: float) -> None:
    hip, foot, fat = pose.hips + pose.left * side * HIP_WIDE * tall, pose.feet[number], clothes.build * tall
    knee = joint(hip, foot, THIGH * tall, SHANK * tall, pose.ahead)
    limbs.add(hip, knee, (0.052 * fat, 0.036 * fat), clothes.trousers)
    limbs.add(knee, foot, (0.034 * fat, 0.024 * fat), clothes.trousers)
    sole = foot - UP * (FOOT_HIGH - 0.018) * tall
    limbs.add(
        sole - pose.ahead * 0.03 * tall, sole + pose.ahead * 0.075 * tall, (0.022 * tall, 0.018 * tall), clothes.shoes
    )
