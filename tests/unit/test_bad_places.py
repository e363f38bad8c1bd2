"""What a stranger may give a command: places and lists that cannot be used end with 2 and one line, no traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.core.errors import BadInput
from edge.labelled_faces import read

SHOP = '[store]\nid = "s"\ncurrency = "KRW"\n'


def told(args: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    monkeypatch.setattr(sys, "argv", ["muin", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    return said.out, said.err


@pytest.mark.parametrize("command", [["replay"], ["score"], ["import", "nanostore", "."]])
def test_a_name_too_long_for_the_disk(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = told([*command, str(tmp_path / ("x" * 300))], monkeypatch, capsys)
    assert out == ""
    assert err.startswith("muin: ")
    assert len(err.splitlines()) == 1


def test_a_file_in_place_of_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, state = tmp_path / "store.toml", tmp_path / "state"
    shop.write_text(SHOP)
    state.write_text("")
    _, err = told(["run", "--config", str(shop), "--state", str(state)], monkeypatch, capsys)
    assert str(state) in err
    assert "choose another" in err


def test_check_tells_problems_on_both_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = told(["check", str(tmp_path / "none.toml"), "--json"], monkeypatch, capsys)
    assert json.loads(out)["ok"] is False
    assert "none.toml" in err


def test_a_list_with_a_path_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b'path,identity\n"x\0y.jpg",anna\n')
    with pytest.raises(BadInput, match=r"list\.csv:2"):
        read(tmp_path / "list.csv", strangers=False)


def test_a_list_of_which_nobody_can_be_enrolled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "list.csv"
    names.write_text("path,identity\nnobody.jpg,anna\n")
    out, err = told(["evaluate", "faces", "--enrol", str(names), "--probe", str(names)], monkeypatch, capsys)
    assert out == ""
    assert f"{names}: no row of it can be enrolled" in err


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_cannot_be(port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = told(["demo", "--port", port], monkeypatch, capsys)
    assert "--port" in err


def test_every_broken_truth_below_a_folder_is_named_before_a_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("a", "{}"), ("b", "[1]"), ("c", '{"format": 1, "visits": []}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}")
        (tmp_path / name / "truth.json").write_text(text)
    out, err = told(["score", str(tmp_path)], monkeypatch, capsys)
    assert out == ""
    assert "a/truth.json: is not in the form of truth.json: $.format: is missing; add it; $.visits: is missing" in err
    assert "b/truth.json" in err


def test_a_recording_of_another_format_is_named_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manifest.json").write_text('{"format": 7, "store_id": "s", "started_at": ""}')
    _, err = told(["replay", str(tmp_path)], monkeypatch, capsys)
    assert f"{tmp_path}/manifest.json: format 7 is not known" in err


@pytest.mark.parametrize("clip", ["none.mp4", "."])
def test_a_clip_that_is_not_there(
    clip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = told(["evaluate", "gate", "--enrol", "none.csv", str(tmp_path / clip)], monkeypatch, capsys)
    assert err.startswith(f"muin: {tmp_path / clip}: ")
    assert "give the path of a video file" in err
