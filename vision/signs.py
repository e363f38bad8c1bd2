"""Did something leave a slot or come into it? Evidence from the two pictures of the slot themselves.

A pack has an outline against what is behind it and an edge where it stands on the board. A take brings no colour that
the slot never showed; a put of another product does. Source of the outline idea: boundary energy for abandoned and
removed objects (Spagnolo et al., AVSS 2006). Must not: look at history, counts or a clock.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.planes import Planes

# Of the cues below, by logistic regression: `python -m tests.bench.vision.rendered_signs --fit` says how.
NEITHER = -5.9
WEIGHTS = np.array([1.75, 2.2, 0.75, -3.0, 0.3])
LEAST_PIXELS = 12
NOTHING_NEW = 0.015  # of what changed
OWN_CANNOT_COME = 1.0
FOOT_SHARE = 0.3  # of the height of what changed, from below
FAINT_EDGE = 0.02
DARKER_FULL = 0.4  # difference of logarithms at which darker is dark
LIGHT_STEP, COLOUR_STEP = 0.3, 0.06  # colours one step apart are alike
DARKEST, PALEST, LIGHT_STEPS, COLOUR_STEPS = 2.4, -1.8, 12, 60
LEAST_ALIKE = 4  # pixels of a colour that make it known
NOISE_SHARE = 0.1  # so many pixels may have a new colour by chance
SHIFT_SHARE = 0.25  # of the side of a square as large as the slot: how far a customer nudges an item sideways
DEEPER_SHARE = 0.10  # up and down less: what stood behind a taken item looks like it, moved into the shelf
SHIFT_LEFT = 0.40


def leaning(
    before: Planes, after: Planes, changed: NDArray[np.bool_], past: Sequence[Planes] = (), full: bool = False
) -> float:
    """Log-odds of a take: above 0 for a take, below for a put, near 0 when the pictures do not tell.

    `before` and `after` are log planes [h, w, 3] of the slot with some surroundings; `changed` [h, w];
    `past` is how it looked earlier: what stood behind a pack may come to light again. `full`: none of the slot's own
    packs was taken, so hardly any can come back; what brings no new colour is then likelier a take.
    """
    if changed.sum() < LEAST_PIXELS:
        return 0.0
    found = cues(before, after, changed, past)
    own = full and found[3] <= _log_share(NOTHING_NEW)
    return float(NEITHER + found @ WEIGHTS + (OWN_CANNOT_COME if own else 0.0))


def cues(before: Planes, after: Planes, changed: NDArray[np.bool_], past: Sequence[Planes] = ()) -> NDArray[np.float64]:
    """What speaks for a take: a weaker outline, a weaker foot, colours gone, colours new (against it), less light."""
    kernel = np.ones((3, 3), np.uint8)
    blob = changed.astype(np.uint8)
    outline = (cv2.dilate(blob, kernel) - cv2.erode(blob, kernel)).astype(np.bool_)
    edges = _edges(before), _edges(after)
    gone, new = _novel(before[changed], [after]), _novel(after[changed], [before, *past])
    darker = float(before[..., 0][changed].mean() - after[..., 0][changed].mean())
    return np.array(
        [
            _weaker(*edges, outline),
            _weaker(*edges, _foot(changed)),
            _log_share(gone),
            _log_share(new),
            np.clip(darker / DARKER_FULL, -1, 1),
        ]
    )


def _weaker(before: NDArray[np.float32], after: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    """How much weaker the edges became, as a logarithm."""
    strength = [float(edges[where].mean()) + FAINT_EDGE for edges in (before, after)]
    return float(np.log(strength[0] / strength[1]))


def _foot(changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The lowest part of what changed: there a pack stands on the board, and an empty board has no edge."""
    rows = np.flatnonzero(changed.any(axis=1))
    foot = changed.copy()
    foot[: int(rows[0] + (1 - FOOT_SHARE) * (rows[-1] - rows[0]))] = False
    return foot


def _novel(pixels: Planes, pictures: Sequence[Planes]) -> float:
    """The part of some pixels [n, 3] whose colours the pictures do not have anywhere."""
    known = np.zeros((LIGHT_STEPS, COLOUR_STEPS, COLOUR_STEPS), np.int32)
    for picture in pictures:
        np.add.at(known, _colours(picture.reshape(-1, 3)), 1)
    for axis in range(3):
        known = known + np.roll(known, 1, axis) + np.roll(known, -1, axis)
    return float((known[_colours(pixels)] < LEAST_ALIKE).mean())


def _log_share(share: float) -> float:
    return float(np.log((share + NOISE_SHARE) / (1 + NOISE_SHARE)))


def _colours(pixels: Planes) -> tuple[NDArray[np.intp], ...]:
    """Pixels [n, 3] as steps of light and of the two colour planes."""
    steps = (pixels - (DARKEST, PALEST, PALEST)) / (LIGHT_STEP, COLOUR_STEP, COLOUR_STEP)
    most = (LIGHT_STEPS - 1, COLOUR_STEPS - 1, COLOUR_STEPS - 1)
    return tuple(np.clip(steps, 0, most).astype(np.intp).T)


def _edges(planes: Planes) -> NDArray[np.float32]:
    total = np.zeros(planes.shape[:2], np.float32)
    for k in range(3):
        layer = np.ascontiguousarray(planes[..., k])
        total += np.abs(cv2.Sobel(layer, cv2.CV_32F, 1, 0, scale=0.25))
        total += np.abs(cv2.Sobel(layer, cv2.CV_32F, 0, 1, scale=0.25))
    return total


def shifted(before: Planes, after: Planes, close: NDArray[np.bool_]) -> bool:
    """Whether the same item merely stands elsewhere in its slot: a small move explains the difference."""
    side = float(np.sqrt(np.count_nonzero(close)))
    reach = [max(1, round(share * side)) for share in (DEEPER_SHARE, SHIFT_SHARE)]
    still = _residue(before, after, close, 0, 0)
    if still <= 0:
        return False
    steps_down = np.unique(np.linspace(-reach[0], reach[0], 9).round().astype(int))
    steps_across = np.unique(np.linspace(-reach[1], reach[1], 9).round().astype(int))
    best = min(_residue(before, after, close, int(y), int(x)) for y in steps_down for x in steps_across)
    return best < SHIFT_LEFT * still


def _residue(before: Planes, after: Planes, close: NDArray[np.bool_], down: int, across: int) -> float:
    height, width = close.shape
    there = (slice(max(0, down), height + min(0, down)), slice(max(0, across), width + min(0, across)))
    here = (slice(max(0, -down), height + min(0, -down)), slice(max(0, -across), width + min(0, -across)))
    mask = close[there] & close[here]
    if not mask.any():
        return float("inf")
    return float(np.abs(after[there] - before[here]).max(axis=2)[mask].mean())
