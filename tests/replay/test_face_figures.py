"""`muin evaluate face-engines` and `liveness` on recorded pictures: one table, every stage timed, nothing claimed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from edge.commands.evaluate import group, register
from edge.config import Faces
from edge.core.errors import BadInput
from edge.evaluate_liveness import read
from vision.enrolment import read_picture, templates_of
from vision.faces.engines import open_engine, open_liveness
from vision.faces.matching import Known, Rule
from vision.faces.sightings import Among, sightings

register(typer.Typer())
STAGES = {"detect", "align", "quality", "liveness", "embed", "match"}


def run(*words: object) -> Result:
    return CliRunner().invoke(group, [str(word) for word in words])


@pytest.fixture
def lists(tmp_path: Path, shared_data: Path) -> tuple[Path, Path]:
    """Two office holders enrolled; one of them on another day, and a stranger, as probes."""
    folder = shared_data / "faces/officials"
    enrol, probe = tmp_path / "enrol.csv", tmp_path / "probe.csv"
    enrol.write_text(f"path,identity\n{folder}/president_1.jpg,president\n{folder}/vice_president_1.jpg,vice\n")
    probe.write_text(f"path,identity\n{folder}/president_2.jpg,president\n{folder}/stage_pianist.jpg,\n")
    return enrol, probe


def test_every_engine_side_by_side_with_every_stage_timed(lists: tuple[Path, Path], shared_models: Path) -> None:
    enrol, probe = lists
    done = run("face-engines", "--enrol", enrol, "--probe", probe, "--models", shared_models, "--json")
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["engines"]
    assert {"face_recognition, HOG", "YuNet + MobileFaceNet"} <= set(rows)
    for way, found in rows.items():
        assert (found["wrong_names"], found["refused"], found["gallery"]) == (0, 0, 2), (
            f"{way}: another day is no stranger"
        )
        assert set(found["stages_ms"]) == STAGES
        assert all(value > 0 for value in found["stages_ms"].values()), way
        assert found["liveness"]["measured"] == 2
    words = run("face-engines", "--enrol", enrol, "--probe", probe, "--set", "faces.liveness=off").stdout.splitlines()
    assert len(words) == 3, "without weights one way is left, in one row of a table"
    assert words[2].startswith("| face_recognition, HOG |")
    assert words[2].endswith("| - |"), "liveness was not measured"
    assert len({line.count("|") for line in words}) == 1


def test_liveness_tells_a_living_face_from_a_rephotographed_one(
    tmp_path: Path, shared_data: Path, shared_models: Path
) -> None:
    spoof, listed = shared_data / "faces/spoof", tmp_path / "pictures.csv"
    rows = f"{spoof}/live_1.jpg,live\n{spoof}/print_1.jpg,print\n{shared_data}/shelf/0.jpg,print\nmissing.jpg,live\n"
    listed.write_text("path,kind\n" + rows)
    done = run("liveness", "--pictures", listed, "--models", shared_models, "--engine", "onnx", "--json")
    kinds = json.loads(done.stdout)["kinds"]
    assert (kinds["live"]["wrong"], kinds["print"]["wrong"]) == (0, 0)
    assert kinds["live"]["median"] > 0.9 > 0.5 > kinds["print"]["median"]
    assert (kinds["print"]["pictures"], kinds["print"]["no_face"]) == (2, 1)
    assert "missing.jpg" in done.stderr


def test_liveness_of_a_face_at_the_edge_of_the_picture(shared_data: Path, shared_models: Path) -> None:
    """The networks want four times the face: where the picture ends, they get what there is."""
    networks = open_liveness(Faces(), shared_models)
    assert networks is not None
    picture = read_picture(shared_data / "faces/spoof/live_1.jpg")
    for box in ((0, 0, 90, 120), (-20, -20, 60, 60), (250, 300, 300, 400), (0, 0, 1, 1), (0, 0, 3000, 3000)):
        assert 0 <= networks.of(picture, box) <= 1


@pytest.mark.parametrize("engine", ["onnx", "dlib"])
def test_who_leans_looks_as_alive_as_who_stands_upright(
    engine: str, tmp_path: Path, shared_data: Path, shared_models: Path
) -> None:
    """In this clip a man leans his head by 40 degrees, which the networks took for a picture."""
    listed = tmp_path / "pictures.csv"
    listed.write_text(f"path,kind\n{shared_data}/video/gate-head-pair.mp4,live\n")
    done = run("liveness", "--pictures", listed, "--models", shared_models, "--engine", engine, "--json")
    live = json.loads(done.stdout)["kinds"]["live"]
    assert live["pictures"] - live["no_face"] > 20
    assert (live["wrong"], live["median"]) == (0, pytest.approx(0.85, abs=0.15))


def test_where_the_networks_are_not_the_policy_says_what_that_means() -> None:
    assert open_liveness(Faces(liveness="note")) is None
    assert open_liveness(Faces(liveness="off")) is None
    with pytest.raises(BadInput, match="no face opens and codes do"):
        open_liveness(Faces(liveness="refuse"))
    assert run("liveness", "--pictures", "nowhere.csv").exit_code != 0


@pytest.mark.parametrize("text", ["", "path,kind\n", "path,label\na,b\n", "path,kind\na.jpg,\n", "path,kind\n,live\n"])
def test_a_list_of_pictures_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pictures.csv"
    path.write_text(text)
    with pytest.raises(BadInput) as refused:
        read(path)
    assert str(path) in refused.value.place


def test_no_face_and_five_faces_are_refused_at_enrolment(
    shared_data: Path, shared_models: Path, tmp_path: Path
) -> None:
    import cv2
    import numpy as np

    engine = open_engine(Faces(engine="onnx", min_sharpness=20), shared_models)
    faces = sorted((shared_data / "faces/london").glob("*_neutral.jpg"))[:5]
    five = np.hstack([cv2.resize(read_picture(path), (256, 256)) for path in faces])
    cv2.imwrite(str(tmp_path / "five.png"), five)
    cv2.imwrite(str(tmp_path / "small.png"), cv2.resize(read_picture(faces[0]), (64, 64)))
    cv2.imwrite(str(tmp_path / "dark.png"), (read_picture(faces[0]) * 0.14).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "blur.png"), cv2.GaussianBlur(read_picture(faces[0]), (0, 0), 4))
    said = {"five.png": "shows 5 faces", "small.png": "too small", "dark.png": "too dark", "blur.png": "is blurred"}
    for name, words in said.items():
        with pytest.raises(BadInput, match=words):
            templates_of(engine, tmp_path / name)
    with pytest.raises(BadInput, match="no face found"):
        templates_of(engine, shared_data / "shelf/0.jpg")
    known = Known.of([("p", templates_of(engine, faces[2])[0])])
    found = sightings(engine, read_picture(tmp_path / "five.png"), Among(known, 10), Rule(0.5, 0.05))
    assert [one.verdict.shopper for one in found if one.verdict] == [None, None, "p", None, None]
