"""The plainest tracker there is, to compare with: the same boxes, joined by overlap with the last box alone.

After the IOU tracker (Bochinski, Eiselein, Sikora 2017), which lets nobody be hidden for longer than `KEEP_S`.
Must not: be used for anything but comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

from vision.bodies import Body
from vision.boxes import Box, overlap

LEAST_SCORE = 0.4
LEAST_OVERLAP = 0.3
LEAST_HITS = 3
KEEP_S = 0.5


class _Track:
    def __init__(self, name: str, box: Box, at_s: float) -> None:
        self.name, self.box, self.last_s, self.hits = name, box, at_s, 1


class BaselineTracker:
    """Tracks of one camera by overlap."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._number = 0

    def see(self, bodies: Sequence[Body], at_s: float) -> dict[str, Box]:
        """Name -> box of everybody seen in this picture whose track is long enough."""
        left = [body.box_px for body in bodies if body.score >= LEAST_SCORE]
        self._tracks = [track for track in self._tracks if at_s - track.last_s <= KEEP_S]
        pairs = [(overlap(track.box, box), number, box) for number, track in enumerate(self._tracks) for box in left]
        used: set[int] = set()
        for both, number, box in sorted(pairs, reverse=True):
            if both >= LEAST_OVERLAP and number not in used and box in left:
                used.add(number)
                left.remove(box)
                track = self._tracks[number]
                track.box, track.last_s, track.hits = box, at_s, track.hits + 1
        for box in left:
            self._number += 1
            self._tracks.append(_Track(f"baseline-{self._number}", box, at_s))
        return {track.name: track.box for track in self._tracks if track.hits >= LEAST_HITS and track.last_s == at_s}
