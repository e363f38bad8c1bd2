"""Whether a camera shows one and the same picture, although its stream goes on.

A sensor's noise makes every picture another one; a stream that froze repeats itself. Encoders blur that line: a live
one may send nothing but "as before" between two key pictures, and a frozen one is encoded anew at each key picture.
Two signs are used. Exact: pictures of some seconds ago, over the last key picture, come again; a live stream never
shows that. Quick: hardly a pixel changes from look to look; that counts only for a stream that was livelier in its
first seconds, and only until it was once still and went on by itself. Must not: call a stream frozen that always was
still.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from vision.camera_health.look import Grey, Look

ROWS: Final = 3  # every third row is compared
BACK_NS: Final = (2_000_000_000, 6_000_000_000)
SPAN_NS: Final = 6_000_000_000
STEP_LEVELS: Final = 2  # a pixel that changed by more has changed
REPEATED: Final = 0.02  # of the pixels differ at all from one of the older pictures: measured 0.3 and more where live
STIRRED: Final = 0.01  # of the pixels changed since the last look: something moves (a looped clip is no frozen one)
QUIET: Final = 0.004  # the recorded clips never stay below 0.03 for so long
LIVELY: Final = 0.01
MOST: Final = 0.8
ALWAYS: Final = 0.2  # of the first pictures were repeated: this stream cannot be judged
LONGEST_LESSON_NS: Final = 20_000_000_000


@dataclass(frozen=True)
class _Moment:
    at_ns: int
    moved: float  # share of pixels
    repeated: bool


class Stillness:
    """One stream's repetitions. A still time that ended by itself is a lesson: the next must be twice as long."""

    def __init__(self) -> None:
        self._past: deque[tuple[int, Grey]] = deque()
        self._moments: deque[_Moment] = deque()
        self._first: list[_Moment] = []
        self._began_ns: int | None = None
        self._longest_ns = 0
        self._was_still = False

    @property
    def since_ns(self) -> int:
        """When the present still time began, as far as is known."""
        return max(1, (self._began_ns or 0) - SPAN_NS)

    def see(self, look: Look, learning: bool) -> bool:
        """Take in one moment; True when the picture was the same for too long."""
        moment = self._compare(np.ascontiguousarray(look.grey[::ROWS]), look.at_ns)
        self._moments.append(moment)
        while look.at_ns - self._moments[0].at_ns > SPAN_NS:
            self._moments.popleft()
        if learning:
            self._first.append(moment)
        return self._too_long(look.at_ns)

    def pause(self) -> None:
        """The picture is wrong in another way: what was seen so far is no still time, and teaches nothing."""
        self._past.clear()
        self._moments.clear()
        self._began_ns = None

    def _compare(self, rows: Grey, at_ns: int) -> _Moment:
        if self._past and self._past[-1][1].shape != rows.shape:
            self._past.clear()
        moved = _share(self._past[-1][1], rows, STEP_LEVELS) if self._past else 1.0
        repeated = moved < STIRRED and any(
            _share(old, rows, 0) < REPEATED for when, old in self._past if BACK_NS[0] <= at_ns - when <= BACK_NS[1]
        )
        self._past.append((at_ns, rows))
        while at_ns - self._past[0][0] > BACK_NS[1]:
            self._past.popleft()
        return _Moment(at_ns, moved, repeated)

    def _too_long(self, at_ns: int) -> bool:
        if not self._is_still(at_ns):
            if self._began_ns is not None:
                self._was_still = True
                if at_ns - self._began_ns <= LONGEST_LESSON_NS:
                    self._longest_ns = max(self._longest_ns, at_ns - self._began_ns)
            self._began_ns = None
            return False
        self._began_ns = at_ns if self._began_ns is None else self._began_ns
        return at_ns - self._began_ns >= 2 * self._longest_ns

    def _is_still(self, at_ns: int) -> bool:
        moments, first = self._moments, self._first
        if len(moments) < 5 or at_ns - moments[0].at_ns < MOST * SPAN_NS or not first:
            return False
        exact = sum(moment.repeated for moment in moments) >= MOST * len(moments)
        if exact and sum(moment.repeated for moment in first) <= ALWAYS * len(first):
            return True
        lively = not self._was_still and float(np.median([moment.moved for moment in first])) >= LIVELY
        return lively and sum(moment.moved < QUIET for moment in moments) >= MOST * len(moments)


def _share(one: Grey, other: Grey, levels: int) -> float:
    return float(np.count_nonzero(cv2.absdiff(one, other) > levels)) / one.size
