"""When a plate's weight changed: the recent bins of all plates, and a fit of two levels to one of them.

Must not: decide whether there was a change; that is the step filter's work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from devices.shelf_scale.bins import BIN_NS, Floats

KEPT_BINS = 300  # 30 s: the slowest lift that still gets the time of its beginning right
NEAR_PART = 0.15  # of a step: nearer than this to a level counts as being there


class History:
    """The last bins of all plates in time order. `length` counts all bins ever seen."""

    def __init__(self, width: int) -> None:
        self._values: Floats = np.empty((2 * KEPT_BINS, width))
        self._times = np.empty(2 * KEPT_BINS, dtype=np.int64)
        self._used = 0
        self._silent = np.zeros(width, dtype=np.int64)
        self.length = 0

    def append(self, start_ns: int, values: Floats) -> None:
        """Add a bin; when the room is full, the older half is forgotten."""
        if self._used == len(self._times):
            self._values[:KEPT_BINS] = self._values[KEPT_BINS:]
            self._times[:KEPT_BINS] = self._times[KEPT_BINS:]
            self._used = KEPT_BINS
        self._values[self._used] = values
        self._times[self._used] = start_ns
        self._used += 1
        self.length += 1
        self._silent = np.where(np.isnan(values), self._silent + 1, 0)

    def last(self, bins: int) -> Floats:
        """The last bins, shape [up to `bins`, plates]."""
        return self._values[max(0, self._used - bins) : self._used]

    def silent_bins(self) -> NDArray[np.int64]:
        """For each plate how many bins in a row gave no value."""
        return self._silent

    def start_ns(self) -> int:
        """Start of the oldest bin that is surely kept."""
        return int(self._times[max(0, self._used - KEPT_BINS)])

    def end_ns(self) -> int:
        """End of the newest bin."""
        return int(self._times[self._used - 1]) + BIN_NS

    def column(self, plate: int, since: int) -> tuple[NDArray[np.int64], Floats]:
        """Times and values of one plate from bin number `since` on, without the bins that gave no value."""
        first = max(0, self._used - (self.length - since), self._used - KEPT_BINS)
        values = self._values[first : self._used, plate]
        known = ~np.isnan(values)
        return self._times[first : self._used][known], values[known]


def find_change(values: Floats, before: float, after: float, noise: float = 0.0) -> tuple[int, int]:
    """Indexes (last bin at the old level, first bin at the new one) of a change between two known levels.

    The least-squares change point of a two-level signal is where the running sum of
    sign * (x - middle) is smallest (Page 1954, CUSUM): a press before a lift or vibration after it does
    not move it. From there the change is widened to both sides until the levels are reached, so that a slow
    lift, or a hand that presses on what it puts down, is bracketed from its beginning to its end. Values within
    `noise` grams of a level count as being there.
    """
    delta = after - before
    near = max(NEAR_PART, min(noise / abs(delta), 0.4))
    progress = (values - before) / delta
    split = int(np.argmin(np.cumsum(progress - 0.5)))
    began, ended = split, min(split + 1, len(values) - 1)
    if progress[split] > 0.5:  # the change came with the very first bin
        return 0, 0
    while began > 0 and progress[began] > near:
        began -= 1
    while ended < len(values) - 1 and abs(progress[ended] - 1) > near:
        ended += 1
    return began, ended
