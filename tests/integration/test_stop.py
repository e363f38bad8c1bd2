"""A shop that is told to stop stops, whenever it is told: cleanly, quickly, without a traceback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.ledger.keys import load_key
from edge.ledger.ledger import Ledger
from tests.conftest import ROOT

SHOP = """
[store]
id = "t"
currency = "KRW"
[[camera]]
id = "cam"
role = "floor"
url = "/nowhere/clip.mp4"
[[door]]
id = "gate"
port = "/nowhere/port"
[web]
port = 0
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after_s", [0.0, 0.2, 0.4, 0.6, 0.8, 1.2, 3.0])
def test_a_signal_at_any_moment_of_the_start_ends_the_run(
    number: signal.Signals, after_s: float, tmp_path: Path
) -> None:
    """Without its port and its camera too: they are alarms, not reasons to hang."""
    config = tmp_path / "store.toml"
    config.write_text(SHOP)
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job ignores it, its heirs too
    process = subprocess.Popen(
        [sys.executable, "-m", "edge", "run", "--config", str(config)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    threading.Event().wait(after_s)
    os.kill(process.pid, number)
    try:
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    early = {130, -number}  # before the command listens: Python's own way to end
    assert process.returncode in ({0} | early), told
    assert "Traceback" not in told or process.returncode in early
    ledger = tmp_path / "state" / "ledger.db"
    if process.returncode == 0 and ledger.exists():
        books = Ledger.inspect(ledger, load_key(tmp_path / "state" / "ledger.key"))
        assert books.verify() == []
        books.close()


def test_a_port_in_use_is_told_before_anything_runs(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = tmp_path / "store.toml"
        config.write_text(SHOP.replace("port = 0", f"port = {taken.getsockname()[1]}"))
        done = subprocess.run(
            [sys.executable, "-m", "edge", "run", "--config", str(config)],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "choose another" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broker_that_cannot_be_one_is_told_and_everything_started_is_stopped(tmp_path: Path) -> None:
    config = tmp_path / "store.toml"
    config.write_text(SHOP + '[cloud]\nbroker = "http://not a broker"\n')
    done = subprocess.run(
        [sys.executable, "-m", "edge", "run", "--config", str(config)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "broker" in done.stderr
    assert "Traceback" not in done.stderr
