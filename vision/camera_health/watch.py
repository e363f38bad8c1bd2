"""Watches one camera's eye: an alarm when something is wrong for some seconds, and its end.

Looks at a few pictures a second. A person who walks close to the lens, a flash, or the seam of a loop is over sooner
than an alarm needs. Must not: keep a picture on the disk, or say what should be done about the shop (the core does).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence, Set
from typing import Final, Literal

from edge.core.events import HealthChanged
from vision.camera_health.anchors import Shift
from vision.camera_health.faults import ORDER, Cause, black, blank, judge
from vision.camera_health.look import Look, measure
from vision.camera_health.reference import AGREES, LEARN_LOOKS, LEARN_NS, WELL_SHARE, Reference, goods_cells
from vision.camera_health.stillness import Stillness
from vision.planes import Picture

LOOK_NS: Final = 400_000_000
SHIFT_NS: Final = 800_000_000  # the search for anchors is the dearest part
HOLD_NS: Final = 6_000_000_000  # an alarm is due within 10 s; a person before the lens is rarely so long
CLEAR_NS: Final = 3_000_000_000
MOST, FEW = 0.85, 0.15
LEAST_LOOKS: Final = 5
GAP_NS: Final = 2_000_000_000

WORDS: Final[dict[Cause, str]] = {
    "dark": "too dark to see; switch the light on, or check the camera's exposure",
    "frozen": "shows one and the same picture; start the camera again",
    "covered": "nothing of its view is seen; uncover the lens",
    "moved": "looks somewhere else than before; turn it back, or draw its slots and lines anew and restart",
    "blurred": "out of focus; clean the lens, or focus it",
    "sprayed": "part of its view is hidden or hazy; clean the lens",
}


class Lasting:
    """The cause that held for most of the last seconds, until for some seconds hardly any does.

    One window for all causes: the borders between them are soft, and a picture that is hidden in part may look now
    hazy, now out of focus.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[int, Cause | None]] = deque()
        self.cause: Cause | None = None

    def see(self, at_ns: int, now: Cause | None) -> Cause | None:
        """Take in one moment."""
        self._seen.append((at_ns, now))
        while len(self._seen) > 1 and self._seen[1][0] <= at_ns - HOLD_NS:
            self._seen.popleft()
        wrong = [cause for _, cause in self._seen if cause is not None]
        if self.cause is not None:
            recent = [cause for when, cause in self._seen if when > at_ns - CLEAR_NS]
            if len(recent) >= 3 and sum(cause is not None for cause in recent) <= FEW * len(recent):
                self.cause = None
            elif wrong.count(ruling := _ruling(wrong)) >= MOST * len(self._seen):
                self.cause = ruling
        elif self._whole(at_ns) and len(wrong) >= MOST * len(self._seen):
            self.cause = _ruling(wrong)
        return self.cause

    def since_ns(self) -> int:
        """The first of the last moments at which something was wrong."""
        return next((when for when, cause in self._seen if cause is not None), self._seen[-1][0])

    def clear(self) -> None:
        """Forget the last seconds: the stream had a hole."""
        self._seen.clear()

    def _whole(self, at_ns: int) -> bool:
        return len(self._seen) >= LEAST_LOOKS and self._seen[0][0] <= at_ns - HOLD_NS + LOOK_NS


def _ruling(wrong: Sequence[Cause]) -> Cause:
    return max(ORDER, key=lambda cause: (wrong.count(cause), -ORDER.index(cause)))


class HealthWatch:
    """The eye of one camera, over the pictures it is shown in order."""

    def __init__(self, camera: str, goods_px: Sequence[Sequence[tuple[int, int]]] = ()) -> None:
        """`goods_px`: polygons in picture pixels in which goods come and go."""
        self._camera, self._goods_px = camera, goods_px
        self._looks: list[Look] = []
        self._reference: Reference | None = None
        self._lasting = Lasting()
        self._stillness = Stillness()
        self._shift: Shift | None = None
        self._shift_ns = -SHIFT_NS
        self._last_ns: int | None = None
        self._size = (0, 0)
        self.now: Set[Cause] = frozenset()  # what looks wrong at this moment
        self.found: Cause | None = None  # what was told

    def see(self, picture: Picture, captured_ns: int) -> list[HealthChanged]:
        """Look at one picture, uint8 [h, w, 3] BGR; times rise. Most pictures are passed over."""
        if self._last_ns is not None and captured_ns - self._last_ns < LOOK_NS:
            return []
        if self._last_ns is not None and captured_ns - self._last_ns > GAP_NS:
            self._lasting.clear()
        self._last_ns = captured_ns
        self._size = (picture.shape[1], picture.shape[0])
        look = measure(picture, captured_ns)
        if self._reference is not None and not self._reference.fits(look):
            self._begin_anew()
        told = self._learn(look) if self._reference is None else []
        learning = self._reference is None
        self.now = self._judge(look)
        if self.now:
            self._stillness.pause()  # an even or blurred picture may be encoded as still
        elif self._stillness.see(look, learning):
            self.now = {"frozen"}
        return [*told, *self._tell(captured_ns)]

    def describe(self) -> str:
        """What can be judged of this view, for people."""
        if self._reference is None:
            return "the view is being learned"
        cannot = [] if self._reference.anchors.enough else ["a movement"]
        cannot += [] if self._reference.judgeable else ["a haze"]
        if not cannot:
            return f"the view is learned ({len(self._reference.anchors)} fixed points)"
        return f"the view is learned; it has too little structure to notice {' or '.join(cannot)}"

    def _begin_anew(self) -> None:
        self._looks, self._reference = [], None
        self._stillness = Stillness()

    def _learn(self, look: Look) -> list[HealthChanged]:
        if black(look) or blank(look):
            self._looks.clear()
            return []
        self._looks.append(look)
        if len(self._looks) < LEARN_LOOKS or look.at_ns - self._looks[0].at_ns < LEARN_NS:
            return []
        self._reference = Reference(self._looks, goods_cells(self._goods_px, self._size, look.coarse.shape))
        self._looks.clear()
        return [self._event("ok", look.at_ns, "view", self.describe())]

    def _judge(self, look: Look) -> Set[Cause]:
        if self._reference is None:
            return {"dark"} if black(look) else ({"covered"} if blank(look) else set())
        if look.at_ns - self._shift_ns >= SHIFT_NS:
            self._follow_shift(look, self._reference)
        found = judge(look, self._reference, self._shift)
        if not found and self.found is None:
            self._reference.follow(look)
        return found

    def _follow_shift(self, look: Look, reference: Reference) -> None:
        """Too few anchors in view to say anything (people): what was known last holds while the view looks strange."""
        self._shift_ns = look.at_ns
        shift = reference.shift(look)
        if shift is not None or reference.share(reference.agrees(look) >= AGREES) >= WELL_SHARE:
            self._shift = shift

    def _tell(self, at_ns: int) -> list[HealthChanged]:
        now = next((cause for cause in ORDER if cause in self.now and cause != "frozen"), None)
        cause = self._lasting.see(at_ns, now)
        if "frozen" in self.now:
            cause = "frozen"  # stillness has waited already
        if cause == self.found:
            return []
        if self.found is not None:  # one at a time: another cause is told with the next look
            ended, self.found = self.found, None
            return [self._event("ok", at_ns, ended)]
        assert cause is not None
        self.found = cause
        return [self._event("degraded", at_ns, cause, WORDS[cause])]

    def _event(
        self, state: Literal["ok", "degraded"], at_ns: int, cause: Cause | Literal["view"], detail: str = ""
    ) -> HealthChanged:
        since_ns = at_ns
        if cause == "frozen":
            since_ns = self._stillness.since_ns or at_ns
        elif cause != "view":
            since_ns = self._lasting.since_ns()
        return HealthChanged(
            captured_ns=at_ns,
            source=self._camera,
            device=self._camera,
            state=state,
            cause=cause,
            detail=detail,
            since_ns=since_ns if state == "degraded" else 0,
        )
