"""Everybody in one camera's pictures, under names that stay theirs: finder, tracker and recognition together.

Must not: make events, or know what the shop looks like.
"""

from __future__ import annotations

from typing import NamedTuple

from vision.blobs import BlobFinder
from vision.bodies import Body, PeopleFinder
from vision.boxes import Box
from vision.foreground import Foreground
from vision.looks import FrameLooks, Look, LookMaker
from vision.newcomers import with_second_witness
from vision.planes import Picture
from vision.recognition import Recognition
from vision.tracker import Track, Tracker


class Followed(NamedTuple):
    """One body in one picture. `corrected`: the name was another body's before. `look` is given when it is new."""

    name: str
    box: Box
    corrected: bool = False
    look: Look | None = None


class Follower:
    """People of one camera. Feed it every picture in order."""

    def __init__(self, prefix: str, finder: PeopleFinder, looks: LookMaker) -> None:
        self.finder, self.looks = finder, looks
        self._tracker = Tracker(prefix)
        self._recognition = Recognition(self._tracker.new_name)
        # learned from the first picture on, while nobody is there: whoever comes first is told as early as all others
        self._foreground = None if isinstance(finder, BlobFinder) else Foreground()

    def see(self, picture: Picture, at_s: float) -> list[Followed]:
        """Everybody visible now, in the order in which they came."""
        bodies = self._with_second_witness(picture, self.finder.find(picture, at_s))
        if self.looks.rules is None:
            return [Followed(track.who.name, track.box) for track in self._tracker.see(bodies, at_s)]
        looks = FrameLooks(lambda boxes: self.looks.looks(picture, boxes), self.looks.rules)
        shown = self._tracker.see(bodies, at_s, looks)
        corrected = self._recognition.see(self._tracker.tracks, at_s, looks, picture.shape[1])
        return [_followed(track, corrected) for track in shown if track.named]

    def _with_second_witness(self, picture: Picture, bodies: list[Body]) -> list[Body]:
        if self._foreground is None:
            return bodies  # blobs are never unsure: no second background for them
        self._foreground.see(picture)
        known = [track.box for track in self._tracker.tracks if track.confirmed]
        return with_second_witness(bodies, known, self._foreground)

    def describe(self) -> str:
        """What is used, for people."""
        return f"{self.finder.describe()}; {self.looks.describe()}"

    @property
    def problem(self) -> str:
        """Which weights could not be used, if any."""
        return "; ".join(text for text in (self.finder.problem, self.looks.problem) if text)


def _followed(track: Track, corrected: set[str]) -> Followed:
    who = track.who
    look = who.looks[-1] if who.fresh and who.looks else None
    who.fresh = False
    return Followed(who.name, track.box, who.name in corrected, look)
