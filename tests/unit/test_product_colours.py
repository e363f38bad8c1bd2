"""Small packs are told by their colours, where the slot's own stock has the colours of its product."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.drawn_packs import pack
from vision.places import SlotShape, box
from vision.planes import Picture, log_planes
from vision.products.catalogue import COLOURS, Catalogue
from vision.products.colour_witness import ColourWitness, other_than
from vision.products.colours import Colours, fit_colours
from vision.products.embedding import ColourTexture

SLOT = SlotShape("one", box(5, 5, 29, 41), sku="p1")
ALL_INSIDE = np.ones((36, 24), np.bool_)
NO_COSINES = dict.fromkeys(("p1", "p2", "p3", "p4"), 0.0)


def small(number: int) -> Picture:
    return np.asarray(cv2.resize(pack(number), (24, 36), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture(scope="module")
def colours() -> Colours:
    numbers = (1, 2, 3, 4)
    return fit_colours([pack(number) for number in numbers], [f"p{number}" for number in numbers])


def test_a_pack_of_a_few_pixels_has_the_colours_of_its_product(colours: Colours) -> None:
    for number in (1, 2, 3, 4):
        scores = colours.scores(log_planes(small(number)).reshape(-1, 3))
        assert colours.skus[int(scores.argmax())] == f"p{number}"


def test_a_strange_pack_is_named_and_the_slots_own_is_not(colours: Colours) -> None:
    witness = ColourWitness(colours)
    witness.settle(SLOT, small(1))
    strange, own = (witness.scores(SLOT, small(number), ALL_INSIDE, NO_COSINES) for number in (3, 1))
    assert strange is not None
    assert own is not None
    assert other_than("p1", "put", strange, []) == "p3"
    assert other_than("p1", "take", own, []) is None
    assert other_than("p1", "take", strange, ["p3"]) == "p3"


def test_colours_are_silent_where_the_own_stock_does_not_look_like_itself(colours: Colours) -> None:
    witness = ColourWitness(colours)
    witness.settle(SLOT, small(2))
    assert witness.scores(SLOT, small(3), ALL_INSIDE, NO_COSINES) is None


def test_a_catalogue_keeps_colours_and_goes_on_without(tmp_path: Path, colours: Colours) -> None:
    store = Catalogue(tmp_path)
    for number in (1, 2):
        store.add(f"p{number}", [pack(number)])
    store.fit(ColourTexture())
    kept = store.colours()
    assert kept is not None
    assert kept.skus == ("p1", "p2")
    (tmp_path / COLOURS).write_bytes(b"torn")
    assert store.colours() is None
    store.remove("p2")
    store.fit(ColourTexture())
    assert not (tmp_path / COLOURS).exists()
