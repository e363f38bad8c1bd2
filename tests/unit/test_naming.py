"""What was taken from a slot or put into it gets a name where it is clear, and the watch goes on where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from edge.config import ShelfVision, parse
from edge.core.events import ShelfChanged
from tests.unit.drawn_packs import pack
from tests.unit.shelf_scenes import Act, Shelf
from vision.places import SlotShape, box
from vision.planes import Picture
from vision.products.catalogue import Catalogue, embed_views
from vision.products.classifier import Classifier, fit
from vision.products.embedding import ColourTexture
from vision.products.naming import SlotNamer, changed_part, open_namer
from vision.products.strangers import plain
from vision.slots import SlotWatch

FOREIGN = (0, 3)


def known(shelf: Shelf, *strangers: str) -> Classifier:
    """The packs of a drawn shelf, each enrolled with one picture, and under these names the one that is put there."""
    pictures = {f"pack-{row}-{column}": image for (row, column), image in shelf.packs.items()}
    pictures |= dict.fromkeys(strangers, shelf.stranger)
    rows = [embed_views(np.clip(image, 0, 255).astype(np.uint8), 6, ColourTexture()) for image in pictures.values()]
    owners = [sku for sku in pictures for _ in range(6)]
    return fit(np.concatenate(rows), owners, [number for number in range(len(pictures)) for _ in range(6)])


def told(shelf: Shelf, fitted: Classifier, min_share: float = 0.5) -> list[tuple[str, str, str | None]]:
    slots = shelf.slots()
    namer = SlotNamer(ColourTexture(), fitted, slots, min_share)
    watch = SlotWatch("cam", slots, ShelfVision(), namer=(namer, namer.describe()))
    events = [event for picture, at_ns in shelf.pictures(11) for event in watch.see(picture, at_ns)]
    return [(event.slot, event.change, event.sku) for event in events if isinstance(event, ShelfChanged)]


def shelf_with_a_foreign_put() -> Shelf:
    return Shelf(seed=9, acts=[Act(2.5, FOREIGN), Act(7.0, FOREIGN, "put", foreign=True)])


def test_a_take_and_a_foreign_put_are_named_by_what_is_seen() -> None:
    shelf = shelf_with_a_foreign_put()
    assert told(shelf, known(shelf, "stranger")) == [("0-3", "take", "pack-0-3"), ("0-3", "put", "stranger")]


def test_what_is_not_enrolled_or_not_clear_stays_without_a_name() -> None:
    shelf = shelf_with_a_foreign_put()
    assert told(shelf, known(shelf))[1] == ("0-3", "put", None)
    shelf = shelf_with_a_foreign_put()
    assert told(shelf, known(shelf, "twin-a", "twin-b"), min_share=0.8)[1] == ("0-3", "put", None)


def wary(*numbers: int) -> Classifier:
    """Packs so alike that nothing reaches the threshold of the catalogue."""
    rows = [embed_views(pack(number), 6, ColourTexture()) for number in numbers]
    owners = [f"p{number}" for number in numbers for _ in range(6)]
    found = fit(np.concatenate(rows), owners, [row for row in range(len(numbers)) for _ in range(6)])
    return replace(found, rule=plain(len(numbers), 1.1))


def test_below_the_threshold_a_pack_is_compared_with_that_of_its_slot() -> None:
    slot = SlotShape("one", box(10, 10, 130, 190), sku="p1")
    namer = SlotNamer(ColourTexture(), wary(1, 2, 3, 4), [slot], 0.8)
    empty, own, other = (np.full((200, 140, 3), 200, np.uint8) for _ in range(3))
    own[10:190, 10:130], other[10:190, 10:130] = pack(1), pack(2)

    def named(change: Literal["take", "put"], before: Picture, after: Picture) -> str | None:
        namer.settle(slot, before)
        event = ShelfChanged(
            captured_ns=1, source="c", camera="c", slot="one", change=change, began_ns=0, ended_ns=1,
        )  # fmt: skip
        return namer.name(slot, [event], after)[0].sku

    assert named("take", other, empty) is None  # nothing but the planogram's product is known to be there
    assert named("put", empty, own) is None
    assert named("put", empty, other) == "p2"
    assert named("take", other, empty) == "p2"
    assert named("take", other, empty) is None


def test_the_part_that_changed_is_found_in_other_light() -> None:
    before = np.full((120, 90, 3), 90, np.uint8)
    after = np.full((120, 90, 3), 120, np.uint8)
    after[40:100, 20:60] = pack(3, (40, 60))
    rows, columns = changed_part(before, after)
    assert (rows.start, rows.stop) == pytest.approx((40, 100), abs=8)
    assert (columns.start, columns.stop) == pytest.approx((20, 60), abs=8)
    assert changed_part(before, before + np.uint8(30)) == (slice(0, 120), slice(0, 90))


def shop(folder: Path | None) -> str:
    text = '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "c"\nrole = "shelf"\n'
    text += '[[product]]\nsku = "p"\nname = "p"\n'
    text += '[[slot]]\nid = "one"\ncamera = "c"\nsku = "p"\nbox_px = [10, 10, 80, 100]\n'
    return text if folder is None else f'{text}[products]\nfolder = "{folder}"\n'


def test_without_a_usable_catalogue_the_watch_goes_on_and_says_why(tmp_path: Path) -> None:
    slot = SlotShape("one", box(10, 10, 80, 100))
    assert open_namer(parse(shop(None)), [slot]) == (None, "")
    watch = SlotWatch.from_config(parse(shop(tmp_path)), "c")
    assert "products are not named" in watch.describe()
    assert "muin products fit" in watch.describe()
    assert watch.see(np.zeros((120, 160, 3), np.uint8), 0) == []


def test_a_fitted_catalogue_is_what_the_watch_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.products.naming.open_embedder", lambda models: ColourTexture())
    store = Catalogue(tmp_path)
    store.add("p", [pack(1)])
    store.add("q", [pack(2)])
    store.fit(ColourTexture())
    assert "names 2 products by colour and texture" in SlotWatch.from_config(parse(shop(tmp_path)), "c").describe()


def test_two_changes_between_two_pictures_are_named_by_the_look_between_them() -> None:
    slot = SlotShape("one", box(10, 10, 130, 190), sku="p1")
    namer = SlotNamer(ColourTexture(), wary(1, 2, 3, 4), [slot], 0.8)
    empty, other = (np.full((200, 140, 3), 200, np.uint8) for _ in range(2))
    other[10:190, 10:130] = pack(2)
    namer.settle(slot, empty)
    namer.glimpse(slot, other)
    kinds: list[Literal["take", "put"]] = ["put", "take"]
    events = [
        ShelfChanged(captured_ns=1, source="c", camera="c", slot="one", change=kind, began_ns=0, ended_ns=1)
        for kind in kinds
    ]
    assert [event.sku for event in namer.name(slot, events, empty)] == ["p2", "p2"]
