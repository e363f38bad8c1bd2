"""`muin enrol`, `muin forget` and `muin evaluate faces` on bad input, without a face in sight."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge.commands import claim, forget, people
from edge.core.errors import BadInput
from edge.evaluate_faces import equal_error_rate, threshold_report
from edge.labelled_faces import read
from vision.enrolment import one_face, read_picture
from vision.faces.engines import open_engine
from vision.faces.face import Face, Measures, overlap
from vision.faces.matching import Impostors
from vision.faces.onnx_engine import PLACES, aligned
from vision.gallery import Gallery

ROOT = Path(__file__).resolve().parents[2]
SHOP = '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "gate"\nrole = "gate"\n'


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "store.toml"
    path.write_text(SHOP)
    return path


def test_a_code_from_enrol_to_forget(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people.enrol(shop, "anna", qr=True, retain_until="2999-01-01", out=shop.with_name("anna.svg"), as_json=True)
    issued = json.loads(capsys.readouterr().out)
    assert Gallery(shop.with_name("state")).resolve_code(issued["code"], "2998-01-01").shopper == "anna"
    assert shop.with_name("anna.svg").stat().st_mode & 0o077 == 0
    forget.forget(shop, ["anna"], as_json=True)
    assert json.loads(capsys.readouterr().out)["erased"] is True
    with pytest.raises(SystemExit) as ended:
        forget.forget(shop, ["anna"], as_json=True)
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["erased"] is False


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({}, "enrol"),
        ({"qr": True, "shopper": "a b"}, "shopper"),
        ({"qr": True, "retain_until": "2020-01-01"}, "--retain-until"),
        ({"qr": True, "retain_until": "tomorrow"}, "--retain-until"),
        ({"qr": True, "out": Path("code.gif")}, "--out"),
        ({"qr": True, "out": Path("/proc/code.png")}, "/proc/code.png"),
        ({"qr": True, "out": Path("/dev/null/code.svg")}, "/dev/null/code.svg"),
        ({"qr": True, "out": Path("code.png"), "picture": [Path("face.jpg")], "consent": "1"}, "retain until"),
        ({"picture": [Path("face.jpg")]}, "consent"),
        ({"picture": [Path("face.jpg")], "consent": "1"}, "retain until"),
        ({"qr": True, "phone_digits": "1234"}, "--phone-digits"),
        ({"picture": [Path("face.jpg")], "phone_digits": "12"}, "phone digits"),
        ({"qr": True, "member_code": True}, "--member-code"),
    ],
)
def test_enrol_refuses_before_it_writes(shop: Path, wrong: dict, place: str) -> None:
    with pytest.raises(BadInput) as refused:
        people.enrol(**({"config": shop, "shopper": "anna"} | wrong))
    assert place in refused.value.place
    assert not shop.with_name("state").exists()


def test_a_code_that_cannot_be_drawn_leaves_the_older_one_in_force(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people.enrol(shop, "anna", qr=True, as_json=True)
    older = json.loads(capsys.readouterr().out)["code"]
    shop.with_name("code.png").mkdir()
    with pytest.raises(BadInput, match=r"code\.png: is a folder"):
        people.enrol(shop, "anna", qr=True, out=shop.with_name("code.png"))
    assert Gallery(shop.with_name("state")).resolve_code(older, "2998-01-01").shopper == "anna"
    assert [path.name for path in shop.parent.iterdir() if path.name.startswith(".")] == []


def test_a_code_that_cannot_be_kept_leaves_no_picture(shop: Path) -> None:
    shop.with_name("state").write_text("")
    with pytest.raises(BadInput):
        people.enrol(shop, "anna", qr=True, out=shop.with_name("code.png"))
    assert sorted(path.name for path in shop.parent.iterdir()) == ["state", "store.toml"]


def test_what_cannot_be_searched_is_named(shop: Path) -> None:
    people.enrol(shop, "anna", qr=True)
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        forget.forget(shop, "anna", scan=[Path("/dev/zero")])


@pytest.mark.parametrize(
    "text", ["", "path\n", "path,identity\n", "file,person\na,b\n", "path,identity\n,anna\n", "path,identity\na.jpg,\n"]
)
def test_a_list_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "enrol.csv"
    path.write_text(text)
    with pytest.raises(BadInput) as refused:
        read(path, strangers=False)
    assert str(path) in refused.value.place


@given(st.binary(max_size=300))
def test_any_bytes_as_a_list_are_rows_or_a_clear_refusal(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"path,identity\n" + raw)
    with contextlib.suppress(BadInput):
        assert all(row.path.name or row.identity for row in read(path, strangers=True))


def test_a_list_may_have_a_mark_spaces_and_more_columns(tmp_path: Path) -> None:
    path = tmp_path / "probe.csv"
    path.write_bytes("\ufeffidentity,age,path\nanna, 30, a.jpg\n,,b.jpg\n".encode())
    rows = read(path, strangers=True)
    assert [(row.path, row.identity) for row in rows] == [(tmp_path / "a.jpg", "anna"), (tmp_path / "b.jpg", "")]


@pytest.mark.parametrize("content", [None, b"", b"not a picture", b"\xff\xd8\xff\xe0" + bytes(50), b"GIF89a"])
def test_a_picture_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "face.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        read_picture(path)
    assert refused.value.place == str(path)


@pytest.mark.parametrize("ending", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_a_picture_that_was_cut_is_refused_not_shown_grey(
    tmp_path: Path, ending: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)  # as importing face_recognition does
    path, picture = (
        tmp_path / f"face{ending}",
        np.random.default_rng(1).integers(0, 255, (240, 320, 3)).astype(np.uint8),
    )
    whole = cv2.imencode(ending, picture)[1].tobytes()
    path.write_bytes(whole)
    assert read_picture(path).shape == (240, 320, 3)
    path.write_bytes(whole[: round(share * len(whole))])
    with pytest.raises(BadInput, match="cut or damaged"):
        read_picture(path)


@pytest.mark.parametrize(("size", "said"), [((20, 300), "only 300x20 pixels"), ((9000, 8000), "8000x9000 pixels")])
def test_a_picture_of_the_wrong_size_is_refused_before_it_is_decoded(
    tmp_path: Path, size: tuple[int, int], said: str
) -> None:
    path = tmp_path / "face.png"
    Image.new("L", size[::-1]).save(path)
    with pytest.raises(BadInput, match=said):
        read_picture(path)


def test_a_grey_or_transparent_picture_is_a_picture(tmp_path: Path) -> None:
    for mode in ("L", "RGBA", "CMYK"):
        path = tmp_path / ("face.jpg" if mode == "CMYK" else "face.png")
        Image.new(mode, (80, 60)).save(path)
        assert read_picture(path).shape == (60, 80, 3)


def test_onnx_without_weights_or_with_wrong_ones_says_what_to_do(shop: Path, tmp_path: Path) -> None:
    from edge.config import Faces

    wanted = Faces(engine="onnx")
    with pytest.raises(BadInput, match="set faces"):
        open_engine(wanted)
    for name in ("yunet/yunet_n_dynamic.onnx", "mobilefacenet/mobilefacenet_128d_112.onnx"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"\x08\x07garbage")
    with pytest.raises(BadInput, match="is cut or not complete"):
        open_engine(wanted, tmp_path)


def test_whose_face_a_picture_is_about() -> None:
    def face(width: int) -> Face:
        return Face((0, 0, width, width), Measures(width, 99.0, 200.0, 0.0, 0.0))

    assert one_face([face(40), face(100)], "p").width_px == 100
    for faces in ([], [face(80), face(100)]):
        with pytest.raises(BadInput):
            one_face(faces, "p")


def test_equal_error_rate() -> None:
    assert equal_error_rate(np.array([0.1, 0.2]), np.array([0.8, 0.9])) == 0
    assert equal_error_rate(np.array([0.8, 0.9]), np.array([0.1, 0.2])) == 1
    assert equal_error_rate(np.array([0.1, 0.6]), np.array([0.5, 0.9])) == 0.5
    assert equal_error_rate(np.array([]), np.array([0.5])) is None


def test_a_threshold_follows_the_near_tail_of_the_impostors() -> None:
    """Nine of ten pairs are far apart and say nothing about the tenth, which a fit to all would overlook."""
    chance = np.random.default_rng(1)
    distances = np.concatenate([chance.normal(0.95, 0.05, 9000), chance.normal(0.75, 0.08, 1000)])
    found = threshold_report(distances)
    tail, whole = Impostors(*found["impostors"]), Impostors(distances.mean(), distances.std())
    wanted = np.quantile(distances, 0.001)
    assert wanted - 0.04 < tail.limit(0.001) < wanted + 0.01 < wanted + 0.1 < whole.limit(0.001)
    limits = list(found["by_gallery"].values())
    assert limits == sorted(limits, reverse=True)
    assert limits[0] < wanted + 0.02
    assert threshold_report(np.array([]))["impostors"] is None


@given(st.floats(0.8, 3), st.floats(-180, 180), st.floats(-50, 50))
def test_alignment_undoes_turn_scale_and_shift(scale: float, degrees: float, shift: float) -> None:
    spread = (PLACES - PLACES.mean(axis=0)) @ np.array([1, 1j])
    moved = spread * scale * np.exp(1j * np.deg2rad(degrees)) + (300 + 300j + shift)
    points = np.stack([moved.real, moved.imag], axis=1).astype(np.float32)
    picture = np.zeros((600, 600, 3), np.uint8)
    x, y = np.round(points[2]).astype(int)  # the nose
    picture[y - 2 : y + 3, x - 2 : x + 3] = 255
    rows, columns = np.nonzero(aligned(picture, points)[:, :, 0] > 100)
    assert abs(columns.mean() - PLACES[2][0]) < 1.5
    assert abs(rows.mean() - PLACES[2][1]) < 1.5


def test_overlap_of_boxes() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0


def test_a_missing_model_package_is_a_clear_error_not_the_end_of_the_process() -> None:
    script = (
        "import sys; sys.modules['face_recognition_models'] = None\n"
        "from edge.config import Faces\nfrom edge.core.errors import BadInput\n"
        "from vision.faces.engines import open_engine\n"
        "try:\n    open_engine(Faces())\nexcept BadInput as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("faces.engine: the face_recognition package cannot be loaded")
    assert len(done.stdout.splitlines()) == 1, "nothing but the error: stdout may be somebody's JSON"


def test_a_member_code_and_a_claim_by_command(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people.enrol(shop, "anna", member_code=True, as_json=True)
    told = capsys.readouterr()
    issued = json.loads(told.out)
    assert issued["other_way"] is False
    assert "needs another way in" in told.err
    answer = Gallery(shop.with_name("state")).resolve_code(issued["code"], "2026-01-01")
    assert (answer.shopper, answer.opens) == ("anna", False)
    claim.claim(shop, "gate", "1234", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"gate": "gate", "for_ms": 20_000}
    for gate, digits, place in (("back", "1234", "--gate"), ("gate", "12", "phone digits")):
        with pytest.raises(BadInput) as refused:
            claim.claim(shop, gate, digits)
        assert refused.value.place == place
