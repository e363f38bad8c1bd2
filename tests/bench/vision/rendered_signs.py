"""`python -m tests.bench.vision.rendered_signs --shops 5 6`: take or put, for each change of a rendered slot?

Pictures alone decide: no counts, nothing learned in the slot. With --fit, weights of the cues are fitted as well, and
each shop is told with those of the others. Must not: change the shipped weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import ShelfVision
from tests.bench.vision.rendered_changes import Change, changes
from vision.places import Places
from vision.planes import Picture, Planes, log_planes, to_work_size
from vision.signs import LEAST_PIXELS, NEITHER, WEIGHTS, cues
from vision.slot_memory import PRIOR_TAKE

# How much each kind counts in the fit: people take more than they put back, and put back more than they misplace.
SHARES = {(True, False): 3.0, (False, False): 1.0, (False, True): 1.5, (True, True): 1.0}
ROUNDS, HOLD = 60, 1.0
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One change that can be seen in its slot."""

    shop: int
    change: Change
    cues: Numbers


def rows(shop: int) -> Iterator[Row]:
    """The changes of a shop; those that change hardly a pixel of their slot are left out."""
    for change in changes(shop):
        height, width = change.before.shape[:2]
        places = Places([change.slot], width, height)
        window, near = places.boxes[0], places.near[0][places.boxes[0]]
        before = _planes(change.before)
        past, after = (_levelled(_planes(picture), before)[window] for picture in (change.first, change.after))
        changed = (np.abs(after - before[window]).max(axis=2) > ShelfVision().occluder_threshold) & near
        if changed.sum() >= LEAST_PIXELS:
            yield Row(shop, change, cues(before[window], after, changed, [past]))


def _planes(picture: Picture) -> Planes:
    return np.asarray(cv2.blur(log_planes(to_work_size(picture)), (3, 3)), np.float32)


def _levelled(planes: Planes, like: Planes) -> Planes:
    """In the exposure and white balance of another picture."""
    return np.asarray(planes - np.median((planes - like).reshape(-1, 3)[::7], axis=0), np.float32)


def fitted(known: list[Row]) -> Numbers:
    """Constant and weights by logistic regression (Newton steps, ridge)."""
    kinds = [(row.change.take, row.change.strange) for row in known]
    share = np.array([SHARES[kind] / kinds.count(kind) for kind in kinds])
    share *= len(known) / share.sum()
    cues_of = np.array([[1.0, *row.cues] for row in known])
    takes = np.array([take for take, _ in kinds], np.float64)
    found, ridge = np.zeros(cues_of.shape[1]), HOLD * np.eye(cues_of.shape[1])
    ridge[0, 0] = 1e-3
    for _ in range(ROUNDS):
        likely = 1 / (1 + np.exp(-cues_of @ found))
        bend = (cues_of * (share * likely * (1 - likely))[:, None]).T @ cues_of + ridge
        found += np.linalg.solve(bend, cues_of.T @ (share * (takes - likely)) - ridge @ found)
    return found


def told(known: list[Row], constant: float, weights: Numbers) -> str:
    """Right ones of each kind, in words."""
    counts: dict[str, list[int]] = {}
    for row in known:
        right = (constant + row.cues @ weights > 0) == row.change.take
        count = counts.setdefault(row.change.kind, [0, 0])
        count[0] += right
        count[1] += 1
    return " | ".join(f"{kind} {right}/{count}" for kind, (right, count) in sorted(counts.items()))


def main() -> None:
    """Entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, nargs="+", required=True, help="planograms")
    parser.add_argument("--fit", action="store_true", help="fit the weights to these shops too; two or more")
    options = parser.parse_args()
    known = [row for shop in options.shops for row in rows(shop)]
    print(f"shipped weights | {told(known, NEITHER + PRIOR_TAKE, WEIGHTS)}")
    if options.fit:
        for shop in options.shops:
            found = fitted([row for row in known if row.shop != shop])
            print(
                f"shop {shop} by the others | {told([row for row in known if row.shop == shop], found[0], found[1:])}"
            )
        print("all", np.round(fitted(known), 2).tolist())


if __name__ == "__main__":
    main()
