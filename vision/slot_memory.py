"""One slot's memory: how it looked, what hid it since, and when a difference is believed.

Must not: look at a whole picture, or know of other slots.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.core.events import Event, ShelfChanged, ShelfReached
from vision.descriptors import Look, blend, describe, distance
from vision.glimpses import GLIMPSE_NS, Glimpse, State, Step, steps_between
from vision.places import SlotShape
from vision.planes import Mask, Planes
from vision.signs import leaning, shifted

REACH_GAP_NS = 500_000_000
LEAST_REACH_NS = 150_000_000
LONGEST_REACH_NS = 5_000_000_000
REFRESH_NS = 2_000_000_000
HISTORY_WEIGHT = 5.0
PRIOR_TAKE = 0.8  # from a stocked slot a take is likelier than an item put in front
CROWDED_SHARE = 0.002
CROWDED_FACTOR = 1.2
SHADED_FACTOR = 1.3
CHANGED_SHARE, HARDLY_FACTOR = 0.08, 1.3  # of a slot: what comes or goes mostly changes more pixels than that
TOUCHED_FACTOR = 1.1  # but not all that a hand takes or puts in a row of packs of one colour
CLEAR_SLOPE = 5.0
SIGN_SLOPE, SIGN_DOUBT = 1.3, 0.8  # an item put before another one scores about 1, a clear take or put 4 and more
FLUTTER = 0.3  # of the threshold
BRISK, CLEAR_FACTOR = 0.34, 1.4  # a very clear change needs a third of the waits: the next hand may come soon
ALIKE = 0.35  # of the threshold: two looks are the same
FLUSH_TRUST = 0.7
KEPT_LAYERS = 4
KEPT_PAST = 3  # pictures besides the first


@dataclass(frozen=True)
class SlotRules:
    """Thresholds and waits of all slots of a camera."""

    threshold: float
    light_threshold: float
    stable_ns: int
    confirm_ns: int


@dataclass(frozen=True)
class Sight:
    """What the scene says of one slot at one moment; `planes` and `close` cover the slot and its margin.

    `touched`: something moves or stands there; `hidden`: it stands there, so that it is no flutter of the picture.
    `shaded`: a shadow lies on it; `changed`: the part that differs from before by more than a shadow.
    `alone`: no body and no movement within a slot's size around it.
    `foreign(began_ns, ended_ns)`: what changed since then is a part of a neighbour's change.
    """

    at_ns: int
    touched: bool
    hidden: bool
    reached: bool
    crowded: float
    alone: bool
    shaded: bool
    changed: float
    offset: NDArray[np.float32]
    planes: Planes
    close: Mask
    layer: tuple[int, ...]
    foreign: Callable[[int, int], bool]


@dataclass(frozen=True)
class Judgement:
    """Events of one picture; `settled` = the slot's present look is its own look from now on; `glimpsed` = it may be
    the look between two changes."""

    events: tuple[Event, ...] = ()
    settled: bool = False
    glimpsed: bool = False


@dataclass
class _Quiet:
    """Mean patch over a quiet time."""

    began_ns: int
    patch: NDArray[np.float32]
    pictures: int = 1

    def add(self, patch: NDArray[np.float32]) -> None:
        self.pictures = min(self.pictures + 1, 12)
        self.patch = self.patch + (patch - self.patch) / np.float32(self.pictures)


@dataclass
class SlotMemory:
    """State of one slot. Feed it every picture in order."""

    camera: str
    slot: SlotShape
    rules: SlotRules
    count: int = field(init=False)
    _known: dict[tuple[int, ...], State] = field(default_factory=dict)
    _by_count: dict[int, Look] = field(default_factory=dict)
    _past: list[Planes] = field(default_factory=list)
    _quiet: _Quiet | None = None
    _glimpse: Glimpse | None = None
    _earlier: Glimpse | None = None
    _touched_ns: tuple[int, int] | None = None
    _differs_ns: int | None = None
    _reach_ns: tuple[int, int] | None = None
    _refreshed_ns: int = 0
    _last: Sight | None = None

    def __post_init__(self) -> None:
        self.count = self.slot.count

    @property
    def reached(self) -> bool:
        """Whether something is before the slot, or was a moment ago."""
        return self._reach_ns is not None

    def learn_empty(self, patch: NDArray[np.float32]) -> None:
        """Show the slot without any item, as it was at commissioning."""
        self._by_count[0] = describe(patch, np.zeros(3, np.float32))

    def hidden(self, since_ns: int) -> None:
        """The stream had a hole that began at `since_ns`: anything may have happened."""
        self._touch(since_ns)

    def see(self, patch: NDArray[np.float32], sight: Sight) -> Judgement:
        """Take in one moment of the slot."""
        self._last = sight
        events = self._follow_reach(sight)
        if sight.touched and (sight.hidden or not self._flutters(patch)):
            self._touch(sight.at_ns)
            return Judgement(tuple(events))
        if self._quiet is None:
            self._quiet = _Quiet(sight.at_ns, patch)
        else:
            self._quiet.add(patch)
        glimpsed = self._glance(sight)
        if sight.at_ns - self._quiet.began_ns < self.rules.stable_ns * (BRISK if self._plain_to_see(sight) else 1):
            return Judgement(tuple(events), glimpsed=glimpsed)
        change, settled = self._judge(sight)
        return Judgement((*events, *change), settled, glimpsed)

    def flush(self, at_ns: int) -> list[Event]:
        """End of the stream: what was seen but not yet confirmed or closed."""
        events: list[Event] = []
        if self._differs_ns is not None and self._last is not None and self._quiet is not None:
            look = describe(self._quiet.patch, self._last.offset)
            known = self._known.get(self._last.layer)
            if known is not None and distance(known.look, look) >= self.rules.threshold:
                events += self._changed(self._last, known, look, FLUSH_TRUST)
        if self._reach_ns is not None:
            events += self._close_reach(at_ns)
        return events

    def _flutters(self, patch: NDArray[np.float32]) -> bool:
        """Whether the slot looks as in the quiet time before: a key frame of the video moves every edge a little."""
        if self._quiet is None:
            return False
        still = np.zeros(3, np.float32)
        return distance(describe(self._quiet.patch, still), describe(patch, still)) < FLUTTER * self.rules.threshold

    def _touch(self, at_ns: int) -> None:
        self._quiet, self._differs_ns = None, None
        self._touched_ns = (min(at_ns, self._touched_ns[0]) if self._touched_ns else at_ns, at_ns)

    def _judge(self, sight: Sight) -> tuple[Sequence[Event], bool]:
        assert self._quiet is not None
        known = self._known.get(sight.layer)
        if known is not None and self._touched_ns is None and sight.at_ns - self._refreshed_ns < REFRESH_NS:
            return (), False
        look = describe(self._quiet.patch, sight.offset)
        if known is None:
            self._remember(sight, look)
            self._by_count.setdefault(self.count, look)
            return (), True
        apart = distance(known.look, look)
        if apart < self._limit(sight):
            return self._same(sight, known, look, apart)
        if self._differs_ns is None:
            self._differs_ns = sight.at_ns
            self._quiet = _Quiet(self._quiet.began_ns, self._quiet.patch)
            return (), False
        brisk = apart >= CLEAR_FACTOR * self._limit(sight) and self._plain_to_see(sight)
        if not brisk and sight.at_ns - self._quiet.began_ns < self.rules.stable_ns:
            self._differs_ns = None
            return (), False
        if sight.at_ns - self._differs_ns < self.rules.confirm_ns * (BRISK if brisk else 1):
            return (), False
        return self._changed(sight, known, look, 1.0), True

    def _glance(self, sight: Sight) -> bool:
        """Keep a look that is clearly another one and stands still, in case a hand comes before it can be judged."""
        assert self._quiet is not None
        known = self._known.get(sight.layer)
        if known is None or not self._plain_to_see(sight) or sight.at_ns - self._quiet.began_ns < GLIMPSE_NS:
            return False
        look = describe(self._quiet.patch, sight.offset)
        if distance(known.look, look) < CLEAR_FACTOR * self._limit(sight):
            return False
        began_ns = self._touched_ns[0] if self._touched_ns else self._quiet.began_ns
        if sight.foreign(began_ns, sight.at_ns) or shifted(known.planes, sight.planes, sight.close):
            return False
        if self._glimpse is not None and self._glimpse.seen_ns < self._quiet.began_ns:
            self._earlier = self._glimpse  # a hand came since then
        state = State(look, sight.planes.copy())
        self._glimpse = Glimpse(state, began_ns, self._quiet.began_ns, sight.at_ns, sight.layer, sight.alone)
        return True

    def _glimpsed(self, sight: Sight) -> Glimpse | None:
        """What was glimpsed before the last hand came; it is asked for once."""
        kept, self._glimpse, self._earlier = (self._glimpse, self._earlier), None, None
        began_ns = sight.at_ns if self._quiet is None else self._quiet.began_ns
        before = [one for one in kept if one is not None and one.seen_ns < began_ns and one.layer == sight.layer]
        return before[0] if before else None

    def _plain_to_see(self, sight: Sight) -> bool:
        """Nothing near the slot hides, shades or stirs it, and something has changed there."""
        return sight.crowded == 0 and not sight.shaded and not sight.touched and sight.changed >= CHANGED_SHARE

    def _limit(self, sight: Sight) -> float:
        """How far two looks must be apart: shade, a body near by and hardly a changed pixel ask for more."""
        factor = CROWDED_FACTOR if sight.crowded > CROWDED_SHARE else 1.0
        if sight.shaded:
            factor = SHADED_FACTOR
        if sight.changed < CHANGED_SHARE:
            factor = max(factor, HARDLY_FACTOR if self._touched_ns is None else TOUCHED_FACTOR)
        return min(1.0, self.rules.threshold * factor)

    def _same(self, sight: Sight, known: State, look: Look, apart: float) -> tuple[Sequence[Event], bool]:
        self._differs_ns = None
        settled, ended_ns = self._touched_ns is not None, (self._touched_ns or (0, sight.at_ns))[1]
        self._touched_ns = None
        glimpse = self._glimpsed(sight)
        if glimpse is not None and not glimpse.alone:  # the part of an arm that rests before a slot comes and goes too
            glimpse = None
        steps = steps_between(known, glimpse, State(look, sight.planes), (0, ended_ns))
        if apart < ALIKE * self.rules.threshold:
            known.look = blend(known.look, look, 0.2)
        self._refreshed_ns = sight.at_ns
        return [self._told(sight, step, self._past, 1.0) for step in steps if len(steps) > 1], settled

    def _changed(self, sight: Sight, known: State, look: Look, trust: float) -> list[Event]:
        began_ns, ended_ns = self._touched_ns or (sight.at_ns - self.rules.stable_ns, sight.at_ns)
        before, past, glimpse = State(known.look, known.planes), self._past, self._glimpsed(sight)
        self._remember(sight, look)
        self._touched_ns, self._differs_ns, self._refreshed_ns = None, None, sight.at_ns
        if sight.foreign(began_ns, ended_ns):
            return []
        steps = steps_between(before, glimpse, State(look, sight.planes), (began_ns, ended_ns))
        if len({self._sign(step, past, sight.close)[0] > 0 for step in steps}) < len(steps):
            steps = steps_between(
                before, None, State(look, sight.planes), (began_ns, ended_ns)
            )  # light made two of one
        far = [step for step in steps if not shifted(step.before.planes, step.after.planes, sight.close)]
        return [self._told(sight, step, past, trust) for step in far]

    def _told(self, sight: Sight, step: Step, past: Sequence[Planes], trust: float) -> Event:
        """The event of a change from one look to another."""
        score, target = self._sign(step, past, sight.close)
        change: Literal["take", "put"] = "take" if score > 0 else "put"
        quantity = abs(target - self.count) if target is not None else 1
        self.count = max(0, self.count + (quantity if change == "put" else -quantity))
        self._by_count[self.count] = step.after.look
        return ShelfChanged(
            captured_ns=sight.at_ns,
            source=self.camera,
            camera=self.camera,
            slot=self.slot.id,
            change=change,
            began_ns=step.began_ns,
            ended_ns=step.ended_ns,
            quantity=max(1, quantity),
            confidence_ppm=_confidence_ppm(
                distance(step.before.look, step.after.look) / self.rules.threshold, score, trust
            ),
        )

    def _sign(self, step: Step, past: Sequence[Planes], close: Mask) -> tuple[float, int | None]:
        """Score (above 0 = take) and the count whose look this is, if one is known; `past`: how it looked before."""
        before, after, old, new = step.before.planes, step.after.planes, step.before.look, step.after.look
        delta = np.abs(after - before).max(axis=2)
        full = self.count >= self.slot.count
        score = leaning(before, after, (delta > self.rules.light_threshold) & close, past, full)
        score += PRIOR_TAKE if self.count > 0 else -PRIOR_TAKE
        apart = distance(old, new)
        target, nearest = None, ALIKE * self.rules.threshold
        for count, look in self._by_count.items():
            gap = distance(look, new)
            if count == self.count:
                continue
            closeness = max(0.0, 1 - gap / max(apart, 1e-6))
            score += HISTORY_WEIGHT * closeness * (1 if count < self.count else -1)
            if gap < nearest:
                target, nearest = count, gap
        if self.count == 0:
            score = min(score, -0.2)
        if target is not None and (target < self.count) != (score > 0):
            target = None
        return score, target

    def _remember(self, sight: Sight, look: Look) -> None:
        self._known[sight.layer] = State(look, sight.planes.copy())
        self._past = [*self._past[:1], *self._past[1:][-KEPT_PAST:], self._known[sight.layer].planes]
        while len(self._known) > KEPT_LAYERS:
            del self._known[next(iter(self._known))]

    def _follow_reach(self, sight: Sight) -> list[Event]:
        if sight.reached:
            began_ns = self._reach_ns[0] if self._reach_ns else sight.at_ns
            self._reach_ns = (began_ns, sight.at_ns)
        if self._reach_ns is None:
            return []
        began_ns, ended_ns = self._reach_ns
        if sight.at_ns - ended_ns >= REACH_GAP_NS or ended_ns - began_ns >= LONGEST_REACH_NS:
            return self._close_reach(sight.at_ns)
        return []

    def _close_reach(self, at_ns: int) -> list[Event]:
        assert self._reach_ns is not None
        began_ns, ended_ns = self._reach_ns
        self._reach_ns = None
        if ended_ns - began_ns < LEAST_REACH_NS:
            return []
        return [
            ShelfReached(
                captured_ns=at_ns,
                source=self.camera,
                camera=self.camera,
                slot=self.slot.id,
                began_ns=began_ns,
                ended_ns=ended_ns,
            )
        ]


def _confidence_ppm(excess: float, score: float, trust: float) -> int:
    """Confidence in thousandths, as ppm: how clear the difference is, times how clear its sign is."""
    clear = 1 - 0.4 * math.exp(-CLEAR_SLOPE * max(0.0, excess - 1))
    signed = max(0.5, 1 / (1 + math.exp(-SIGN_SLOPE * (abs(score) - SIGN_DOUBT))))
    return max(1, min(999, round(1000 * trust * clear * signed))) * 1000
