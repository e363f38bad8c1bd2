"""The bench of take or put: acts that a shelf allows, and weights that are fitted to what they are shown."""

from __future__ import annotations

import numpy as np

from tests.bench.vision.rendered_changes import STATES, Change, StockedSlot
from tests.bench.vision.rendered_signs import Row, fitted, told
from vision.places import SlotShape, box

SLOT = SlotShape("one", box(0, 0, 40, 40))
NOTHING = np.zeros((1, 1, 3), np.uint8)


def row(take: bool, strange: bool, *cues: float) -> Row:
    return Row(1, Change(take, strange, "cam", SLOT, NOTHING, NOTHING, NOTHING), np.array(cues))


def test_no_pack_is_taken_that_does_not_stand_there_and_none_comes_twice() -> None:
    for seed in range(20):
        slot, strangers = StockedSlot("f", [1, 2]), list(range(10, 30))
        there = {1, 2}
        for _ in range(STATES):
            pack, take, strange = slot.act(np.random.default_rng(seed), strangers)
            assert (pack in there) == take
            assert strange == (pack >= 10)
            there ^= {pack}


def test_the_fit_finds_the_cue_that_tells() -> None:
    rng = np.random.default_rng(3)
    known = [
        row(take, strange, (1 if take else -1) + rng.normal(0, 0.5), rng.normal())
        for take in (True, False)
        for strange in (True, False)
        for _ in range(30)
    ]
    found = fitted(known)
    assert found[1] > 5 * abs(found[2])
    assert "put of an own pack 30/30" in told([row(False, False, -2.0, 0.0)] * 30, found[0], found[1:])
