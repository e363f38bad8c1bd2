"""A shop that must not start says why in one line and changes nothing: its books are in use, or cannot be written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, program

SHOP = '[store]\nid = "t"\ncurrency = "KRW"\n[web]\nport = 0\n'
MUIN = (sys.executable, "-m", "edge")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    """The store.toml of a shop without a device."""
    path = tmp_path / "store.toml"
    path.write_text(SHOP)
    yield path
    for folder in (tmp_path, tmp_path / "state"):
        if folder.is_dir():
            folder.chmod(0o755)


def started(shop: Path) -> subprocess.Popen[str]:
    """A shop that runs."""
    process = subprocess.Popen(
        [*MUIN, "run", "--config", str(shop)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert "runs, page at" in process.stdout.readline()
    return process


def ended(process: subprocess.Popen[str]) -> int:
    """Its exit code after being told to stop."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=60)
    finally:
        process.kill()


def without_privilege() -> list[str]:
    """What makes a command obey the modes of files, for root as well."""
    if os.geteuid() != 0:
        return []
    names = "-dac_override,-dac_read_search,-fowner"
    words = [program("setpriv", "util-linux"), f"--bounding-set={names}", f"--inh-caps={names}"]
    if subprocess.run([*words, "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("nobody can give up a privilege here, so a folder cannot be made read-only for root")
    return words


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(*words: str) -> str:
    """The one line on stderr of a command that is refused."""
    done = subprocess.run(
        [*without_privilege(), *MUIN, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (line,) = done.stderr.splitlines()
    return line


def test_a_second_daemon_on_the_same_books_is_refused_and_the_first_goes_on(shop: Path) -> None:
    first = started(shop)
    try:
        before = sorted(content(shop.parent))
        line = refused("run", "--config", str(shop), "--record", str(shop.parent / "rec"))
        assert line == f"muin: {shop.parent}/state/ledger.db: another process writes this ledger; stop it first"
        assert sorted(content(shop.parent)) == before
        assert first.poll() is None
    finally:
        assert ended(first) == 0
    again = started(shop)
    assert ended(again) == 0


def test_a_state_folder_that_became_read_only_is_named_and_left_as_it_is(shop: Path) -> None:
    state = shop.parent / "state"
    assert ended(started(shop)) == 0
    state.chmod(0o555)
    before = content(state)
    line = refused("run", "--config", str(shop), "--record", str(shop.parent / "rec"))
    assert line.startswith(f"muin: {state}/ledger.db: the disk refused (")
    assert "permissions" in line
    assert content(state) == before
    assert not (shop.parent / "rec").exists()
    assert refused("demo", "--port", "0", "--state", str(state)).startswith(f"muin: {state}")
    assert content(state) == before


def test_books_that_may_only_be_read_are_named_before_the_shop_opens(shop: Path) -> None:
    state = shop.parent / "state"
    assert ended(started(shop)) == 0
    (state / "ledger.db").chmod(0o400)
    before = content(state)
    line = refused("run", "--config", str(shop))
    assert line.startswith(f"muin: {state}/ledger.db: the ledger may only be read; make the file")
    assert content(state) == before


@pytest.mark.parametrize("words", [["--state", "other"], ["--record", "rec"]])
def test_a_place_that_cannot_be_made_is_named_before_the_shop_opens(shop: Path, words: list[str]) -> None:
    state, place = shop.parent / "state", shop.parent / words[1]
    state.mkdir()
    shop.parent.chmod(0o555)
    line = refused("run", "--config", str(shop), words[0], str(place))
    assert line.startswith(f"muin: {place}: cannot be ")
    assert "(Permission denied); choose another place" in line
    assert not place.exists()
