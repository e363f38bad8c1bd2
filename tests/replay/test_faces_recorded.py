"""Faces on recorded pictures and clips: nobody gets a wrong name, few are refused, strangers stay strangers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge import config
from edge.config import Faces
from edge.core.errors import BadInput
from edge.core.events import CredentialShown, HealthChanged
from edge.evaluate_faces import Bench, judge, report
from edge.evaluate_gate import watch_clip
from edge.labelled_faces import Labelled, read
from vision import codes
from vision.enrolment import clip_pictures, templates_of
from vision.face_records import Consent
from vision.faces.engines import open_engine, rule_of
from vision.faces.face import FaceEngine
from vision.gallery import Gallery
from vision.gate import GateWatch

WALL_NS = 1_780_272_000_000_000_000  # 2026-06-01
SHOP = '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "cam"\nrole = "gate"\n'
AGREED = Consent(text_version="1", given_at="2026-05-01T00:00:00.000Z", retain_until="2026-12-31")


def bench(engine: FaceEngine) -> Bench:
    return Bench(engine, lambda: 0, lambda text: None)


def london(engine: FaceEngine, data: Path) -> dict[str, object]:
    at_work, rule = bench(engine), rule_of(engine, Faces())
    known = at_work.enrol(read(data / "faces/london-enrol.csv", strangers=False))
    found = report(judge(at_work, known, read(data / "faces/london-probe.csv", strangers=True), rule), known, rule)
    assert at_work.unusable == []
    return found


def in_clip(engine: FaceEngine, data: Path, who: dict[str, str], clip: str, every: int = 1) -> dict[str, object]:
    rows = [Labelled(data / path, name, name) for name, path in who.items()]
    pictures = (shot for number, shot in enumerate(clip_pictures(data / "video" / clip)) if number % every == 0)
    return watch_clip(pictures, engine, bench(engine).enrol(rows), Faces(), lambda: 0)


@pytest.fixture(scope="module")
def dlib_engine() -> FaceEngine:
    return open_engine(Faces())


@pytest.fixture(scope="module")
def onnx_engine(shared_models: Path) -> FaceEngine:
    return open_engine(Faces(engine="onnx"), shared_models)


def test_default_engine_names_nobody_wrongly(dlib_engine: FaceEngine, shared_data: Path) -> None:
    found = london(dlib_engine, shared_data)
    assert (found["gallery"], found["probes"], found["strangers"]) == (60, 60, 20)
    assert found["wrong_names"] == 0
    assert found["refused"] <= 1  # type: ignore[operator]


def test_onnx_engine_names_nobody_wrongly(onnx_engine: FaceEngine, shared_data: Path) -> None:
    found = london(onnx_engine, shared_data)
    assert (found["wrong_names"], found["genuine_comparisons"], found["impostor_comparisons"]) == (0, 60, 3540)
    assert found["refused"] <= 1  # type: ignore[operator]


def test_default_engine_at_the_gate(dlib_engine: FaceEngine, shared_data: Path) -> None:
    pair = in_clip(dlib_engine, shared_data, {"A": "video/gate-head-man.mp4"}, "gate-head-pair.mp4", every=4)
    frames = pair["frames"]
    assert frames == 14
    assert pair["identified"] == {"A": pytest.approx(frames, abs=2)}
    assert pair["unknown_faces"] == pytest.approx(frames, abs=3)
    assert [one["shopper"] for one in pair["credentials"]] == ["A", None]  # type: ignore[attr-defined]


def test_onnx_engine_at_the_gate(onnx_engine: FaceEngine, shared_data: Path) -> None:
    enrolled = {"A": "video/gate-head-man.mp4"}
    pair = in_clip(onnx_engine, shared_data, enrolled, "gate-head-pair.mp4", every=2)
    assert pair["identified"] == {"A": pytest.approx(28, abs=2)}
    assert pair["unknown_faces"] == pytest.approx(28, abs=2)
    walkers = in_clip(onnx_engine, shared_data, enrolled, "gate-walk-two.mp4")
    assert walkers["identified"] == {}
    assert walkers["unknown_faces"] == 2 * 35, "two faces a picture, and no waistcoat"
    assert walkers["credentials"] == [], "far faces are nobody's business"


def test_onnx_engine_on_a_stage_with_cuts(onnx_engine: FaceEngine, shared_data: Path) -> None:
    who = {name: f"faces/officials/stage_{name}.jpg" for name in ("singer", "pianist")}
    found = in_clip(onnx_engine, shared_data, who, "stage-faces.mp4", every=5)
    assert set(found["identified"]) <= set(who)  # type: ignore[call-overload]
    assert found["identified"]["singer"] >= 15  # type: ignore[index]
    assert "pianist" not in {one["shopper"] for one in found["credentials"]}  # type: ignore[attr-defined]
    rows = [Labelled(shared_data / path, name, name) for name, path in who.items()]
    audience = (
        shot for number, shot in enumerate(clip_pictures(shared_data / "video/stage-faces.mp4")) if number > 211
    )
    known = bench(onnx_engine).enrol(rows)
    seen = watch_clip(
        (shot for number, shot in enumerate(audience) if number % 5 == 0), onnx_engine, known, Faces(), int
    )
    assert seen["identified"] == {}, "an audience of strangers"
    assert seen["unknown_faces"] >= 2 * seen["frames"]


def test_blazeface_finds_the_faces_for_dlib_where_its_weights_are(shared_models: Path, shared_data: Path) -> None:
    engine = open_engine(Faces(), shared_models)
    try:
        if "BlazeFace" not in engine.describe().split("(")[0] and "MediaPipe cannot start" in engine.describe():
            pytest.skip(engine.describe())
        assert "MediaPipe BlazeFace" in engine.describe()
        pair = in_clip(engine, shared_data, {"A": "video/gate-head-man.mp4"}, "gate-head-pair.mp4", every=7)
    finally:
        engine.close()
    assert pair["identified"] == {"A": pytest.approx(8, abs=1)}
    assert pair["unknown_faces"] == pytest.approx(8, abs=1)


def test_one_person_twice_is_one_person(dlib_engine: FaceEngine, shared_data: Path) -> None:
    (first,), (second,), (other,) = (
        templates_of(dlib_engine, shared_data / "faces/officials" / f"{name}.jpg")
        for name in ("president_1", "president_2", "vice_president_1")
    )
    same, apart = dlib_engine.distances(first, np.stack([second, other]))
    assert same < dlib_engine.max_distance < apart


def test_a_clip_of_two_people_enrols_nobody(onnx_engine: FaceEngine, shared_data: Path) -> None:
    at_work = bench(onnx_engine)
    with pytest.raises(BadInput, match="no row of it can be enrolled"):
        at_work.enrol([Labelled(shared_data / "video/gate-head-pair.mp4", "A", "here")])
    assert "2 faces" in at_work.unusable[0]["reason"]


def test_a_cut_clip_is_refused(shared_data: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((shared_data / "video/gate-head-pair.mp4").read_bytes()[:30_000])
    with pytest.raises(BadInput, match="is cut"):
        list(clip_pictures(cut))
    assert len(list(clip_pictures(shared_data / "video/gate-head-pair.mp4"))) == 56


def test_the_gate_camera_from_an_encrypted_store(shared_data: Path, shared_models: Path, tmp_path: Path) -> None:
    shop = config.parse(f'{SHOP}[models]\nfolder = "{shared_models}"\n[faces]\nengine = "auto"\n')
    engine = open_engine(shop.faces, shared_models)
    rows = [(engine.kind, row) for row in templates_of(engine, shared_data / "video/gate-head-man.mp4")]
    Gallery(tmp_path).enrol("anna", rows, AGREED)

    def run(origin_wall_ns: int) -> list[object]:
        sense = GateWatch.from_config(shop, "cam", {"state": str(tmp_path), "origin_wall_ns": origin_wall_ns})
        return [
            event
            for picture, at_ns in clip_pictures(shared_data / "video/gate-head-man.mp4")
            for event in sense.see(picture, at_ns)
        ]

    (event,) = run(WALL_NS)
    assert isinstance(event, CredentialShown)
    assert (event.gate, event.method, event.shopper) == ("cam", "face", "anna")
    assert event.score_ppm > 800_000
    assert run(WALL_NS) == [event], "the same pictures, the same events"
    after_retention = run(WALL_NS + 365 * 86_400 * 1_000_000_000)
    assert [one.shopper for one in after_retention if isinstance(one, CredentialShown)] == [None]
    Gallery(tmp_path).forget("anna")
    assert [one.shopper for one in run(WALL_NS) if isinstance(one, CredentialShown)] == [None]


def test_templates_of_another_engine_are_told(shared_data: Path, tmp_path: Path) -> None:
    shop = config.parse(SHOP)
    Gallery(tmp_path).enrol("anna", [("mobilefacenet-128-00000000", np.ones(128, np.float32))], AGREED)
    sense = GateWatch.from_config(shop, "cam", Gallery(tmp_path), WALL_NS)
    (event,) = sense.see(codes.picture_of("x"), 0)[:1]
    assert isinstance(event, HealthChanged)
    assert "enrol them again" in event.detail


def test_bad_pictures_are_reported_and_the_rest_is_measured(shared_data: Path, tmp_path: Path) -> None:
    import json

    from edge.commands.evaluate import group, register

    faces = shared_data / "faces/london"
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8broken")
    (tmp_path / "enrol.csv").write_text(f"path,identity\n{faces}/001_neutral.jpg,p1\nbroken.jpg,p2\nmissing.jpg,p3\n")
    shelf = shared_data / "shelf/0.jpg"
    probes = f"{faces}/001_smiling.jpg,p1\nbroken.jpg,p1\n{shelf},p1\n{faces}/004_smiling.jpg,\n"
    (tmp_path / "probe.csv").write_text("path,identity\n" + probes)
    import typer

    register(typer.Typer())
    args = ["faces", "--enrol", str(tmp_path / "enrol.csv"), "--probe", str(tmp_path / "probe.csv"), "--json"]
    done = CliRunner().invoke(group, args)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["gallery"], found["probes"], found["strangers"], found["wrong_names"]) == (1, 2, 1, 0)
    assert (found["fnir"], found["frr"], found["fpir"]) == (0.5, 0.5, 0.0), "a face that is not found is refused"
    assert [Path(one["path"]).name for one in found["unreadable"]] == [
        "broken.jpg",
        "missing.jpg",
        "broken.jpg",
        "0.jpg",
    ]
    assert done.stderr.count("broken.jpg") >= 2
