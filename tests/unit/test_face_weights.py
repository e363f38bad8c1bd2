"""Face engines whose weights are damaged, swapped or missing: what goes on, what does not, and what is said."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from edge import config
from edge.config import Faces, Models, OwnModel
from edge.core.events import HealthChanged
from vision.faces.engines import open_engine
from vision.gate import GateWatch
from vision.models import ModelBad, resolve

SHOP = '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "cam"\nrole = "gate"\n'


@pytest.fixture
def spoiled(tmp_path: Path) -> Path:
    """A models folder in which every file of the gate's is cut."""
    for name in ("yunet", "mobilefacenet", "mediapipe_face_detection", "minifasnet"):
        for place in resolve_names(name):
            (tmp_path / place).write_bytes(b"cut")
    return tmp_path


def resolve_names(name: str) -> list[str]:
    from vision.models import model_named

    return [file.file for file in model_named(name).file]


def told(sense: GateWatch) -> HealthChanged:
    picture = np.random.default_rng(5).integers(80, 100, (240, 320, 3)).astype(np.uint8)
    events = [event for number in range(2) for event in sense.see(picture, number * 300_000_000)]
    [health] = [event for event in events if isinstance(event, HealthChanged)]
    return health


def test_auto_goes_on_with_dlib_and_says_so_at_a_gate_alone(spoiled: Path) -> None:
    text = f'{SHOP}[faces]\nengine = "auto"\n[models]\nfolder = "{spoiled}"\n'
    sense = GateWatch.from_config(config.parse(text), "cam")
    health = told(sense)
    assert (health.state, health.device) == ("degraded", "cam:identity")
    for name in ("mobilefacenet_128d_112.onnx", "face_detection_full_range_sparse.tflite", "minifasnet_v2"):
        assert name in health.detail
    assert "dlib ResNet templates" in sense.describe()
    sense.close()
    with pytest.raises(ModelBad, match="is cut or not complete"):  # whoever enrols would get the wrong templates
        open_engine(Faces(engine="auto"), spoiled)


@pytest.mark.parametrize(("key", "value"), [("engine", "onnx"), ("liveness", "refuse")])
def test_what_was_asked_for_and_cannot_be_leaves_codes_alone(key: str, value: str, spoiled: Path) -> None:
    sense = GateWatch.from_config(
        config.parse(f'{SHOP}[faces]\n{key} = "{value}"\n[models]\nfolder = "{spoiled}"\n'), "cam"
    )
    assert sense.describe().startswith("codes only (")
    assert told(sense).state == "degraded"
    absent = GateWatch.from_config(config.parse(f'{SHOP}[faces]\n{key} = "{value}"\n'), "cam")
    assert absent.describe().startswith("codes only (")


def own(part: str, path: Path) -> Models:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Models(own=[OwnModel(model="dlib_faces", part=part, path=str(path), sha256=digest)])


def test_an_own_file_for_dlib_makes_templates_of_their_own_kind(tmp_path: Path) -> None:
    known = resolve("dlib_faces", None).of("five_points").path
    plain, mine = open_engine(Faces()), open_engine(Faces(), own("five_points", known))
    assert plain.kind == "dlib-resnet-v1-128"
    assert mine.kind.startswith(f"{plain.kind}-")
    with pytest.raises(ModelBad, match="finds 68 points, wanted 5"):
        open_engine(Faces(), own("five_points", known.with_name("shape_predictor_68_face_landmarks.dat")))
    (tmp_path / "other.dat").write_bytes(b"something else")
    with pytest.raises(ModelBad, match="is no file that dlib can use here"):
        open_engine(Faces(), own("template", tmp_path / "other.dat"))
