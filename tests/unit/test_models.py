"""The models of a box: the manifest, from names to verified files, and what is wrong with a file, in words."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from edge.config import Models, OwnModel
from edge.core.errors import BadInput
from vision.models import ModelAbsent, ModelBad, Network, all_models, model_named, open_network, resolve, tflite
from vision.models.features import FEATURES, Feature, as_markdown, state_of
from vision.models.form import fits
from vision.models.network import choose_providers, has_engines

ROOT = Path(__file__).resolve().parents[2]
LIGHT = model_named("light_person").file[0]


def placed(folder: Path, shared_models: Path) -> Path:
    """A models folder with one whole file in it."""
    target = folder / "light_person" / LIGHT.file
    target.parent.mkdir(parents=True)
    target.write_bytes((shared_models / "light_person" / LIGHT.file).read_bytes())
    return target


def test_every_row_of_the_manifest_is_complete() -> None:
    assert len(all_models()) >= 14
    for name, model in all_models().items():
        assert model.licence in {"Apache-2.0", "MIT", "CC0-1.0"}
        assert model.use
        assert model.origin
        parts = [file.part for file in model.file]
        assert len(set(parts)) == len(parts)
        for file in model.file:
            assert re.fullmatch("[0-9a-f]{64}", file.sha256), name
            assert file.bytes > 10_000
            assert file.url is None or file.url.endswith((".onnx", ".tflite"))
            assert bool(file.inputs and file.outputs) == (model.runtime != "dlib")


def test_a_name_nobody_knows_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="not known; the known ones are yunet, "):
        resolve("yolo", None)
    with pytest.raises(BadInput, match="has no part 'v3'; its parts are v2, v1se"):
        resolve("minifasnet", None, parts=("v3",))


@pytest.mark.parametrize("folder", [None, "nowhere", "."])
def test_an_absent_model_says_how_to_get_it(folder: str | None, tmp_path: Path) -> None:
    where = None if folder is None else tmp_path / folder
    with pytest.raises(ModelAbsent, match="muin models pull light_person") as caught:
        resolve("light_person", where)
    assert caught.value.place == "model light_person"


def test_a_file_is_found_in_its_folder_or_beside_the_others(tmp_path: Path, shared_models: Path) -> None:
    path = placed(tmp_path, shared_models)
    found = resolve("light_person", Models(folder=str(tmp_path)))
    assert (found.path, found.own, found.finger_print) == (path, False, LIGHT.sha256[:8])
    path.rename(tmp_path / LIGHT.file)
    assert resolve("light_person", tmp_path).path == tmp_path / LIGHT.file


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[:1000], "is cut or not complete \\(1000 of 3616703 bytes\\); pull it again"),
        (lambda data: b"", "0 of 3616703"),
        (lambda data: data[:-1] + b"\x00", "another file than the manifest's .*declare it as your own"),
    ],
)
def test_a_file_that_is_not_the_declared_one_is_refused(
    spoil: object, words: str, tmp_path: Path, shared_models: Path
) -> None:
    path = placed(tmp_path, shared_models)
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ModelBad, match=words) as caught:
        resolve("light_person", tmp_path)
    assert caught.value.place == str(path)


def own(path: Path, sha256: str | None = None, model: str = "light_person", part: str = "") -> Models:
    digest = sha256 or hashlib.sha256(path.read_bytes()).hexdigest()
    return Models(own=[OwnModel(model=model, part=part, path=str(path), sha256=digest)])


def test_an_operators_own_file_takes_the_place_of_ours(shared_models: Path) -> None:
    larger = shared_models / "yolox_nano" / "yolox_nano_416.onnx"
    found = resolve("light_person", own(larger))  # another size and more classes: its users can work with that
    assert found.own
    assert found.finger_print != LIGHT.sha256[:8]
    assert open_network(found).input_shapes == ((1, 3, 416, 416),)


def test_an_own_file_of_another_form_is_refused_when_it_is_opened(shared_models: Path) -> None:
    found = resolve("light_person", own(shared_models / "osnet_x0_25" / "osnet_x0_25_msmt17.onnx"))
    with pytest.raises(ModelBad, match=r"input input is float32 .* wanted float32 \[1, 3, 'side', 'side'\]"):
        open_network(found)
    three = resolve("yunet", own(shared_models / "yolox_nano" / "yolox_nano_416.onnx", model="yunet"))
    with pytest.raises(ModelBad, match="has 1 outputs, wanted 12: another network"):
        open_network(three)


def test_an_own_file_must_be_the_one_that_was_declared(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(ModelBad, match="correct the file or the configuration"):
        resolve("light_person", own(path, "0" * 64))
    with pytest.raises(ModelBad, match="is not a usable ONNX file"):
        open_network(resolve("light_person", own(path)))
    settings = own(path)
    path.unlink()
    with pytest.raises(ModelBad, match="cannot be read"):
        resolve("light_person", settings)


@pytest.mark.parametrize(
    ("model", "part", "place"), [("mine", "", "models.own[0].model"), ("minifasnet", "", "models.own[0].part")]
)
def test_an_own_file_for_nothing_is_refused(model: str, part: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        resolve("yunet", own(tmp_path, "0" * 64, model, part))
    assert caught.value.place == place


def test_dlib_s_files_are_used_where_pip_put_them() -> None:
    found = resolve("dlib_faces", None)
    assert {place.whose for place in found.places.values()} == {"package"}
    assert found.of("template").path.is_file()


@pytest.mark.parametrize(
    ("wanted", "offered", "prepared", "chosen"),
    [
        ("auto", ["tensorrt", "cuda", "cpu"], True, ["tensorrt", "cuda", "cpu"]),
        ("auto", ["tensorrt", "cuda", "cpu"], False, ["cuda", "cpu"]),
        ("auto", ["cpu"], True, ["cpu"]),
        ("cuda", ["tensorrt", "cuda", "cpu"], False, ["cuda", "cpu"]),
        ("tensorrt", ["tensorrt", "cpu"], False, ["tensorrt", "cpu"]),
        ("tensorrt", ["cpu"], False, ["cpu"]),
        ("cpu", ["cuda", "cpu"], False, ["cpu"]),
    ],
)
def test_who_computes(wanted: str, offered: list[str], prepared: bool, chosen: list[str]) -> None:
    assert choose_providers(wanted, offered, prepared) == chosen


def test_engines_that_tensorrt_built_are_found(tmp_path: Path) -> None:
    assert not has_engines(None)
    assert not has_engines(str(tmp_path))
    (tmp_path / "engines").mkdir()
    assert not has_engines(str(tmp_path))
    (tmp_path / "engines" / "x_sm87.engine").touch()
    assert has_engines(str(tmp_path))


def test_a_wish_that_cannot_be_met_is_said(shared_models: Path) -> None:
    settings = Models(folder=str(shared_models), provider="tensorrt")
    network = open_network(resolve("osnet_x0_25", settings))
    assert network.provider == "cpu"
    name = "osnet_x0_25_msmt17.onnx"
    assert network.describe() == f"{name} (onnxruntime, cpu; tensorrt is not offered by this onnxruntime)"
    place = resolve("osnet_x0_25", settings).of("")
    stopped = Network(network.session, place, "auto", ["cuda", "cpu"])
    assert stopped.describe() == f"{name} (onnxruntime, cpu; cuda is offered but did not start)"


def test_all_networks_open_and_have_the_form_of_the_manifest(shared_models: Path) -> None:
    for model in all_models().values():
        if model.runtime == "onnx" and (shared_models / model.name).is_dir():
            found = resolve(model.name, shared_models)
            for part in found.places:
                assert open_network(found, part).outputs == tuple(form.name for form in found.of(part).file.outputs)


def names_all(feature: Feature) -> bool:
    text = (ROOT / feature.user).read_text(encoding="utf-8")
    return all(f'"{name}"' in text for choice in feature.choices for name in choice)


def test_the_table_of_features_is_that_of_the_readme_and_names_what_there_is() -> None:
    readme = (ROOT / "vision" / "README.md").read_text(encoding="utf-8")
    assert "\n".join(as_markdown()) in readme
    for feature in FEATURES:
        assert feature.role in {"shelf", "floor", "gate"}
        assert all(name in all_models() for choice in feature.choices for name in choice)
        assert not feature.user or names_all(feature)
    in_features = {name for feature in FEATURES for choice in feature.choices for name in choice}
    assert in_features == {name for name, model in all_models().items() if model.note != "No sense uses it yet."}


def test_what_a_feature_gets(tmp_path: Path, shared_models: Path) -> None:
    people = next(feature for feature in FEATURES if feature.name == "people")
    assert state_of(people, Models())["in_use"] is None
    path = placed(tmp_path, shared_models)
    settings = Models(folder=str(tmp_path))
    assert state_of(people, settings)["in_use"] == ["light_person"]
    (tmp_path / "yolox_nano_416.onnx").write_bytes(b"cut")
    state = state_of(people, settings)
    assert state["in_use"] == ["light_person"]
    assert "yolox_nano_416.onnx: is cut" in state["problems"][0]
    path.unlink()
    assert not state_of(people, settings)["present"]


def test_shapes() -> None:
    assert fits(("b", 3, "h", "None"), ("n", 3, 8, 8))
    assert fits((1, 3, 8, 8), (1, 3, "h", "w"))
    assert not fits((1, 3, 8), (1, 3, 8, 8))
    assert not fits((1, 4, 8, 8), (1, 3, 8, 8))
    assert fits((1, 3, 64, 64), (1, 3, "side", "side"))
    assert not fits((1, 3, 64, 32), (1, 3, "side", "side"))


@pytest.mark.parametrize("name", [name for name, model in all_models().items() if model.runtime == "tflite"])
def test_tflite_files_have_the_form_of_the_manifest(name: str, shared_models: Path) -> None:
    found = resolve(name, shared_models)
    for part in found.places:
        assert tflite.model_bytes(found, part)[4:8] == b"TFL3"


def test_an_own_tflite_file_of_another_form_is_refused(tmp_path: Path, shared_models: Path) -> None:
    hand = shared_models / "mediapipe_hands" / "hand_landmark_full.tflite"
    with pytest.raises(ModelBad, match=r"input input_1 is float32 \[1, 224, 224, 3\], wanted uint8"):
        tflite.model_bytes(resolve("movenet_lightning_int8", own(hand, model="movenet_lightning_int8")))
    whole = hand.read_bytes()
    for data in (b"", b"text" * 9, whole[:100], whole[:4] + b"TFL3" + b"\xff" * 100, whole[: len(whole) // 2]):
        (tmp_path / "mine.tflite").write_bytes(data)
        settings = own(tmp_path / "mine.tflite", model="movenet_lightning_int8")
        with pytest.raises(ModelBad, match=r"is not a usable TFLite file|another network"):
            tflite.model_bytes(resolve("movenet_lightning_int8", settings))


def test_the_hand_bundle_opens_in_mediapipe(shared_models: Path) -> None:
    from mediapipe.tasks.python import BaseOptions, vision

    found = resolve("mediapipe_hands", shared_models, parts=("palm_full", "landmarks_full"))
    options = vision.HandLandmarkerOptions(base_options=BaseOptions(model_asset_buffer=tflite.hand_task(found)))
    vision.HandLandmarker.create_from_options(options).close()
