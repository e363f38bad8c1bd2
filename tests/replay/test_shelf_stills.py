"""Stills of a real cabinet, empty, stocked and after a sale: how many of each product, and what changed.

One pack of each product is boxed in the stocked picture, as an installer would; the other packs and pictures are found.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.commands import products
from edge.core.errors import BadInput

BOXES = {  # in 1.jpg
    "ruffles": (94, 54, 539, 623),
    "gatorade": (620, 87, 826, 630),
    "pringles": (205, 796, 393, 1107),
    "sprite": (687, 648, 860, 1107),
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    text = '[store]\nid = "s"\ncurrency = "USD"\n[[camera]]\nid = "cabinet"\nrole = "shelf"\n'
    for sku, box in BOXES.items():
        text += f'[[product]]\nsku = "{sku}"\nname = "{sku}"\n'
        text += f'[[slot]]\nid = "{sku}"\ncamera = "cabinet"\nsku = "{sku}"\nbox_px = {list(box)}\n'
    path = tmp_path / "store.toml"
    path.write_text(text)
    return path


def test_shelf_stills_are_counted_and_what_was_sold_is_seen(
    shop: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared_data / "shelf"
    truth = json.loads((folder / "truth.json").read_text())
    stills = [folder / name for name in truth["counts"]]
    products.count(stills, folder / "1.jpg", "cabinet", shop, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [row["counts"] for row in found["pictures"]] == list(truth["counts"].values())
    assert found["changes"] == [row["change"] for row in truth["deltas"]]


def test_a_reference_that_the_slots_were_not_drawn_in_is_refused(shop: Path, shared_data: Path) -> None:
    small = next((shared_data / "products" / "grocery" / "iconic").glob("*.jpg"))
    with pytest.raises(BadInput, match=r"lies outside the picture of .*give the reference picture"):
        products.count([small], small, "cabinet", shop)
    with pytest.raises(BadInput, match=r"is no \[\[camera\]\]"):
        products.count([small], small, "shelf", shop)
