"""Raw blocks of plate samples -> a steady stream of short bins, whatever the sizes and gaps of the blocks.

A bin is the median of about 0.1 s of samples: single electric spikes vanish, and the rest of the filter runs
ten times a second. Cutting the same samples into other blocks gives the same bins. Must not: judge levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from edge.core.signals import PlateSamples

Floats: TypeAlias = NDArray[np.float64]

BIN_NS = 100_000_000
GAP_NS = 1_000_000_000  # a longer silence breaks the time line: levels before it say nothing about levels after
JITTER_NS = 60_000_000  # blocks that come this much early or late still follow one another
RESTART_NS = 5_000_000_000  # a block this far in the past is a new time line, not a late block
MOST_GRAMS = 200_000.0  # ten times what a plate carries: such a value is a broken number, not a weight


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """`values` are grams, shape [plates]; NaN = half the samples or more are missing.

    `fresh` says that the time line broke before this bin. `lost` marks a bin put in for a short silence.
    """

    start_ns: int
    values: Floats
    fresh: bool = False
    lost: bool = False


class Binner:
    """Cuts the blocks of one gondola into bins. One instance per stream."""

    def __init__(self) -> None:
        self.plates: tuple[str, ...] = ()
        self.rate_hz = 0.0
        self._rest: Floats = np.empty((0, 0))
        self._next_ns: int | None = None
        self._fresh = True

    def feed(self, samples: PlateSamples) -> Iterator[Bin]:
        """Bins completed by this block. Raises BadInput for a block that contradicts itself."""
        grams = as_grams(samples)
        lost = self._place(samples)
        if lost is None:
            return
        yield from (self._lost_bin(samples.captured_ns - (lost - k) * BIN_NS) for k in range(lost))
        step_ns = 1e9 / samples.rate_hz
        start_ns = samples.captured_ns - round(len(self._rest) * step_ns)
        joined = np.concatenate((self._rest, grams)) if len(self._rest) else grams
        size = max(1, round(samples.rate_hz * BIN_NS / 1e9))
        whole = len(joined) // size
        for k in range(whole):
            at_ns = start_ns + round(k * size * step_ns)
            yield Bin(start_ns=at_ns, values=_medians(joined[k * size : (k + 1) * size]), fresh=self._fresh)
            self._fresh = False
        self._rest = joined[whole * size :]
        self._next_ns = samples.captured_ns + round(len(grams) * step_ns)

    def _place(self, samples: PlateSamples) -> int | None:
        """Where the block belongs: the number of lost bins before it. None = late or double: dropped."""
        if samples.plates != self.plates or samples.rate_hz != self.rate_hz or self._next_ns is None:
            self._restart(samples)
            return 0
        late_ns = samples.captured_ns - self._next_ns
        if -RESTART_NS < late_ns < -JITTER_NS:
            return None
        if late_ns > GAP_NS or late_ns < -JITTER_NS:
            self._restart(samples)
            return 0
        if late_ns > JITTER_NS:
            self._rest = self._rest[:0]
            return max(1, round(late_ns / BIN_NS))
        return 0

    def _restart(self, samples: PlateSamples) -> None:
        self.plates, self.rate_hz = samples.plates, samples.rate_hz
        self._rest = np.empty((0, len(self.plates)))
        self._fresh = True

    def _lost_bin(self, start_ns: int) -> Bin:
        nothing = np.full(len(self.plates), np.nan)
        return Bin(start_ns=start_ns, values=nothing, lost=True)


def as_grams(samples: PlateSamples) -> Floats:
    """The block as grams, shape [samples, plates]; anything that is no weight becomes NaN. Raises BadInput."""
    place = f"plate samples of {samples.source}"
    if not (np.isfinite(samples.rate_hz) and samples.rate_hz > 0):
        raise BadInput(place, f"rate_hz is {samples.rate_hz}; it must be a positive number")
    width = len(samples.plates)
    if len(samples.grams) % (4 * width or 1) or (samples.grams and not width):
        raise BadInput(place, f"{len(samples.grams)} bytes are not whole rows of {width} float32 values")
    grams = np.frombuffer(samples.grams, dtype="<f4").astype(np.float64).reshape(-1, width)
    grams[~(np.abs(grams) <= MOST_GRAMS)] = np.nan
    return grams


def _medians(rows: Floats) -> Floats:
    """Median of each column of `rows` [samples, plates]; NaN where half the samples or more are missing."""
    ordered = np.sort(rows, axis=0)  # NaN go last
    valid = len(rows) - np.isnan(rows).sum(axis=0)
    last = np.maximum(valid - 1, 0)
    columns = np.arange(rows.shape[1])
    middle: Floats = 0.5 * (ordered[last // 2, columns] + ordered[(last + 1) // 2, columns])
    middle[2 * valid <= len(rows)] = np.nan
    return middle
