"""The quality gate: what is measured of a face, and what it must have before anybody is compared with it.

A face that fails is told by its reason (`Flaw`), with the measures, so that a person at the gate can be helped. Must
not: know an engine, or decide who may enter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]
Template: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.floating[Any]]
Flaw: TypeAlias = Literal["", "small", "blurred", "turned", "dark", "bright"]

MEASURE_SIDE_PX = 112
BRIGHTEST_PCT = 95
CLIPPED_LEVEL = 250


@dataclass(frozen=True, slots=True)
class Measures:
    """What the quality gate measured of one face.

    `width_px` of its box; `sharpness` as the function of that name; `light` is the grey level (0..255) below which
    95 % of the face lie (its lit parts, so that dark skin in good light does not count as dark); `clipped_pct` is the
    share of it that the light burnt out; `turn_deg` is how far it looks to the side, estimated from five points.
    """

    width_px: int
    sharpness: float
    light: float
    clipped_pct: float
    turn_deg: float


@dataclass(frozen=True, slots=True)
class Quality:
    """What a face must have before it is compared, in the units of `Measures`."""

    min_face_px: int
    min_sharpness: float = 0.0
    max_turn_deg: float = 90.0
    min_light: float = 0.0
    max_clipped_pct: float = 100.0

    def flaw(self, found: Measures) -> Flaw:
        """Why a face cannot be compared, "" where it can. Light comes before blur: a dark face looks blurred too."""
        if found.width_px < self.min_face_px:
            return "small"
        if found.light < self.min_light:
            return "dark"
        if found.clipped_pct > self.max_clipped_pct:
            return "bright"
        if found.sharpness < self.min_sharpness:
            return "blurred"
        return "turned" if found.turn_deg > self.max_turn_deg else ""

    def in_words(self, found: Measures) -> str:
        """What is wrong with a face and what to do about it, for people; "" where nothing is."""
        sharp, turn = f"sharpness {found.sharpness:.0f}, at least {self.min_sharpness:.0f}", f"{found.turn_deg:.0f}"
        words = {
            "": "",
            "small": f"is too small ({found.width_px} px wide, at least {self.min_face_px}); go nearer",
            "dark": f"is too dark (lit parts at {found.light:.0f} of 255, at least {self.min_light:.0f}); add light",
            "bright": f"is burnt out ({found.clipped_pct:.0f} % of it white); turn away from the lamp or the sun",
            "blurred": f"is blurred ({sharp}); hold still, in more light",
            "turned": f"looks to the side (about {turn} degrees, at most {self.max_turn_deg:.0f}); look at the camera",
        }
        return words[self.flaw(found)]


def measure(picture: Picture, box_px: tuple[int, int, int, int], turn_deg: float) -> Measures:
    """Measures of a face in a BGR picture; a box that lies outside of it measures 0."""
    left, top, right, bottom = box_px
    crop = picture[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if crop.size == 0:
        return Measures(right - left, 0.0, 0.0, 0.0, turn_deg)
    side = (MEASURE_SIDE_PX, MEASURE_SIDE_PX)
    grey = np.asarray(cv2.resize(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), side, interpolation=cv2.INTER_AREA), np.uint8)
    clipped_pct = 100.0 * float(np.mean(grey >= CLIPPED_LEVEL))
    return Measures(right - left, sharpness(grey), float(np.percentile(grey, BRIGHTEST_PCT)), clipped_pct, turn_deg)


def sharpness(grey: Picture) -> float:
    """Variance of the Laplacian of a grey face of 112 x 112 px (Pech-Pacheco et al. 2000); larger = sharper."""
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def turn_of(left_eye: Numbers, right_eye: Numbers, nose: Numbers, nose_depth: float) -> float:
    """Degrees that a face looks to the side, 0..90, from where its nose stands between its eyes (points [2] in px).

    A nose that stands out by `nose_depth` eye distances moves by nose_depth * sin(turn) along the line of the eyes,
    while these come closer by cos(turn); so the turn is the arc tangent of their ratio. Good to some 10 degrees.
    """
    line = right_eye - left_eye
    apart = float(np.linalg.norm(line))
    if apart == 0.0:
        return 90.0
    aside = abs(float((nose - (left_eye + right_eye) / 2) @ line)) / apart**2
    return math.degrees(math.atan2(aside, nose_depth))
