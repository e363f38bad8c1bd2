"""A shadow is told from a change: print that only got darker is shade, other print and plain dark things are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vision.occluders import Backdrop, Scene
from vision.planes import Mask, Planes

SHAPE = (120, 160)
SLOT = (slice(30, 90), slice(40, 100))
THRESHOLD = 0.12
DARKER = 0.5  # of the logarithm of light: 60 % is left


def slot() -> Mask:
    mask = np.zeros(SHAPE, np.bool_)
    mask[SLOT] = True
    return mask


def printed(seed: int) -> Planes:
    """Stripes and letters of some pixels."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 0.35, (SHAPE[0] // 4, SHAPE[1] // 4, 1))
    planes = np.zeros((*SHAPE, 3), np.float32)
    planes[..., :1] = 4.5 + np.kron(coarse, np.ones((4, 4, 1)))
    return planes


def scene_of(change: Planes) -> Scene:
    """The scene after two seconds of a quiet shelf and one picture with `change` in the slot."""
    quiet = printed(0)
    backdrop = Backdrop([slot()], SHAPE, THRESHOLD, 10.0)
    nothing = np.zeros(SHAPE, np.bool_)
    for number in range(20):
        backdrop.see(quiet, nothing, number / 10)
    after = quiet.copy()
    after[SLOT] = change[SLOT]
    return backdrop.see(after, nothing, 2.0)


@pytest.mark.parametrize("darker", [DARKER, 0.9])
def test_a_shadow_is_no_change(darker: float) -> None:
    dark = printed(0)
    dark[..., 0] -= cv2.blur(slot().astype(np.float32), (25, 25)) * np.float32(darker)  # lamps are wide, edges soft
    scene = scene_of(dark)
    inside = slot()
    assert scene.shade[inside].mean() > 0.5
    assert (scene.changed | scene.body)[inside].mean() < 0.2


def test_another_print_is_a_change_though_it_is_darker() -> None:
    other = printed(1)
    other[..., 0] -= DARKER
    scene = scene_of(other)
    assert scene.changed[slot()].mean() > 0.5
    assert scene.shade[slot()].mean() < 0.2


def test_a_plain_dark_thing_is_a_change() -> None:
    plain = printed(0)
    plain[..., 0] = 3.6
    scene = scene_of(plain)
    assert scene.changed[slot()].mean() > 0.5
    assert scene.shade[slot()].mean() < 0.2


def test_a_shadow_has_no_other_colour() -> None:
    red = printed(0)
    red[..., 0] -= DARKER
    red[..., 1] += 0.4
    assert scene_of(red).shade[slot()].mean() < 0.1
