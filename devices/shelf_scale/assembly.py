"""Rows of a scale board -> blocks of samples with a time: parts are joined, holes filled, arrival jitter removed.

Must not: read a clock (arrival times are handed in), or guess a value that a plate did not give.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from devices.shelf_scale.wire import NUMBERS, Row
from edge.core.signals import PlateSamples

BLOCK_NS: Final = 200_000_000
MOST_MISSING: Final = 60  # samples: a longer hole is a restart of the board
FOLLOW_NS: Final = 200_000  # per sample: a board's quartz may run behind the box's by so much and more
ANCHOR_NS: Final = 1_000_000_000


class SampleClock:
    """Sample number -> time. Blocks that pile up behind a busy box keep the times at which they were measured.

    The earliest arrival tells the offset between counter and clock best; the offset follows a slower board, and
    is taken anew where arrival and counter no longer fit together.
    """

    def __init__(self) -> None:
        self._offset_ns: int | None = None

    def at(self, count: int, step_ns: float, arrival_ns: int) -> int:
        """Time of the sample `count` (unwrapped) that arrived at `arrival_ns`."""
        offset_ns = arrival_ns - round(count * step_ns)
        if self._offset_ns is None or offset_ns < self._offset_ns or offset_ns > self._offset_ns + ANCHOR_NS:
            self._offset_ns = offset_ns
        else:
            self._offset_ns += min(offset_ns - self._offset_ns, FOLLOW_NS)
        return self._offset_ns + round(count * step_ns)


class Assembly:
    """Collects rows of one board into PlateSamples of about 0.2 s. `plates` are the ids of its columns."""

    def __init__(self, source: str, plates: tuple[str, ...]) -> None:
        self._source = source
        self._plates = plates
        self._clock = SampleClock()
        self._rate_hz = 0.0
        self._count = 0  # samples since the first row, unwrapped
        self._number: int | None = None
        self._rows: list[np.ndarray] = []
        self._began_ns = 0

    def add(self, row: Row, arrival_ns: int) -> list[PlateSamples]:
        """Blocks that this row completes."""
        done: list[PlateSamples] = []
        ahead = None if self._number is None else (row.number - self._number) % NUMBERS
        if ahead is None or ahead > MOST_MISSING or row.rate_hz != self._rate_hz:
            done += self._close()
            self._begin(row, arrival_ns)
        elif ahead:
            done += self._advance(row, ahead, arrival_ns)
        self._fill(row)
        return done

    def _begin(self, row: Row, arrival_ns: int) -> None:
        self._clock = SampleClock()
        self._rate_hz = row.rate_hz
        self._count = 0
        self._number = row.number
        self._open_row(arrival_ns)

    def _advance(self, row: Row, ahead: int, arrival_ns: int) -> list[PlateSamples]:
        done: list[PlateSamples] = []
        for _ in range(ahead):
            if len(self._rows) >= max(1, round(self._rate_hz * BLOCK_NS / 1e9)):
                done += self._close()
            self._count += 1
            self._open_row(arrival_ns)
        self._number = row.number
        return done

    def _open_row(self, arrival_ns: int) -> None:
        at_ns = self._clock.at(self._count, 1e9 / self._rate_hz, arrival_ns)
        if not self._rows:
            self._began_ns = at_ns
        self._rows.append(np.full(len(self._plates), np.nan, dtype="<f4"))

    def _fill(self, row: Row) -> None:
        for column, grams in enumerate(row.grams, start=row.first):
            if grams is not None and column < len(self._plates):
                self._rows[-1][column] = grams

    def _close(self) -> list[PlateSamples]:
        if not self._rows:
            return []
        grams = np.array(self._rows, dtype="<f4").tobytes()
        self._rows = []
        return [
            PlateSamples(
                captured_ns=self._began_ns,
                source=self._source,
                rate_hz=self._rate_hz,
                plates=self._plates,
                grams=grams,
            )
        ]
