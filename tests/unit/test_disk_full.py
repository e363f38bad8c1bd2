"""A disk that takes no more: the shop's recording ends and is told, the shop itself ends cleanly, output is refused.

The limit on the size of a file (setrlimit(2)) stands for the full disk: writing beyond it fails with EFBIG.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge import config
from edge.__main__ import main
from edge.clock import SimClock
from edge.core.errors import BadInput
from edge.core.events import TracksSeen
from edge.daemon import Daemon
from edge.ledger import LedgerFull
from edge.ledger.backup import backup
from edge.recorder import BestEffort, Recorder
from edge.recording import Recording
from edge.supervisor import Supervisor
from tests.conftest import ROOT
from tests.unit import ledger_facts as f

SHOP = '[store]\nid = "s"\ncurrency = "KRW"\n'
S = 1_000_000_000


@contextmanager
def files_no_larger_than(most_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def recorder(folder: Path) -> Recorder:
    return Recorder(folder, store_id="s", config_text=SHOP, started_at="2026-01-01T00:00:00Z")


def test_a_recording_ends_and_is_told_once_and_the_shop_goes_on(tmp_path: Path) -> None:
    told: list[str] = []
    kept = BestEffort(recorder(tmp_path / "rec"), told.append)
    limit = (tmp_path / "rec" / "devices.mcap").stat().st_size + 30_000
    with files_no_larger_than(limit):
        for second in range(3_000):
            kept.write(TracksSeen(captured_ns=second * S, source="tracker"))
            kept.flush_if_due(second * S)
        kept.close()
    assert len(told) == 1
    assert told[0].startswith(f"{tmp_path / 'rec'}: nothing more is recorded (")
    found = Recording.open(tmp_path / "rec")
    assert not found.sealed
    assert found.counts["events"] > 0


def a_day(state: Path, clock: SimClock, record: Path | None = None) -> Daemon:
    daemon = Daemon(config.parse(SHOP), state)
    daemon.record(None if record is None else recorder(record))
    daemon.use_clock(clock)
    daemon.decided = []
    return daemon


def test_the_shop_raises_an_alarm_for_its_recording_and_a_restart_clears_it(tmp_path: Path) -> None:
    async def day(began_s: int, record: Path | None) -> set[str]:
        clock = SimClock(began_s * S, 0)
        daemon = a_day(tmp_path / "state", clock, record)
        await daemon.start()
        daemon.begin("r1")
        if record is not None:
            daemon._recording_lost("the disk is full")
        clock.advance_to((began_s + 2) * S)
        await daemon.stop()
        assert daemon.decided is not None
        return {f"{type(order).__name__} {getattr(order, 'place', '')}" for order in daemon.decided}

    assert "RaiseAlarm recording" in asyncio.run(day(0, tmp_path / "rec"))
    assert "ClearAlarm recording" in asyncio.run(day(9, None))


def test_a_decision_that_cannot_be_kept_ends_the_daemon_even_while_it_stops(tmp_path: Path) -> None:
    async def day() -> None:
        clock = SimClock(0, 0)
        daemon = a_day(tmp_path / "state", clock)
        await daemon.start()
        with files_no_larger_than(0):
            daemon.begin("r1")
            clock.advance_to(2 * S)  # decided when the loop runs next, inside stop
            async with asyncio.timeout(20):
                await daemon.stop()
        assert daemon.failed is not None
        assert isinstance(daemon.failed.exception(), LedgerFull)

    asyncio.run(day())


def test_a_known_trouble_of_a_worker_is_one_line_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        events: asyncio.Queue[object] = asyncio.Queue()

        async def work() -> None:
            raise BadInput("disk", "is full; free some space")

        supervisor = Supervisor(lambda: 0, events.put_nowait)
        supervisor.start("saver", work)
        await events.get()
        await supervisor.stop()

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    (record,) = caplog.records
    assert record.getMessage() == "worker saver failed: disk: is full; free some space"
    assert record.exc_info is None


def test_a_backup_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    f.open_ledger(tmp_path).close()
    target = tmp_path / "copy.db"
    key = (tmp_path / "ledger.key").read_bytes()
    with files_no_larger_than(20_000), pytest.raises(LedgerFull, match=r"copy\.db: the disk"):
        backup(tmp_path / "ledger.db", key, target)
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


def muin(*words: object, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["muin", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_output_that_cannot_be_written_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "edge", "check", "--schema"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    cure = "free space, or choose another place"
    assert done.stderr == f"muin: output: cannot be written (No space left on device); {cure}\n"


def test_names_that_the_terminal_cannot_show_are_no_error(tmp_path: Path) -> None:
    shop = tmp_path / "상점.toml"
    shop.write_text(SHOP)
    words = [sys.executable, "-m", "edge", "check", str(shop)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\uc0c1" in done.stdout


@pytest.mark.parametrize("command", ["run", "demo"])
def test_a_second_daemon_on_one_state_folder_is_refused_and_changes_nothing(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, state = tmp_path / "store.toml", tmp_path / "state"
    shop.write_text(SHOP)
    state.mkdir()
    first = f.open_ledger(state)
    before = sorted(path.name for path in state.iterdir())
    words = ["run", "--config", shop] if command == "run" else ["demo", "--port", 0]
    code = muin(*words, "--state", state, "--record", tmp_path / "rec", monkeypatch=monkeypatch)
    after = sorted(path.name for path in state.iterdir())
    first.close()
    assert code == 2
    assert capsys.readouterr().err == f"muin: {state}/ledger.db: another process writes this ledger; stop it first\n"
    assert after == before
    assert not (tmp_path / "rec").exists()


def test_a_day_that_cannot_be_recorded_leaves_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rec").write_text("")
    assert muin("demo", "--once", "--json", "--record", tmp_path / "rec", monkeypatch=monkeypatch) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "is already there" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["rec"]
