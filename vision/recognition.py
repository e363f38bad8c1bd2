"""Who is who after people hid one another: a track in doubt is compared with the looks of those it can be.

In doubt is who is new, who was missed for a moment and who stood behind or before somebody. Once they are seen freely
again they keep their name, get back the one they had, exchange names with somebody, or become somebody new.
Must not: look at a picture itself, or compare people of different cameras.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from vision.boxes import Box, covered, middle
from vision.identity import Identity
from vision.looks import FrameLooks, LookRules
from vision.tracker import Track

MEMORY_S = 10.0  # somebody who was out of sight for longer is somebody new
HIDDEN_SHARE = 0.3
FREE_SHARE = 0.15  # less of the box than this is somebody else's too: its look can be trusted
MISSED_S = 0.25
OWN_BONUS = 0.04
MARGIN = 0.06
VOTES = 1
WAIT_S = 0.5  # somebody new is shown after this, whoever it is
LOOK_EVERY_S = 3.0
LOOK_SOON_S = 0.5  # until there are a few
FEW_LOOKS = 4
REACH_HEIGHTS = 1.5
WALK_HEIGHTS_S = 1.2
CUT_ASPECT = 0.3  # a body cut by the picture's edge to less than this of its height says little


class Recognition:
    """The identities of one camera. Feed it the tracks of every picture in order."""

    def __init__(self, new_name: Callable[[float], str]) -> None:
        self._new_name = new_name
        self._lost: list[Identity] = []
        self._held: dict[Track, Identity] = {}

    def see(self, tracks: Sequence[Track], at_s: float, looks: FrameLooks, width_px: int) -> set[str]:
        """Settle who is who. Gives the names that went from one visible body to another in this picture."""
        self._remember_lost(tracks, at_s)
        shown = [track for track in tracks if track.confirmed]
        corrected: set[str] = set()
        for track in tracks:
            if track.last_s != at_s:
                continue
            hidden = max((covered(track.box, other.box) for other in shown if other is not track), default=0.0)
            if hidden > HIDDEN_SHARE or (track in self._held and at_s - self._held[track].last_s > MISSED_S):
                track.doubtful, track.votes = True, []
            track.who.box, track.who.last_s = track.box, at_s
            if hidden <= FREE_SHARE and at_s >= track.look_s and not _cut(track.box, width_px):
                corrected |= self._look(track, shown, at_s, looks)
            track.named |= track.confirmed and (not track.doubtful or at_s - track.first_s >= WAIT_S)
        self._held = {track: track.who for track in tracks}
        return corrected

    def _remember_lost(self, tracks: Sequence[Track], at_s: float) -> None:
        kept = set(tracks)
        self._lost += [who for track, who in self._held.items() if track not in kept and track.named and who.looks]
        self._lost = [who for who in self._lost if at_s - who.last_s <= MEMORY_S]

    def _look(self, track: Track, shown: Sequence[Track], at_s: float, looks: FrameLooks) -> set[str]:
        if not track.doubtful:
            track.who.learn(looks.of(track.box))  # nobody else can have come into it: poses change
            track.look_s = at_s + (LOOK_SOON_S if len(track.who.looks) < FEW_LOOKS else LOOK_EVERY_S)
            return set()
        others = self._candidates(track, shown, at_s)
        if not track.confirmed and (not others or len(track.votes) >= VOTES):
            return set()
        track.votes.append(looks.of(track.box))
        if not track.confirmed or len(track.votes) < VOTES:
            return set()
        return self._decide(track, others, at_s, looks.rules)

    def _candidates(self, track: Track, shown: Sequence[Track], at_s: float) -> list[tuple[Identity, Track | None]]:
        """Whom the body can be besides its own name: those lost near by, and those in doubt beside it."""
        high = track.box[3] - track.box[1]
        found: list[tuple[Identity, Track | None]] = [
            (who, None)
            for who in self._lost
            if _distance(track.box, who.box) <= high * (REACH_HEIGHTS + WALK_HEIGHTS_S * (at_s - who.last_s))
        ]
        for other in shown:
            open_to_change = other is not track and (other.doubtful or other.last_s != at_s) and other.who.looks
            if open_to_change and _distance(track.box, other.box) <= 2 * REACH_HEIGHTS * high:
                found.append((other.who, other))
        return found

    def _decide(
        self, track: Track, others: Sequence[tuple[Identity, Track | None]], at_s: float, rules: LookRules
    ) -> set[str]:
        own = track.who.mean_likeness(track.votes)
        rated = [(who.mean_likeness(track.votes) or 0.0, number) for number, (who, _) in enumerate(others)]
        best, number = max(rated, default=(0.0, -1))
        who, holder = others[number] if rated else (track.who, None)
        corrected: set[str] = set()
        enough = rules.again if holder is None else rules.same
        if best >= enough and (own is None or best - own - OWN_BONUS >= MARGIN):
            if holder is not None:
                holder.who, holder.doubtful, holder.votes = track.who, True, []
                corrected = {who.name, track.who.name} if track.named else set()
            else:
                self._lost.remove(who)
                if track.named and track.who.looks:
                    self._lost.append(track.who)
            track.who = who
        elif own is not None and own < rules.other:
            if len(track.votes) <= VOTES:
                return set()
            self._lost.append(track.who)
            track.who = Identity(self._new_name(at_s), track.box, at_s)
        track.who.box, track.who.last_s = track.box, at_s
        track.who.learn(*track.votes)
        track.doubtful, track.votes, track.look_s = False, [], at_s + LOOK_SOON_S
        return corrected


def _cut(box: Box, width_px: int) -> bool:
    at_edge = box[0] < 3 or box[2] > width_px - 3
    return at_edge and box[2] - box[0] < CUT_ASPECT * (box[3] - box[1])


def _distance(first: Box, second: Box) -> float:
    (x0, y0), (x1, y1) = middle(first), middle(second)
    return math.hypot(x1 - x0, y1 - y0)
