"""Two witnesses for somebody who is only half in the picture: a network that is unsure, and a background that changed.

A head and shoulders at the picture's edge score far below a whole body, so an entry would be told late.
Must not: find anybody whom the network does not see at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vision.bodies import Body
from vision.boxes import Box, covered
from vision.foreground import Foreground
from vision.tracker import CLEAR_SCORE

STANDS_OUT_SHARE = 0.4  # a whole body fills 0.4 to 0.65 of its box
ELSEWHERE_SHARE = 0.3  # nearer to a body that is known than this, it is a part of that body
WEAK_SCORE = 0.15  # below this one witness alone counts for nothing


def with_second_witness(bodies: Sequence[Body], known: Iterable[Box], foreground: Foreground) -> list[Body]:
    """Bodies that count: those the network is sure enough of, and weak ones that stand out where nobody is known."""
    places = [*known, *(body.box_px for body in bodies if body.score >= CLEAR_SCORE)]
    found = []
    for body in sorted(bodies, key=lambda item: -item.score):
        fresh = body.score < CLEAR_SCORE and all(covered(body.box_px, place) < ELSEWHERE_SHARE for place in places)
        if fresh and foreground.learned and foreground.share(body.box_px) >= STANDS_OUT_SHARE:
            places.append(body.box_px)
            found.append(replace(body, score=CLEAR_SCORE))
        elif body.score >= WEAK_SCORE:
            found.append(body)
    return found
