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
