"""What is wrong with the eye at one moment: a picture against the learned view. Pure.

A person close to the lens looks like a fault for a moment; that it lasts is asked by `watch`. Must not: remember.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final, Literal

import numpy as np

from vision.camera_health.anchors import Shift
from vision.camera_health.look import Cells, Look
from vision.camera_health.reference import AGREES, Reference

Cause = Literal["dark", "frozen", "covered", "moved", "blurred", "sprayed"]

# The first one that holds is the one that is told: a later one may be its consequence.
ORDER: Final[tuple[Cause, ...]] = ("dark", "covered", "frozen", "moved", "blurred", "sprayed")

DARK_LEVEL: Final = 50.0  # of 255, 90th percentile: less is at most a fifth of the light of an ordinary picture
DARK_SHARE: Final = 0.4  # of the learned light, so that a camera that always looks at a dim room is not blamed
BLACK_LEVEL: Final = 25.0  # 99th percentile: nothing can be seen in such a picture, whatever was learned
DEAD_SHARE: Final = 0.5  # of the learned structure
COVERED_SHARE: Final = 0.8
LEFT_SHARE: Final = 0.15  # of the learned number of textured cells: an even surface fills the picture
MOVED_PX: Final = 2.0  # of 320, mean over the picture: 1.1 degrees of roll; the slot watch forgives one
STRANGE_SHARE: Final = 0.15  # of the cells still agree: another view
SHARP_SHARE: Final = 0.5  # of the learned sharpness; a blur of sigma 1.5 px leaves a third or less
HALF, MANY_CELLS = 0.5, 20  # a lens is out of focus everywhere: less than half of many cells is a haze
CLOUDED_SHARE: Final = 0.12  # of the useful cells keep their shape and lose their detail
HIDDEN: Final = ((0.25, 0.13), (0.10, 0.20))  # share of the useful cells lost, and share of the picture that changed
SHIFTED_LEVEL: Final = 0.2  # log light of an even cell against the whole picture


def black(look: Look) -> bool:
    """Whether there is no light at all, as far as a picture alone can tell."""
    return look.brightest < BLACK_LEVEL


def blank(look: Look) -> bool:
    """Whether nothing at all is seen: no cell with structure, and one even light."""
    return not look.textured.any() and float(np.ptp(look.level)) < 0.7


def judge(look: Look, reference: Reference, shift: Shift | None) -> Set[Cause]:
    """Everything that looks wrong in this picture, `frozen` aside (one picture cannot show that)."""
    if black(look) or (look.bright < DARK_LEVEL and look.bright < DARK_SHARE * reference.bright):
        return {"dark"}  # what the dark hides cannot be judged
    found: set[Cause] = set()
    agrees = reference.agrees(look)
    if _covered(look, reference, agrees):
        found.add("covered")
    if "covered" not in found and _moved(look, reference, agrees, shift):
        found.add("moved")
    sharp = look.sharpness()
    soft = sharp is not None and reference.sharpness is not None and sharp < SHARP_SHARE * reference.sharpness
    in_part = np.count_nonzero(reference.useful) >= MANY_CELLS and reference.share(reference.lost(look)) < HALF
    if soft and not in_part:
        found.add("blurred")
    if not found and _sprayed(look, reference, agrees):
        found.add("sprayed")
    return found


def _covered(look: Look, reference: Reference, agrees: Cells) -> bool:
    learned = int(np.count_nonzero(reference.textured))
    if learned >= 8 and np.count_nonzero(look.textured) <= LEFT_SHARE * learned:
        return True
    dead = (agrees < AGREES) & (look.coarse < DEAD_SHARE * reference.coarse)
    return reference.judgeable and reference.share(dead) >= COVERED_SHARE


def _moved(look: Look, reference: Reference, agrees: Cells, shift: Shift | None) -> bool:
    if shift is not None:
        return shift.mean_px > MOVED_PX
    seen = np.count_nonzero(look.textured) >= 0.5 * np.count_nonzero(reference.textured)
    return reference.anchors.enough and bool(seen) and reference.share(agrees >= AGREES) <= STRANGE_SHARE


def _sprayed(look: Look, reference: Reference, agrees: Cells) -> bool:
    """Part of the picture lost its detail: behind a haze (its shape is still there) or behind something opaque.

    Goods that were sold lose shape and detail together, so where goods stand only a haze counts.
    """
    if not reference.judgeable:
        return False
    lost = reference.lost(look)
    if reference.share(lost & (agrees >= AGREES)) >= CLOUDED_SHARE:
        return True
    outside = reference.useful & ~reference.goods
    if np.count_nonzero(outside) < 8:
        return False
    shift = look.level - reference.level
    plain = ~reference.textured & ~look.textured & (np.abs(shift - np.median(shift)) > SHIFTED_LEVEL)
    hidden = lost & ~reference.goods
    area = float(np.mean((hidden | plain)[~reference.goods]))
    gone = np.count_nonzero(hidden) / np.count_nonzero(outside)
    return any(gone >= least and area >= least_area for least, least_area in HIDDEN)
