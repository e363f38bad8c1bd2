"""A level at which a plate stood still on the way from one believed level to the next.

Beyond both it may be a pack that came just before another one went, or a hand that pressed and held still for a moment;
between them, where the plate turned back before it went on, the first of two takes. Whoever knows weights and people
can tell. Must not: decide that, whether a plate changed at all, or see more than one plate.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from devices.shelf_scale.bins import Floats

REST_BINS = 3
STILL_PART = 0.04  # of the smaller one of both changes: the range of so many bins
LIGHTER_PART = 0.08  # where the plate was lighter than before and after: no hand makes it so
TURN_PART = 0.15  # of the way back, where the plate turned on its way: no one hand lifts, presses and lifts again
ROUGH_SIGMA = 5.0  # or, on a noisy plate, so many sigma of one bin


class StoodStill(NamedTuple):
    """Indexes of the first and the last bin of a rest, and its level in grams."""

    first: int
    last: int
    level: float


def rest_between(values: Floats, before: float, after: float, sigma: float, least: float) -> StoodStill | None:
    """Where a plate that went from `before` to `after` (grams) turned at a level that is more than `least` beyond both,
    or rested between them and then turned back by as much; None = it went straight. The stillest such rest counts. A
    rest on the way without a turn may be a slow lift. Where both levels are one, all of `values` is looked at."""
    first = 0 if before == after else _left(values, before, least)
    lighter = after < before
    best: tuple[float, StoodStill] | None = None
    for stop in range(first + REST_BINS, len(values) + 1):
        seen = values[stop - REST_BINS : stop]
        level = float(seen.mean())
        height = max(level - max(before, after), min(before, after) - level)
        still = (LIGHTER_PART if level < min(before, after) else STILL_PART) * height
        if height <= 0 and len(values) > stop:
            back = float(values[stop:].max()) - level if lighter else level - float(values[stop:].min())
            height = min(abs(level - before), abs(level - after)) if back > least else 0.0
            still = max(STILL_PART * height, TURN_PART * back)
        spread = float(seen.max() - seen.min())
        if height <= least or spread > max(still, ROUGH_SIGMA * sigma):
            continue
        if best is None or spread / height < best[0]:
            best = (spread / height, StoodStill(stop - REST_BINS, stop - 1, level))
    return None if best is None else best[1]


def _left(values: Floats, before: float, least: float) -> int:
    """Index of the first bin after the plate was last still at its old level."""
    near = np.abs(values - before) <= least / 2
    still = near[1:] & near[:-1]
    return int(np.flatnonzero(still)[-1]) + 2 if still.any() else 0
