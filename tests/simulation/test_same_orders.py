"""The same facts give the same orders: however they arrive, at any speed, under any hash seed of Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bench.carts import case_files
from tests.conftest import ROOT

HASH_SEEDS = ("0", "1", "4711")

# Mistakes that somebody could make in the core, made here in a process of its own.
BY_HASH = """
import sys
from edge.core import hypotheses
right = hypotheses.prune
doubt = lambda story: (-story.weight >> 40, hash(str(story.carts)))
hypotheses.prune = lambda stories: sorted(right(stories), key=doubt)
from tests.bench.carts.orders import main
sys.exit(main())
"""
BY_ARRIVAL = """
import sys
from edge.core import ordering
right = ordering.order_key
ordering.order_key = lambda event: (right(event)[0] - right(event)[0] % 300_000_000, event.seq, "", "")
from tests.bench.carts.orders import main
sys.exit(main())
"""


class Printed(NamedTuple):
    """What orders.py printed, and whether it found arrivals that gave other orders."""

    text: str
    same: bool


def hashes(cases: Path, shuffles: int, hash_seed: str, code: str = "") -> Printed:
    """Run orders.py, or `code` in its place, in a process of its own."""
    program = ["-c", code] if code else ["-m", "tests.bench.carts.orders"]
    done = subprocess.run(
        [sys.executable, *program, "--shuffles", str(shuffles), str(cases)],
        cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("Traceback")], done.stderr
    return Printed(done.stdout, done.returncode == 0)


def compare(cases: Path, count: int, shuffles: int) -> None:
    """All hash seeds print the same, and no arrival changes anything."""
    printed = {seed: hashes(cases, shuffles, seed) for seed in HASH_SEEDS}
    for found in printed.values():
        lines = found.text.splitlines()
        assert [line for line in lines if not line.endswith(" same")] == []
        assert found.same
        assert len(lines) == count
    assert len({found.text for found in printed.values()}) == 1


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six visits as events."""
    path = tmp_path_factory.mktemp("few") / "cases.jsonl"
    case_files.write(path, case_files.simulated(6))
    return path


@pytest.mark.timeout(900)
def test_thirty_visits_give_the_same_orders(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    compare(path, case_files.write(path, case_files.simulated(30)), shuffles=2)


@pytest.mark.full
@pytest.mark.timeout(3_600)
def test_a_thousand_visits_give_the_same_orders(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    compare(path, case_files.write(path, case_files.simulated(1_000)), shuffles=6)


def test_an_order_by_hash_is_found_out(few: Path) -> None:
    assert len({hashes(few, 0, seed, BY_HASH).text for seed in HASH_SEEDS}) > 1


def test_an_order_by_arrival_is_found_out(few: Path) -> None:
    found = hashes(few, 3, "0", BY_ARRIVAL)
    assert not found.same
    assert "shuffle 0" in found.text
