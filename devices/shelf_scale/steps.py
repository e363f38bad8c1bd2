"""Raw plate samples of a gondola -> WeightStep and PlateSteady.

Each plate has a believed level. A plate that has left its level is watched until it has rested somewhere else
for `hold_ms` (longer than a hand presses); only then is the change a step, and when it happened is found by
fitting two levels to what was seen since. Small steps beside a large one on the same shelf are the shelf bending.
Must not: know products or people, read a clock, or depend on how samples were cut into blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from devices.shelf_scale.bins import BIN_NS, Bin, Binner, Floats
from devices.shelf_scale.change import NEAR_PART, History, find_change
from devices.shelf_scale.rests import rest_between
from edge.config import Plate, Scales
from edge.core.events import Event, PlateSteady, Rest, WeightStep
from edge.core.signals import PlateSamples

MS = 1_000_000
BEND_REACH = 3  # plates to either side that a heavy change can bend
BEND_WAIT_BINS = 50  # a small step waits so long for a neighbour that is still moving
BEND_APART_NS = 200_000_000  # changes of one bending shelf are seen at most this far apart
FOLLOW_G = 0.02  # per bin: drift is followed no faster than this, so that a slow lift is never taken for drift
SMALLEST_PART = 0.02  # of a step: the halves of the hold may differ by this much while the plate swings
ROUGHEST_PART = 0.10  # of a step: so much vibration is tolerated on top of the new level
SHORT_BINS, LONGER_BINS = 5, 9  # a level held so long: a thing without tremor, or longer than a hand presses
NO_TREMOR = 0.008  # of its weight: a hand is rougher
SHORT_SIGMA, LONGER_SIGMA = 1.5, 2.5
LONGEST_VISIT_BINS = 40
AGAIN_NS = 300 * MS  # a level is told again so long after a step, in case the message of the step is lost
RETURN_BINS = 60  # a plate that comes back to its level is looked at so far back
NOISE_UP, NOISE_DOWN = 0.007, 0.013  # speed of the running 35th percentile of |difference of bins|
SIGMA_PER_P35 = 1.0 / 0.642  # white Gaussian noise: 35th percentile of |difference| = 0.642 sigma


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Grams and bins, made from [scales]."""

    quiet_bins: int = 4
    hold_bins: int = 10
    steady_ns: int = 60_000 * MS
    noise_floor_g: float = 1.0
    step_sigma: float = 6.0
    min_step_g: float = 8.0
    cross_talk: float = 0.05


class _Limits(NamedTuple):
    """Grams, shape [plates]: a step is more than `step`; a calm plate moves less than `trend` and `rough`."""

    step: Floats
    trend: Floats
    rough: Floats


class _Swing(NamedTuple):
    """Grams, shape [plates]: difference between the halves of a window, and standard deviation in it."""

    trend: Floats
    rough: Floats


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """A step that is believed: column, signed grams, when it happened, and where it stood still on the way."""

    column: int
    grams: float
    began_ns: int
    ended_ns: int
    rest: Rest | None = None


class StepFilter:
    """The `SampleSense` of one gondola.

    `places` maps plate id -> (shelf, index on it); it tells who can bend whom. Without it plates are taken to
    stand side by side in the order of the stream's columns.

    Levels that are reported change by reported steps and by drift alone: what the filter keeps back (a bending
    shelf, the correction of a level read while it swung) stays out of them too, or whoever compares levels would
    take it for goods that moved unseen.
    """

    def __init__(self, settings: Settings | None = None, places: Mapping[str, tuple[str, int]] | None = None) -> None:
        self._set = settings or Settings()
        self._places = dict(places or {})
        self._binner = Binner()
        self._source = ""
        self._unsaid: dict[str, float] = {}  # grams in a plate's level that no step has told
        self._reset(0)

    @classmethod
    def from_config(cls, scales: Scales, plates: Iterable[Plate] = ()) -> StepFilter:
        """A filter as [scales] and [[plate]] of store.toml say."""
        settings = Settings(
            quiet_bins=max(1, round(scales.quiet_ms * MS / BIN_NS)),
            hold_bins=max(2, round(max(scales.hold_ms, scales.quiet_ms) * MS / BIN_NS)),
            steady_ns=scales.steady_every_ms * MS,
            noise_floor_g=scales.noise_floor_g,
            step_sigma=scales.step_sigma,
            min_step_g=scales.min_step_g,
            cross_talk=scales.cross_talk_pct / 100,
        )
        return cls(settings, {row.id: (f"{row.gondola}/{row.shelf}", row.index) for row in plates})

    def feed(self, samples: PlateSamples) -> list[Event]:
        """Events that this block completes. Raises BadInput for a block that contradicts itself."""
        found: list[Event] = []
        self._source = samples.source
        for piece in self._binner.feed(samples):
            if piece.fresh:
                self._reset(len(self._binner.plates))
            found += self._see(piece)
        return found

    def flush(self) -> list[Event]:
        """Changes that had rested for `quiet_ms`, but not yet for `hold_ms`, when the stream ended."""
        if not self._history.length:
            return []
        return self._decide(self._set.quiet_bins, last=True)

    def _reset(self, width: int) -> None:
        self._history = History(width)
        self._level: Floats = np.full(width, np.nan)
        self._since = np.zeros(width, dtype=np.int64)  # bin number from which the level has been believed
        self._noise: Floats = np.full(width, np.nan)  # running 35th percentile of |difference of bins|
        self._steady_due = np.zeros(width, dtype=np.int64)
        self._doubt: Floats = np.zeros(width)  # grams by which a level may be wrong that was read while swinging
        self._waiting = np.zeros(width, dtype=np.int64)  # bins that a small step has waited for a neighbour
        self._recent: list[_Change] = []
        self._left = np.zeros(width, dtype=bool)  # away from its level since then
        self._visits: dict[int, float] = {}  # column -> level at which it rested on the way, too shortly to believe
        self._shelf, self._index = self._neighbourhood(width)

    def _neighbourhood(self, width: int) -> tuple[list[str], list[int]]:
        known = [self._places.get(plate, ("", column)) for column, plate in enumerate(self._binner.plates[:width])]
        return [shelf for shelf, _ in known], [index for _, index in known]

    def _see(self, piece: Bin) -> list[Event]:
        self._history.append(piece.start_ns, piece.values)
        if piece.lost:
            self._steady_due[:] = 0
        silent = self._history.silent_bins() > self._set.hold_bins
        self._level[silent] = np.nan
        self._steady_due[silent] = 0
        self._learn_noise()
        return self._decide(self._set.hold_bins)

    def _learn_noise(self) -> None:
        """A robust running sigma for each plate: a burst of vibration moves it by a few per cent only."""
        window = self._history.last(self._set.hold_bins)
        if len(window) < 2:
            return
        step = np.abs(window[-1] - window[-2])
        known = ~np.isnan(step)
        rate = np.where(step > self._noise, 1 + NOISE_UP, 1 - NOISE_DOWN)
        self._noise = np.where(known, self._noise * rate, self._noise)
        new = np.isnan(self._noise) & ~np.isnan(window).any(axis=0)
        if len(window) == self._set.hold_bins and new.any():
            first = np.quantile(np.abs(np.diff(window[:, new], axis=0)), 0.35, axis=0)
            self._noise[new] = np.maximum(first, 1e-3)

    def _sigma(self) -> Floats:
        sigma: Floats = np.maximum(self._noise * SIGMA_PER_P35, self._set.noise_floor_g)
        return sigma

    def _decide(self, bins: int, last: bool = False) -> list[Event]:
        """Compare the last `bins` bins with the levels believed."""
        window = self._history.last(bins)
        if len(window) < bins:
            return []
        limits = self._limits()
        swing = _swing(window)
        calm = (swing.trend <= limits.trend) & (swing.rough <= limits.rough)
        # a plate that still swings is read over the whole window: less noise, if a little later; one that rests
        # since the middle of it was only late to settle, and what came before is no part of its level
        half = window[-max(2, bins // 2) :]
        settled = calm | (half.std(axis=0) <= limits.rough / 2)
        now = np.where(settled, window[-self._set.quiet_bins :].mean(axis=0), window.mean(axis=0))
        delta = now - self._level
        size = np.nan_to_num(np.abs(delta))
        moved = size > np.maximum(limits.step, self._doubt)
        swings = (
            ~calm
            & moved
            & (swing.trend <= np.minimum(SMALLEST_PART * size, swing.rough))  # it swings, it does not creep
            & (swing.rough <= ROUGHEST_PART * size)
        )
        rests = calm | (swings & ~self._rested(np.flatnonzero(swings), window, now))
        events = self._baseline(calm & np.isnan(self._level), now)
        self._doubt[rests & moved] = np.where(calm, 0.0, swing.rough + swing.trend)[rests & moved]
        events += self._step(rests & moved, moved, now, delta, last)
        events += self._back_again(moved, calm)
        return events + self._follow(calm & ~moved & ~np.isnan(delta), now)

    def _rested(self, columns: np.ndarray, window: Floats, now: Floats) -> np.ndarray:
        """Plates that did not swing about a level but stood still beyond it for a moment, before they went on."""
        found = np.zeros(len(now), dtype=bool)
        sigma, least = self._sigma(), 2 * self._limits().step
        for column in columns.tolist():
            values, level = window[:, column], float(self._level[column])
            still = rest_between(values, level, float(now[column]), float(sigma[column]), float(least[column]))
            found[column] = still is not None
        return found

    def _back_again(self, moved: np.ndarray, calm: np.ndarray) -> list[Event]:
        """Something was put down and lifted again before its level could be believed: two steps that cancel out."""
        events: list[Event] = []
        self._left |= moved
        for column in np.flatnonzero(self._left & calm & ~moved).tolist():
            self._left[column] = False
            visited = self._visits.pop(column, None)
            visited = self._was_lighter(column) if visited is None else visited
            if visited is not None:
                events += self._two_steps(column, visited)
        settled = self._history.length - self._since >= 2 * self._set.hold_bins
        for column in np.flatnonzero(moved & settled & ~np.isnan(self._level)).tolist():
            level = self._rests_at(column)
            if column not in self._visits and abs(level - self._level[column]) > 2 * self._limits().step[column]:
                self._visits[column] = level
        return events

    def _was_lighter(self, column: int) -> float | None:
        """The level at which a plate stood still, lighter than before: no hand makes it so, however shortly."""
        _, values = self._history.column(column, max(int(self._since[column]), self._history.length - RETURN_BINS))
        level, sigma = float(self._level[column]), float(self._sigma()[column])
        found = rest_between(values, level, level, sigma, 2 * float(self._limits().step[column]))
        return found.level if found is not None and found.level < level else None

    def _rests_at(self, column: int) -> float:
        """The level at which a plate rests as only a thing does; its believed level where it does not."""
        believed, sigma = float(self._level[column]), float(self._sigma()[column])
        for bins, roughest, tremor in ((SHORT_BINS, SHORT_SIGMA, NO_TREMOR), (LONGER_BINS, LONGER_SIGMA, 1.0)):
            seen = self._history.last(bins)[:, column]
            level, swing = float(seen.mean()), _swing(seen)
            if tremor * abs(level - believed) < sigma:
                continue  # too light to tell a thing from a hand
            limit = min(roughest * sigma, tremor * abs(level - believed))
            if len(seen) == bins and swing.trend <= limit and swing.rough <= limit:
                return level
        return believed

    def _two_steps(self, column: int, visited: float) -> list[Event]:
        """The way to a level and back; nothing where a neighbour moved enough to bend the plate so far."""
        times, values = self._history.column(column, int(self._since[column]))
        level, noise = float(self._level[column]), 2 * float(self._sigma()[column])
        there = np.flatnonzero(np.abs(values - visited) <= max(noise, NEAR_PART * abs(visited - level)))
        if not len(there) or self._was_bent(column, visited - level):
            return []
        turn = int(there[len(there) // 2])
        events = []
        for first, second, start, stop in ((level, visited, 0, turn + 1), (visited, level, turn, len(values))):
            began, ended = find_change(values[start:stop], first, second, noise)
            change = _Change(
                column=column,
                grams=second - first,
                began_ns=int(times[start + began]) + BIN_NS // 2,
                ended_ns=int(times[start + ended]) + BIN_NS // 2,
            )
            events.append(self._event(change))
        self._since[column] = self._history.length - 1
        earlier = msgspec.structs.replace(
            events[0],
            captured_ns=events[0].captured_ns - BIN_NS,
            level_mg=events[0].level_mg + events[0].delta_mg,
        )
        return [earlier, events[1]]

    def _was_bent(self, column: int, grams: float) -> bool:
        seen = self._history.last(self._set.hold_bins + LONGEST_VISIT_BINS)
        others = self._neighbours(column, range(len(self._level)))
        reach = [np.nanmax(np.abs(seen[:, other] - self._level[other]), initial=0.0) for other in others]
        return any(abs(grams) <= self._set.cross_talk * far for far in reach)

    def _limits(self) -> _Limits:
        sigma = self._sigma()
        step = np.maximum(self._set.min_step_g, self._set.step_sigma * sigma / np.sqrt(self._set.quiet_bins))
        return _Limits(step=step, trend=np.maximum(2 * sigma, step / 4), rough=np.maximum(2 * sigma, step / 2))

    def _follow(self, calm: np.ndarray, now: Floats) -> list[Event]:
        """Drift moves a quiet level slowly; a level that was read while the plate swung is put right at once."""
        for column in np.flatnonzero(calm & (self._doubt > 0)).tolist():
            self._keep_back(column, now[column] - self._level[column])
            self._level[column] = now[column]
            self._doubt[column] = 0.0
        self._level[calm] += np.clip(now[calm] - self._level[calm], -FOLLOW_G, FOLLOW_G)
        return self._report(calm & (self._steady_due <= self._history.end_ns()))

    def _baseline(self, columns: np.ndarray, now: Floats) -> list[Event]:
        """First level after a start or a gap: reported as a level, never as a step."""
        self._level[columns] = now[columns]
        self._since[columns] = self._history.length
        return self._report(columns)

    def _report(self, columns: np.ndarray) -> list[Event]:
        at_ns = self._history.end_ns()
        self._steady_due[columns] = at_ns + self._set.steady_ns
        noise = self._sigma()
        return [
            PlateSteady(
                captured_ns=at_ns,
                source=self._source,
                plate=self._binner.plates[column],
                level_mg=self._said_mg(column),
                noise_mg=_mg(noise[column]),
            )
            for column in np.flatnonzero(columns).tolist()
        ]

    def _step(self, ready: np.ndarray, moved: np.ndarray, now: Floats, delta: Floats, last: bool) -> list[Event]:
        """Largest first, so that a bent neighbour finds its cause. A small one waits while a neighbour moves."""
        events: list[Event] = []
        self._waiting[~ready] = 0
        for column in sorted(np.flatnonzero(ready).tolist(), key=lambda c: -abs(delta[c])):
            if not last and self._neighbour_moves(column, moved & ~ready, delta):
                self._waiting[column] += 1
                continue
            change = self._when(column, now[column])
            bent = self._is_bending(change)
            self._level[column] = now[column]
            self._since[column] = self._history.length - 1
            self._waiting[column] = 0
            self._visits.pop(column, None)
            self._left[column] = False
            self._steady_due[column] = min(self._steady_due[column], self._history.end_ns() + AGAIN_NS)
            if bent:
                self._keep_back(column, change.grams)
            else:
                self._recent.append(change)
                events.append(self._event(change))
        return events

    def _keep_back(self, column: int, grams: float) -> None:
        plate = self._binner.plates[column]
        self._unsaid[plate] = self._unsaid.get(plate, 0.0) + float(grams)

    def _said_mg(self, column: int) -> int:
        return _mg(self._level[column] - self._unsaid.get(self._binner.plates[column], 0.0))

    def _neighbour_moves(self, column: int, moving: np.ndarray, delta: Floats) -> bool:
        if self._waiting[column] >= BEND_WAIT_BINS:
            return False
        large = self._history.last(self._set.hold_bins)
        for other in self._neighbours(column, np.flatnonzero(moving).tolist()):
            reach = np.nanmax(np.abs(large[:, other] - self._level[other]))
            if abs(delta[column]) <= self._set.cross_talk * reach:
                return True
        return False

    def _neighbours(self, column: int, others: Iterable[int]) -> list[int]:
        shelf, index = self._shelf[column], self._index[column]
        return [c for c in others if self._shelf[c] == shelf and 0 < abs(self._index[c] - index) <= BEND_REACH]

    def _is_bending(self, change: _Change) -> bool:
        oldest = self._history.start_ns()
        self._recent = [cause for cause in self._recent if cause.ended_ns >= oldest]
        near = self._neighbours(change.column, [cause.column for cause in self._recent])
        return any(
            cause.column in near
            and abs(change.grams) <= self._set.cross_talk * abs(cause.grams)
            and change.began_ns <= cause.ended_ns + BEND_APART_NS
            and cause.began_ns <= change.ended_ns + BEND_APART_NS
            for cause in self._recent
        )

    def _when(self, column: int, now: float) -> _Change:
        times, values = self._history.column(column, int(self._since[column]))
        level = float(self._level[column])
        began, ended = find_change(values, level, now, 2 * float(self._sigma()[column]))
        half = BIN_NS // 2
        return _Change(
            column=column,
            grams=float(now - level),
            began_ns=int(times[began]) + half,
            ended_ns=int(times[ended]) + half,
            rest=self._stood_still(column, float(now)),
        )

    def _stood_still(self, column: int, now: float) -> Rest | None:
        times, values = self._history.column(column, int(self._since[column]))
        level, sigma = float(self._level[column]), float(self._sigma()[column])
        found = rest_between(values, level, now, sigma, 2 * float(self._limits().step[column]))
        if found is None or self._was_bent(column, found.level - level):
            return None
        came = find_change(values[: found.last + 1], level, found.level, 2 * sigma)
        went = find_change(values[found.first :], found.level, now, 2 * sigma)
        at_ns = times + BIN_NS // 2
        return Rest(
            delta_mg=_mg(found.level - level),
            came_ns=(int(at_ns[came[0]]), int(at_ns[came[1]])),
            went_ns=(int(at_ns[found.first + went[0]]), int(at_ns[found.first + went[1]])),
        )

    def _event(self, change: _Change) -> WeightStep:
        return WeightStep(
            captured_ns=self._history.end_ns(),
            source=self._source,
            plate=self._binner.plates[change.column],
            delta_mg=_mg(change.grams),
            level_mg=self._said_mg(change.column),
            began_ns=change.began_ns,
            ended_ns=change.ended_ns,
            noise_mg=_mg(self._sigma()[change.column]),
            rest=change.rest,
        )


def _swing(window: Floats) -> _Swing:
    half = max(1, len(window) // 2)
    trend = np.abs(window[-half:].mean(axis=0) - window[:half].mean(axis=0))
    return _Swing(trend, window.std(axis=0))


def _mg(grams: float) -> int:
    return round(float(grams) * 1000)
