"""`muin models` as a user runs it: from a folder, from a package index, from a url; and what it says when it cannot."""

from __future__ import annotations

import hashlib
import http.server
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import typer

from edge import __main__ as entry
from edge.core.errors import BadInput
from vision.models.fetch import Fetcher, receive
from vision.models.manifest import Model, ModelFile, Package, model_named

NO_NETWORK = {"https_proxy": "http://127.0.0.1:1", "no_proxy": "", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
BODY = bytes(range(256)) * 8_000  # two blocks of a download


class Ran(Protocol):
    """Runs `muin models ...`; exit code, stdout, stderr."""

    def __call__(self, *options: str) -> tuple[int, str, str]: ...


@pytest.fixture
def muin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ran:
    """The command with the two groups that are tested here; the whole table takes seconds to build."""
    monkeypatch.delenv("MUIN_MODELS", raising=False)
    monkeypatch.setattr(entry, "GROUPS", ("models", "check"))

    def run(*options: str) -> tuple[int, str, str]:
        monkeypatch.setattr(entry, "app", typer.Typer(pretty_exceptions_enable=False))
        monkeypatch.setattr(sys, "argv", ["muin", *options])
        with pytest.raises(SystemExit) as ended:
            entry.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def models(muin: Ran) -> Ran:
    return lambda *options: muin("models", *options)


def row(document: str) -> dict[str, Any]:
    [found] = json.loads(document)["files"]
    assert isinstance(found, dict)
    return found


def test_list_says_what_is_there(models: Ran, shared_models: Path) -> None:
    code, out, _ = models("list", "--json", "--models", str(shared_models))
    assert code == 0
    document = json.loads(out)
    found = {item["name"]: item for item in document["models"]}
    assert found["minifasnet"]["state"] == "present"
    assert found["minifasnet"]["licence"] == "Apache-2.0"
    assert found["dlib_faces"]["files"][0]["path"].endswith(".dat")
    assert "cpu" in document["providers"]
    code, out, _ = models("list")
    assert code == 0
    assert "absent" in out


def test_pull_from_a_folder_then_verify(models: Ran, shared_models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    store = tmp_path / "store.toml"
    store.write_text(f'[store]\nid = "t"\ncurrency = "EUR"\n[models]\nfolder = "{folder}"\n')
    code, out, err = models("pull", "yunet", "--from", str(shared_models), "--config", str(store), "--json")
    assert (code, row(out)["state"]) == (0, "pulled"), err
    code, out, _ = models("pull", "yunet", "--from", str(shared_models), "--models", str(folder), "--json")
    assert (code, row(out)["state"]) == (0, "there")
    code, out, _ = models("verify", "yunet", "--models", str(folder), "--json")
    assert (code, row(out)["state"]) == (0, "ok")
    assert "opens: yunet_n_dynamic.onnx (onnxruntime, cpu)" in row(out)["detail"]
    [file] = folder.rglob("*.onnx")
    file.write_bytes(file.read_bytes()[:1000])
    code, out, err = models("verify", "--models", str(folder), "--json")
    assert code == 1
    bad = [item for item in json.loads(out)["files"] if item["state"] == "failed"]
    assert [item["model"] for item in bad] == ["yunet"]
    assert "is cut or not complete (1000 of 322906 bytes)" in err
    code, out, _ = models("pull", "yunet", "--from", str(shared_models), "--models", str(folder), "--json")
    assert (code, row(out)["state"]) == (0, "pulled")


def test_without_network_it_says_so_and_how_to_go_on(
    models: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models"
    for key, value in NO_NETWORK.items():
        monkeypatch.setenv(key, value)
    for name in ("yunet", "mediapipe_face_detection"):
        code, out, err = models("pull", name, "--models", str(folder), "--json")
        assert (code, row(out)["state"]) == (1, "failed")
        assert f"`muin models pull {name} --from FOLDER`" in err
    assert not folder.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("pull",), "--all"),
        (("pull", "yunet"), "--models FOLDER"),
        (("pull", "no_such", "--models", "x"), "is not known"),
        (("pull", "yunet", "--models", "x", "--from", "/nowhere"), "is no folder"),
        (("verify", "no_such"), "is not known"),
        (("list", "--config", "/nowhere.toml"), "cannot be read"),
    ],
)
def test_bad_input(models: Ran, options: tuple[str, ...], words: str) -> None:
    code, out, err = models(*options)
    assert (code, out) == (2, "")
    assert words in err


def test_what_to_know_before_using_a_model_is_said(models: Ran, shared_models: Path, tmp_path: Path) -> None:
    _, _, err = models("pull", "osnet_x0_25", "--from", str(shared_models), "--models", str(tmp_path))
    assert "Trained on MSMT17" in err


def test_check_names_every_own_file_that_is_for_nothing(muin: Ran, tmp_path: Path) -> None:
    rows = (f'[[models.own]]\nmodel = "{name}"\npath = "x"\nsha256 = "{"0" * 64}"\n' for name in ("a", "minifasnet"))
    store = tmp_path / "store.toml"
    store.write_text(f'[store]\nid = "t"\ncurrency = "EUR"\n{"".join(rows)}')
    code, out, _ = muin("check", str(store), "--json")
    assert code == 2
    places = [row["place"] for row in json.loads(out)["problems"]]
    assert places == ["models.own[0].model", "models.own[1].part"]


def test_verify_of_a_named_model_that_is_absent(models: Ran, tmp_path: Path) -> None:
    code, _, err = models("verify", "yunet", "--models", str(tmp_path))
    assert code == 1
    assert "muin models pull yunet" in err


def test_a_folder_that_cannot_be_written(models: Ran, shared_models: Path, tmp_path: Path) -> None:
    """A file where the folder should be: refused for root as well, whom a read-only folder would not stop."""
    (tmp_path / "models").write_text("")
    code, _, err = models("pull", "yunet", "--from", str(shared_models), "--models", str(tmp_path / "models"))
    assert code == 1
    assert "cannot be written" in err
    assert "choose another --models folder" in err


class Sender(http.server.BaseHTTPRequestHandler):
    """Sends BODY whole, cut, changed or without end, as the path says."""

    def do_GET(self) -> None:
        if self.path == "/gone":
            self.send_error(404)
            return
        body = {"/whole": BODY, "/cut": BODY[:1_500_000], "/changed": BODY[:-1] + b"!", "/more": BODY * 4}[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY) if self.path == "/cut" else len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:  # the other end has heard enough
            pass

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sender) as peer:
        threading.Thread(target=peer.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{peer.server_port}"
        peer.shutdown()


def known(url: str | None = None, package: Package | None = None) -> tuple[Model, ModelFile]:
    file = ModelFile(file="m.onnx", bytes=len(BODY), sha256=hashlib.sha256(BODY).hexdigest(), url=url, package=package)
    return Model(name="m", use="u", runtime="onnx", licence="MIT", origin="o", file=(file,)), file


def test_a_download_is_whole_or_not_there(server: str, tmp_path: Path) -> None:
    target = tmp_path / "m" / "m.onnx"
    for path, words in (
        ("/gone", "cannot be fetched .*404.*--from FOLDER"),
        ("/cut", "gave 1500000 of 2048000 bytes of m.onnx, it is cut; try again|cannot be fetched"),
        ("/changed", "gave another m.onnx than the manifest's"),
        ("/more", "gave another m.onnx than the manifest's"),
    ):
        with Fetcher(tmp_path) as fetcher, pytest.raises(BadInput, match=words):
            fetcher.pull(*known(server + path))
        assert list(tmp_path.rglob("*")) == []
    with Fetcher(tmp_path) as fetcher:
        assert fetcher.pull(*known(server + "/whole")) == "pulled"
    assert target.read_bytes() == BODY
    target.write_bytes(b"older")
    with Fetcher(tmp_path) as fetcher, pytest.raises(BadInput):
        fetcher.pull(*known(server + "/cut"))
    assert target.read_bytes() == b"older"
    assert [path.name for path in target.parent.iterdir()] == ["m.onnx"]


def test_a_file_inside_a_package_of_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip fetches the wheel from a folder of wheels, as it would from an index."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "muin_weights_test-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("muin_weights_test/m.onnx", BODY)
        wheel.writestr(
            "muin_weights_test-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: muin-weights-test\nVersion: 1.0\n"
        )
        wheel.writestr(
            "muin_weights_test-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("muin_weights_test-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    package = Package(name="muin-weights-test", version="1.0", member="muin_weights_test/m.onnx")
    with Fetcher(tmp_path / "models") as fetcher:
        assert fetcher.pull(*known(package=package)) == "pulled"
    assert (tmp_path / "models" / "m" / "m.onnx").read_bytes() == BODY
    other = Package(name="muin-weights-test", version="1.0", member="muin_weights_test/n.onnx")
    with Fetcher(tmp_path / "more") as fetcher, pytest.raises(BadInput, match="has no usable"):
        fetcher.pull(*known(package=other))
    assert not (tmp_path / "more").exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    full = Path("/dev/full")
    file = model_named("yunet").file[0]
    with pytest.raises(BadInput, match="cannot be written"):
        receive([b"x"], full / "m" / "m.onnx", file, "test")
    assert full.exists()
