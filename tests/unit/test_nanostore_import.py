"""`muin import nanostore` on made cases: what becomes of them, and that a broken one leaves nothing behind."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge import config, truth
from edge.__main__ import app
from edge.commands import imports
from edge.core.errors import BadInput
from edge.core.events import RunStarted, TracksSeen
from edge.core.signals import PlateSamples
from edge.nanostore.case import read_case
from edge.nanostore.shop import sku_of
from edge.recording import Recording
from tests.unit import nanostore_case as made


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return made.make(tmp_path / "case")


def edit(path: Path, change: Callable[[list[Any]], None]) -> None:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    made.write(path, rows)


def bring(case: Path, target: Path) -> Recording:
    imports.nanostore(case, target)
    return Recording.open(target)


def test_the_shop_of_a_case(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = config.parse(bring(case, tmp_path / "rec").config_text)
    assert [(row.sku, row.name, row.price_minor, row.weight_mg) for row in shop.product] == [
        ("1001", "Tea", 300, 300_000),
        ("1002", 'Water "still" \x7f é', None, 500_000),
    ]
    plates = {row.id: row for row in shop.plate}
    assert list(plates) == ["g1-s1-p1", "g1-s1-p2", "g1-s2-p1", "g1-s2-p2"]
    assert plates["g1-s1-p2"].skus == ["1001"]
    assert plates["g1-s2-p2"].skus == []
    assert plates["g1-s1-p2"].position_mm == (150, 200, 500)
    assert (shop.store.currency, shop.visits.open_on, [row.gondola for row in shop.scale]) == ("USD", "track", ["g1"])
    notices = capsys.readouterr().err
    assert "planogram.jsonl:3: no product is named" in notices
    assert "planogram.jsonl:4: product '9999' is not in the product table" in notices


def test_a_turned_shelf_turns_its_plates(case: Path) -> None:
    edit(case / "planogram.jsonl", lambda rows: rows.__setitem__(1, made.facing("1002", 2, [1], 4.0, -np.pi / 2)))
    assert "position_mm = [4200, -50, 1000]" in read_case(case).config_text


def test_the_streams_of_a_case(case: Path, tmp_path: Path) -> None:
    recording = bring(case, tmp_path / "rec")
    events = list(recording.events())
    assert isinstance(events[0], RunStarted)
    frames = [event for event in events if isinstance(event, TracksSeen)]
    assert len(frames) == 149
    assert frames[0].captured_ns == 0
    assert [frame.captured_ns for frame in frames] == sorted(frame.captured_ns for frame in frames)
    (person,) = frames[0].people
    assert (person.track, person.place_mm, person.head_mm) == ("7", (102, -508), (102, -508, 1524))
    assert person.hands_mm == ((102, -127, 1016),)
    assert frames[-1].people == ()
    blocks = [item for item in recording.signals() if isinstance(item, PlateSamples)]
    assert len(blocks) == 70
    assert blocks[0].captured_ns == 1_000_000_000  # the tracker began a second earlier
    assert blocks[0].plates == ("g1-s1-p1", "g1-s1-p2", "g1-s2-p1", "g1-s2-p2")
    assert abs(np.frombuffer(blocks[0].grams, "<f4").reshape(12, 4) - 1000).max() < 10


def test_several_people_and_a_target_that_the_tracker_does_not_trust(case: Path) -> None:
    people = [
        made.target("7", 1.0),
        made.target("8", 2.0, head=None, neck=made.target("8", 3.0)["head"]),
        made.target("9", 3.0, target_state="TARGETSTATE_INVALID"),
        {"target_id": {"id": 10}},
        {},
    ]
    people[1].pop("head")
    edit(case / "full_targets.jsonl", lambda rows: rows.__setitem__(0, made.frame(-1.0, people)))
    frame = next(item for item in read_case(case).items if isinstance(item, TracksSeen))
    assert [(p.track, p.place_mm, len(p.hands_mm)) for p in frame.people] == [
        ("7", (25, -508), 1),
        ("8", (76, -508), 1),
        ("10", None, 0),
    ]


def test_a_tracker_that_names_wrists_in_place_of_hands(case: Path) -> None:
    wrist = made.target("7", 2.0)["hands"][0]
    bare = {key: value for key, value in made.target("7", 1.0).items() if key != "hands"}
    people = [
        {**bare, "l_wrist": wrist, "r_wrist": wrist},
        {**bare, "target_id": {"id": "8"}, "r_wrist": wrist},
        {**made.target("9", 1.0), "r_wrist": wrist},  # both: `hands` are the same joints
    ]
    edit(case / "full_targets.jsonl", lambda rows: rows.__setitem__(0, made.frame(-1.0, people)))
    frame = next(item for item in read_case(case).items if isinstance(item, TracksSeen))
    there = (51, -127, 1016)
    assert [person.hands_mm for person in frame.people] == [(there, there), (there,), ((25, -127, 1016),)]


def test_the_truth_of_a_case(case: Path, tmp_path: Path) -> None:
    bring(case, tmp_path / "rec")
    found = truth.load(tmp_path / "rec")
    assert found.visits == (
        truth.Visit(visit="A", tracks=("7",), entered_s=0.0, left_s=12.9, items={"1001": 1}, total_minor=300),
    )
    assert found.events == (truth.Change(t_s=9.0, kind="take", sku="1001", slot="g1-s1-p2", visit="A"),)


def test_a_product_without_price_leaves_the_total_open(case: Path) -> None:
    receipts = [
        {"target_id": 7, "products": [{"barcode": "1001"}]},
        {"target_id": 7, "products": [{"barcode": "1002", "quantity": 2}]},
        {"target_id": "8", "products": []},
    ]
    (case / "truth.json").write_text(json.dumps({"receipts": receipts}))
    found = read_case(case).truth
    assert found is not None
    assert [(v.visit, v.tracks, v.items, v.total_minor) for v in found.visits] == [
        ("A", ("7",), {"1001": 1, "1002": 2}, None),
        ("B", ("8",), {}, 0),
    ]


def test_without_a_tracker_there_is_one_visit(case: Path) -> None:
    (case / "full_targets.jsonl").unlink()
    found = read_case(case)
    frames = [item for item in found.items if isinstance(item, TracksSeen)]
    assert {person.track for frame in frames for person in frame.people} == {"shopper"}
    assert frames[-1].people == ()
    assert max(b.captured_ns - a.captured_ns for a, b in pairwise(frames)) <= 500_000_000
    assert found.truth is not None
    assert [(v.tracks, v.items) for v in found.truth.visits] == [(("shopper",), {"1001": 1})]


def test_a_tracker_that_saw_nobody_is_believed(case: Path) -> None:
    made.write(case / "full_targets.jsonl", [made.frame(0.0, []), made.frame(1.0, [])])
    assert not any(item.people for item in read_case(case).items if isinstance(item, TracksSeen))


def test_gzipped_files_and_another_folder_give_the_same_recording(case: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    for number, path in enumerate(sorted(case.glob("*.jsonl"))):
        name = f"{path.name}.gz" if number % 2 else path.name  # the ending need not tell
        (packed / name).write_bytes(gzip.compress(path.read_bytes()))
    shutil.copy(case / "truth.json", packed)
    one, other = read_case(case), read_case(packed)
    started = [item for item in (*one.items[:1], *other.items[:1]) if isinstance(item, RunStarted)]
    assert len(started) == 2
    assert (one.items[1:], one.truth, one.config_text) == (other.items[1:], other.truth, other.config_text)
    assert started[0] == started[1]


def broken(name: str) -> Callable[[Path], None]:
    return BREAKS[name]


def drop(name: str) -> Callable[[Path], None]:
    return lambda case: (case / name).unlink()


def rewrite(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda case: (case / name).write_bytes(change((case / name).read_bytes()))


def alter(name: str, row: int, *keys: str, value: Any) -> Callable[[Path], None]:
    def change(rows: list[Any]) -> None:
        spot = rows[row]
        for key in keys[:-1]:
            spot = spot[key]
        spot[keys[-1]] = value

    return lambda case: edit(case / name, change)


HEADER = ("document", "header", "t_origin")
VALUES = ("document", "plate_data", "values")
BREAKS: dict[str, Callable[[Path], None]] = {
    "products.jsonl: is missing": drop("products.jsonl"),
    "planogram.jsonl: is missing": drop("planogram.jsonl"),
    "plate_data.jsonl: is missing": drop("plate_data.jsonl"),
    "products.jsonl: is empty": rewrite("products.jsonl", lambda text: b""),
    "planogram.jsonl: is empty": rewrite("planogram.jsonl", lambda text: b"\n\n"),
    "plate_data.jsonl: is empty": rewrite("plate_data.jsonl", lambda text: b""),
    "full_targets.jsonl: is empty": rewrite("full_targets.jsonl", lambda text: b""),
    "plate_data.jsonl:70: is not a line of JSON": rewrite("plate_data.jsonl", lambda text: text[:-30]),
    "full_targets.jsonl:149: is not a line of JSON": rewrite("full_targets.jsonl", lambda text: text[:-5]),
    "planogram.jsonl:1: is not a line of JSON": rewrite("planogram.jsonl", lambda text: b"\xff\xfe" + text),
    "products.jsonl:1: does not have the form": rewrite("products.jsonl", lambda text: b"[]\n" + text),
    "products.jsonl:2: does not have the form": alter("products.jsonl", 1, "metadata", "price", value="3 USD"),
    "plate_data.jsonl:5: does not have the form": alter("plate_data.jsonl", 4, *VALUES, "data", value="%%%"),
    "plate_data.jsonl:6: does not have the form": alter("plate_data.jsonl", 5, *HEADER, value="yesterday"),
    "plate_data.jsonl:2: 432 bytes of data": alter("plate_data.jsonl", 1, *VALUES, "shape", value=[12, 3, 4]),
    "plate_data.jsonl:3: does not have the form": alter("plate_data.jsonl", 2, *VALUES, "shape", value=[-12, -3, 3]),
    "plate_data.jsonl:4: gondola 1 has another": alter("plate_data.jsonl", 3, *VALUES, "shape", value=[12, 9, 1]),
    "plate_data.jsonl:7: type is": alter("plate_data.jsonl", 6, *VALUES, "type", value="DATATYPE_INT8"),
    "plate_data.jsonl:8: freq_samp is 0": alter("plate_data.jsonl", 7, "document", "plate_data", "freq_samp", value=0),
    "full_targets.jsonl:9: t_origin 1970": alter("full_targets.jsonl", 8, *HEADER, value="1970-01-01T00:00:00Z"),
    "full_targets.jsonl:2: t_origin 0001": alter("full_targets.jsonl", 1, *HEADER, value="0001-01-01T00:00:00+05:00"),
    "products.jsonl:3: does not have the form": alter("products.jsonl", 2, "metadata", "weight", value=1e300),
    "planogram.jsonl:2: does not have the form": alter("planogram.jsonl", 1, "plate_ids", value=[{"plate_index": -1}]),
    "products or planogram make no usable shop": alter("products.jsonl", 1, "product_id", "id", value="1" * 100),
    "truth.json: is not JSON": rewrite("truth.json", lambda text: text[:-4]),
    "truth.json: does not have the form": rewrite("truth.json", lambda text: b"{}"),
    "truth.json: an event 'take' has neither": rewrite("truth.json", lambda t: t.replace(b"seconds_after", b"s", 1)),
}


@pytest.mark.parametrize("words", BREAKS)
def test_a_broken_case_is_named_and_leaves_nothing_behind(
    case: Path, tmp_path: Path, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(words)(case)
    out = tmp_path / "out"
    with pytest.raises(BadInput) as error:
        imports.nanostore(case, out / "rec")
    assert words in str(error.value)
    assert not out.exists() or not list(out.iterdir())
    assert capsys.readouterr().out == ""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["products", "planogram", "plate_data", "full_targets"]),
    part=st.floats(0, 1),
    junk=st.binary(max_size=8),
    packed=st.booleans(),
)
def test_no_damage_gives_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, name: str, part: float, junk: bytes, packed: bool
) -> None:
    case = made.make(tmp_path_factory.mktemp("damage") / "case")
    path = case / f"{name}.jsonl"
    text = gzip.compress(path.read_bytes()) if packed else path.read_bytes()
    spot = int(part * len(text))
    path.write_bytes(text[:spot] + junk + (text[spot + len(junk) :] if junk else b""))
    with suppress(BadInput):
        read_case(case)
    shutil.rmtree(case)


def test_cut_and_corrupt_gzip_files(case: Path) -> None:
    path = case / "plate_data.jsonl"
    packed = gzip.compress(path.read_bytes())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(BadInput, match=r"plate_data.jsonl:\d+: the gzip file is cut here"):
        read_case(case)
    path.write_bytes(packed[:200] + bytes(50) + packed[250:])
    with pytest.raises(BadInput, match=r"plate_data.jsonl:\d+: the gzip file is corrupt here"):
        read_case(case)


def test_a_recording_that_is_already_there_is_kept(case: Path, tmp_path: Path) -> None:
    bring(case, tmp_path / "rec")
    before = (tmp_path / "rec" / "manifest.json").read_bytes()
    with pytest.raises(BadInput, match="already there"):
        imports.nanostore(case, tmp_path / "rec")
    assert (tmp_path / "rec" / "manifest.json").read_bytes() == before
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be written"):
        imports.nanostore(case, tmp_path / "file" / "rec")


def test_all_cases_under_a_folder_and_a_broken_one_among_them(case: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    for name in ("day1/A", "day1/B", "C"):
        shutil.copytree(case, many / name)
    (many / "day1" / "B" / "products.jsonl").unlink()
    if not app.registered_groups:
        imports.register(app)
    result = CliRunner().invoke(app, ["import", "nanostore", "--all", "--json", str(many), str(tmp_path / "out")])
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert [row["case"] for row in told["recordings"]] == ["C", "A"]
    assert ["products.jsonl" in row["place"] for row in told["problems"]] == [True]
    assert Recording.open(tmp_path / "out" / "day1" / "A").sealed
    assert not (tmp_path / "out" / "day1" / "B").exists()
    with pytest.raises(BadInput, match="no case under it"):
        imports.nanostore(tmp_path / "out", tmp_path / "out2", every=True)


def test_barcodes_become_skus() -> None:
    assert sku_of(" 071142008582 ") == "071142008582"
    assert sku_of("681131161725 681131161718") == "681131161725_681131161718"


def test_a_file_that_is_there_twice_is_told_and_the_plain_one_read(case: Path) -> None:
    plain = case / "plate_data.jsonl"
    (case / "plate_data.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes())[:50])
    (notice,) = [text for text in read_case(case).notices if "plate_data" in text]
    assert notice.startswith(f"{plain} is read; plate_data.jsonl.gz beside it is left aside")


def test_a_case_without_a_tracker_says_what_that_means(case: Path) -> None:
    (case / "full_targets.jsonl").unlink()
    found = read_case(case)
    assert f"{case} has no full_targets: whatever moves is booked on one visit" in found.notices
    assert found.tracker_frames == 0


def test_mistakes_in_the_tables_are_all_listed(case: Path) -> None:
    def spoil_products(rows: list[Any]) -> None:
        rows[0]["metadata"]["weight"] = -5
        rows[1]["metadata"]["price"] = -0.5
        rows.append({"metadata": {}})

    def spoil_planogram(rows: list[Any]) -> None:
        rows[0]["plate_ids"].append(made.plate_id(2, 1, 1))

    edit(case / "products.jsonl", spoil_products)
    edit(case / "planogram.jsonl", spoil_planogram)
    with pytest.raises(BadInput) as refused:
        read_case(case)
    for part in (
        *("products.jsonl:1: weight is -5.0, below 0", "products.jsonl:2: price is -0.5", "products.jsonl:4: does not"),
        "planogram.jsonl:1: a facing stands on plates of two gondolas (g1-s1-p1, g1-s1-p2, g2-s1-p1)",
    ):
        assert part in refused.value.text


def test_products_that_share_a_plate_or_that_nobody_sells_are_told(case: Path) -> None:
    edit(case / "planogram.jsonl", lambda rows: rows.append(made.facing("1002", 1, [1, 2])))
    edit_truth = json.loads((case / "truth.json").read_text())
    edit_truth["receipts"][0]["products"].append({"barcode": "777", "quantity": 1})
    (case / "truth.json").write_text(json.dumps(edit_truth))
    found = read_case(case)
    assert any("plate g1-s1-p1 holds 1001 already; they share it" in text for text in found.notices)
    assert any("'777' is not in the product table" in text for text in found.notices)
    assert 'skus = ["1001", "1002"]' in found.config_text


def test_all_missing_files_are_named_and_a_folder_of_cases_is_known(case: Path) -> None:
    with pytest.raises(BadInput, match="add --all"):
        read_case(case.parent)
    for name in ("products", "planogram"):
        (case / f"{name}.jsonl").unlink()
    with pytest.raises(BadInput, match=r"planogram\.jsonl: is missing, and so is products\.jsonl; a case needs it"):
        read_case(case)
