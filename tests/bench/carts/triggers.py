"""Weight events of a shelf for the peer: where the moving variance of a plate stands out, and what has changed by then.

The published method in our own words: a window slides over the samples of a plate; while its variance is high
something happens on the shelf; the change is the mean after minus the mean before; a shelf event is split where plates
that changed are not side by side or carry different products.
Must not: know weights of products or people, or use the appliance's own filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.config import Plate
from edge.core.signals import PlateSamples

Floats = NDArray[np.float64]

WINDOW_S: Final = 0.5
LEAST_SD_G: Final = 4.0  # of the moving window: what begins an event
SD_TIMES: Final = 4.0  # times the plate's own median
REST_S: Final = 0.25  # two bursts less than this apart are one
LEAST_STEP_G: Final = 8.0
LEAST_SHARE: Final = 0.05  # of the largest change on the shelf; below it a neighbour only bends


class Trigger(NamedTuple):
    """A change of weight: signed grams of each plate that took part, and the moment of the strongest movement."""

    at_ns: int
    grams: dict[str, float]

    @property
    def total_g(self) -> float:
        """The whole change."""
        return sum(self.grams.values())

    @property
    def shares(self) -> dict[str, float]:
        """Probability that it happened on a plate."""
        whole = sum(abs(part) for part in self.grams.values())
        return {plate: abs(part) / whole for plate, part in self.grams.items()}


class Trace(NamedTuple):
    """All samples of some plates: `times_ns` [samples], `grams` [samples, plates]."""

    plates: tuple[str, ...]
    rate_hz: float
    times_ns: NDArray[np.int64]
    grams: Floats


def triggers(blocks: Iterable[PlateSamples], plates: Iterable[Plate]) -> list[Trigger]:
    """All weight events, by time."""
    rows = {row.id: row for row in plates}
    found: list[Trigger] = []
    for trace in traces(blocks):
        shelves: dict[tuple[str, int], list[int]] = {}
        for column, plate in enumerate(trace.plates):
            if plate in rows and not np.isnan(trace.grams[:, column]).all():
                shelves.setdefault((rows[plate].gondola, rows[plate].shelf), []).append(column)
        for columns in shelves.values():
            columns.sort(key=lambda column: rows[trace.plates[column]].index)
            found += _of_shelf(trace, columns, [rows[trace.plates[column]] for column in columns])
    return sorted(found, key=lambda trigger: (trigger.at_ns, sorted(trigger.grams)))


def traces(blocks: Iterable[PlateSamples]) -> list[Trace]:
    """Blocks of each gondola joined in order of their time; a block that came twice counts once."""
    held: dict[tuple[str, tuple[str, ...]], dict[int, PlateSamples]] = {}
    for block in blocks:
        held.setdefault((block.source, block.plates), {})[block.captured_ns] = block
    found = []
    for (_, plates), known in sorted(held.items()):
        rows = [known[at_ns] for at_ns in sorted(known)]
        parts = [np.frombuffer(block.grams, "<f4").reshape(-1, len(plates)).astype(np.float64) for block in rows]
        times = [
            block.captured_ns + np.round(np.arange(len(part)) * 1e9 / block.rate_hz).astype(np.int64)
            for block, part in zip(rows, parts, strict=True)
        ]
        found.append(Trace(plates, rows[0].rate_hz, np.concatenate(times), _filled(np.concatenate(parts))))
    return found


def _filled(grams: Floats) -> Floats:
    """A missing sample repeats the one before."""
    rows = np.where(np.isnan(grams), 0, np.arange(len(grams))[:, None])
    return np.take_along_axis(grams, np.maximum.accumulate(rows, axis=0), axis=0)


def _of_shelf(trace: Trace, columns: list[int], plates: list[Plate]) -> list[Trigger]:
    grams = trace.grams[:, columns]
    width = max(2, round(WINDOW_S * trace.rate_hz))
    if len(grams) < 3 * width:
        return []
    spread = moving_sd(grams, width)
    limit = np.maximum(LEAST_SD_G, SD_TIMES * np.nanmedian(spread, axis=0))
    bursts = list(_bursts(np.asarray((spread > limit).any(axis=1)), round(REST_S * trace.rate_hz)))
    found = []
    for number, (first, last) in enumerate(bursts):
        if first == 0 or last == len(grams):
            continue  # no level before or after it is known
        quiet_from = bursts[number - 1][1] if number else 0
        quiet_to = bursts[number + 1][0] if number + 1 < len(bursts) else len(grams)
        before = grams[max(quiet_from, first - width) : first].mean(axis=0)
        after = grams[last : min(quiet_to, last + width)].mean(axis=0)
        for group in _split(after - before, plates):
            peak = first + int(np.nanargmax(spread[first:last, group].max(axis=1)))
            parts = {trace.plates[columns[k]]: float(after[k] - before[k]) for k in group}
            found.append(Trigger(int(trace.times_ns[peak]), parts))
    return found


def moving_sd(values: Floats, width: int) -> Floats:
    """Standard deviation of a centred window of `width` samples, shape as `values`; the ends repeat the nearest."""
    moved = np.nan_to_num(values - np.nanmean(values, axis=0))
    zero = np.zeros((1, values.shape[1]))
    sums = np.concatenate([zero, np.cumsum(moved, axis=0)])
    squares = np.concatenate([zero, np.cumsum(moved**2, axis=0)])
    mean = (sums[width:] - sums[:-width]) / width
    inner = np.sqrt(np.maximum((squares[width:] - squares[:-width]) / width - mean**2, 0))
    left = (len(values) - len(inner)) // 2
    return np.pad(inner, ((left, len(values) - len(inner) - left), (0, 0)), mode="edge")


def _bursts(active: NDArray[np.bool_], rest: int) -> Iterator[tuple[int, int]]:
    """[first, last) of runs of activity; shorter pauses than `rest` do not end one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(np.int8), [0]])))
    held: tuple[int, int] | None = None
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if held is not None and first - held[1] < rest:
            held = (held[0], last)
            continue
        if held is not None:
            yield held
        held = (first, last)
    if held is not None:
        yield held


def _split(change: Floats, plates: list[Plate]) -> list[list[int]]:
    """Plates that changed, in groups side by side, of one sign and, as far as the planogram says, of one product."""
    size = np.abs(change)
    least = max(LEAST_STEP_G, LEAST_SHARE * float(np.nanmax(size)))
    groups: list[list[int]] = []
    for k in np.flatnonzero(size >= least).tolist():
        if groups and change[k] * change[groups[-1][-1]] > 0 and _side_by_side(plates[groups[-1][-1]], plates[k]):
            groups[-1].append(k)
        else:
            groups.append([k])
    return groups


def _side_by_side(left: Plate, right: Plate) -> bool:
    same_goods = not left.skus or not right.skus or bool(set(left.skus) & set(right.skus))
    return right.index - left.index == 1 and same_goods
