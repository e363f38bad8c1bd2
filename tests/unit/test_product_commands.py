"""`muin products ...` and `muin evaluate products`: from pictures to answers, every problem at once."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp

from edge.commands import evaluate_products, products
from edge.config import ConfigError, Models, Product
from edge.core.errors import BadInput
from edge.labelled_products import read_lists
from tests.unit.drawn_packs import on_shelf, pack, write
from vision.products.embedding import ColourTexture
from vision.products.second_opinion import SecondOpinion, best_name, codes_of, words_of

SHOP = """[store]\nid = "s"\ncurrency = "KRW"
[[product]]\nsku = "cola"\nname = "Cola Classic 330 ml"\nbarcode = "04006381333931"
[[product]]\nsku = "mint"\nname = "Mint Tea Forest 20 bags"
[[product]]\nsku = "salt"\nname = "Sea Salt Crackers"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "store.toml"
    path.write_text(SHOP)
    for number in range(4):
        write(str(tmp_path / f"{number}.jpg"), pack(number))
        write(str(tmp_path / f"{number}-seen.png"), on_shelf(pack(number), number))
    return path


@pytest.fixture
def _no_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a box without any network: seconds faster, and a case of its own."""
    monkeypatch.setattr("vision.products.embedding.open_embedder", lambda models: ColourTexture())


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("_no_networks")
def test_from_catalogue_pictures_to_an_answer(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shop.parent
    products.add("cola", [folder / "0.jpg"], shop, as_json=True)
    first = said(capsys)
    assert (first["new"], first["products"], first["fitted"]) == (1, 1, False)
    with pytest.raises(BadInput, match="no fitted catalogue; run `muin products fit"):
        products.identify([folder / "0-seen.png"], shop, as_json=True)
    with pytest.raises(SystemExit, match="1"):
        products.list_(shop, as_json=True)
    assert said(capsys)["products"] == {"cola": 1, "mint": 0, "salt": 0}
    products.add("mint", [folder / "1.jpg"], shop, as_json=True)
    assert said(capsys)["fitted"]
    products.add("salt", [folder / "2.jpg", folder / "2-seen.png"], shop)
    assert '[products] folder = "' in capsys.readouterr().out
    products.list_(shop, as_json=True)
    assert said(capsys)["products"] == {"cola": 1, "mint": 1, "salt": 2}
    with contextlib.suppress(SystemExit):  # with so few products the threshold is untested, so all may be refused
        products.identify([folder / f"{number}-seen.png" for number in range(3)], shop, as_json=True)
    likely = [row["likely"][0][0] for row in said(capsys)["pictures"]]
    assert likely == ["cola", "mint", "salt"]
    products.confusable(shop, as_json=True)
    assert said(capsys)["products"] == 3
    products.remove("cola", shop, as_json=True)
    assert said(capsys)["removed"] == 1
    with pytest.raises(SystemExit, match="1"):
        products.remove("cola", shop, as_json=True)


@pytest.mark.usefixtures("_no_networks")
def test_either_all_pictures_are_usable_or_none_is_kept(shop: Path) -> None:
    folder = shop.parent
    (folder / "cut.jpg").write_bytes((folder / "0.jpg").read_bytes()[:900])
    cv2.imwrite(str(folder / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    bad = [folder / "cut.jpg", folder / "0.jpg", folder, folder / "dot.png", folder / "none.jpg"]
    with pytest.raises(ConfigError) as refused:
        products.add("cola", bad, shop)
    assert [Path(place).name for place, _ in refused.value.problems] == ["cut.jpg", folder.name, "dot.png", "none.jpg"]
    assert not (folder / "state").exists()
    with pytest.raises(BadInput, match=r"is no product of .*add a \[\[product\]\] or correct the sku"):
        products.add("colla", [folder / "0.jpg"], shop)
    (folder / "state").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be"):
        products.add("cola", [folder / "0.jpg"], shop)


def lists(folder: Path, catalogue: str, probe: str) -> tuple[Path, Path]:
    (folder / "c.csv").write_text(catalogue)
    (folder / "p.csv").write_text(probe)
    return folder / "c.csv", folder / "p.csv"


def test_evaluate_gives_the_figures_of_the_contract(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shop.parent
    catalogue = "path,sku\n" + "".join(f"{number}.jpg,p{number}\n" for number in range(2))
    probe = "path,sku\n" + "".join(f"{number}-seen.png,p{number}\n" for number in range(2)) + "3-seen.png,\n"
    evaluate_products.products(*lists(folder, catalogue, probe), as_json=True)
    found = said(capsys)
    assert (found["top1"], found["top5"], found["confused"]) == (1.0, 1.0, [])
    assert found["ms_per_image"] > 0
    assert found["cost_ratio"] > 0.5
    assert (found["catalogue"], found["probes"], found["strangers"]) == (2, 2, 1)
    swapped = probe.replace("0-seen.png,p0", "0-seen.png,p1").replace("1-seen.png,p1", "1-seen.png,p0")
    evaluate_products.products(*lists(folder, catalogue, swapped), no_network=True, as_json=True)
    found = said(capsys)
    assert (found["top1"], found["top5"]) == (0.0, 1.0)
    assert found["confused"] == [["p0", "p1", 1], ["p1", "p0", 1]]
    assert found["cost_ratio"] is None


def test_every_problem_of_both_lists_is_named_at_once(shop: Path) -> None:
    folder = shop.parent
    (folder / "cut.jpg").write_bytes((folder / "0.jpg").read_bytes()[:900])
    (folder / "sub").mkdir()
    cv2.imwrite(str(folder / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    catalogue = "path,sku\n0.jpg,p0\n0.jpg,p1\ncut.jpg,p1\n1.jpg,\n,p1\n"
    probe = "path,sku\n0-seen.png,p0\nsub,p0\ndot.png,p1\n1-seen.png,nobody\nnone.jpg,\n"
    with pytest.raises(ConfigError) as refused:
        read_lists(*lists(folder, catalogue, probe))
    problems = {place.rpartition("/")[2]: text for place, text in refused.value.problems}
    wanted = {
        "c.csv:3": "was named before, in line 2",
        "c.csv:4": "cut.jpg is not a whole picture",
        "c.csv:5": "the sku is empty",
        "c.csv:6": "the path is empty",
        "p.csv:3": "sub is a folder",
        "p.csv:4": "dot.png is only 1x1 pixels",
        "p.csv:5": "no such product 'nobody'",
        "p.csv:6": "none.jpg cannot be read",
    }
    assert set(problems) == set(wanted)
    for place, words in wanted.items():
        assert words in problems[place]


@pytest.mark.parametrize(
    ("catalogue", "words"),
    [("", "has the columns none"), ("path,identity\na,b\n", "columns"), ("path,sku\n", "has no rows")],
)
def test_a_list_that_is_none_is_named_with_the_other_s_problems(catalogue: str, words: str, shop: Path) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        read_lists(*lists(shop.parent, catalogue, "path,sku\nnone.jpg,\n"))
    assert "none.jpg cannot be read" in str(refused.value)
    with pytest.raises(ConfigError, match="fewer than two products"):
        read_lists(*lists(shop.parent, "path,sku\n0.jpg,p0\n", "path,sku\n1.jpg,\n"))


def table() -> list[Product]:
    return [
        Product(sku="cola", name="Cola Classic 330 ml", barcode="04006381333931"),
        Product(sku="mint", name="Mint Tea Forest 20 bags"),
        Product(sku="4012345678901", name="Sea Salt Crackers"),
    ]


def label(*lines: str) -> np.ndarray:
    picture = np.full((60 + 60 * len(lines), 420, 3), 245, np.uint8)
    for number, line in enumerate(lines):
        cv2.putText(picture, line, (20, 70 + 60 * number), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (40, 20, 20), 3)
    return picture


@pytest.mark.parametrize(("digits", "sku"), [("4006381333931", "cola"), ("4012345678901", "4012345678901")])
def test_a_bar_code_names_the_product(digits: str, sku: str) -> None:
    code = np.asarray(zxingcpp.create_barcode(digits, zxingcpp.BarcodeFormat.EAN13).to_image(scale=2), np.uint8)
    picture = label("Mint Tea", "Forest")  # what the label says does not count against a code
    picture = np.vstack([picture, np.full((code.shape[0] + 40, 420, 3), 255, np.uint8)])
    picture[-code.shape[0] - 20 : -20, 40 : 40 + code.shape[1]] = code[:, :, None]
    opinion = SecondOpinion(table(), Models()).of(picture)
    assert (opinion.sku, opinion.by, opinion.codes) == (sku, "code", (digits,))


def test_the_words_of_a_label_name_the_product() -> None:
    reader = SecondOpinion(table(), Models())
    assert reader.reads_text
    opinion = reader.of(label("MINT TEA", "Forest"))
    assert (opinion.sku, opinion.by) == ("mint", "words")
    assert reader.of(label("Bread")).sku is None


def test_a_name_must_stand_out() -> None:
    names = {row.sku: words_of(row.name) for row in table()}
    assert best_name(words_of("cola classic"), names) == "cola"
    assert best_name(words_of("C0LA CLASSlC 330"), names) == "cola"  # read wrongly
    assert best_name(words_of("tea"), names) is None  # too little of any name
    assert best_name([], names) is None
    twins = {"a": ["lemon", "soda"], "b": ["lemon", "soda", "zero"]}
    assert best_name(["lemon", "soda"], twins) is None
    assert best_name(["lemon", "soda", "zero"], twins) == "b"
    assert codes_of(table()[0]) == ["4006381333931", "cola"]
