"""What integration tests share: the day that the bundled shop records."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

MUIN = [sys.executable, "-m", "edge"]


def muin(*arguments: str | Path, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Run a command of ours; its own hash seed, so that an order by hash would show."""
    return subprocess.run(
        [*MUIN, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )  # fmt: skip


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A recording that the demo wrote, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "day"
    done = muin("demo", "--once", "--json", "--record", folder, hash_seed="1")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout
