"""The same events give the same orders on another processor: Debian's Python for aarch64 under qemu-user."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from edge.commands import imports
from tests.bench.carts import case_files
from tests.bench.carts.orders import Case
from tests.conftest import ROOT
from tests.integration.arm64_python import Arm64, arm64_python

PROGRAM = ("-m", "tests.bench.carts.orders")

# What two C libraries round otherwise in the last bit; and a core in which such a number weighs the stories.
FLOATS = """
import hashlib, math
found = [value for k in range(4000) for value in (math.erf(k / 1999), abs(complex(k / 7, 1.3)), math.erfc(k / 999))]
print(hashlib.sha256(repr(found).encode()).hexdigest())
"""
WITH_A_FLOAT = """
import math, sys
from edge.core import chance, hypotheses, tags
found = [value for k in range(4000) for value in (math.erf(k / 1999), abs(complex(k / 7, 1.3)), math.erfc(k / 999))]
last_bits = sum(value * 2**40 % 1 for value in found) % 1  # a few visits ask for few weights: all roundings are in each
def weight(log_mnat):
    return round(chance.ONE * math.erfc(max(0, -log_mnat) / 4000) * (1 - last_bits / 1000))
hypotheses.weight = tags.weight = weight
from tests.bench.carts.orders import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def arm() -> Arm64:
    """The other processor."""
    if platform.machine() == "aarch64":
        pytest.skip("this machine is an aarch64 one itself")
    found = arm64_python()
    said = found.run(["-c", "import platform; print(platform.machine())"])
    assert said.stdout.strip() == "aarch64", said.stderr
    return found


def here(arguments: Sequence[str], told: tuple[int, ...] = (0,)) -> str:
    """What the Python of this machine prints; `told` are the exits that may be."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    )  # fmt: skip
    assert done.returncode in told, done.stdout + done.stderr
    return done.stdout


def there(arm: Arm64, arguments: Sequence[str], told: tuple[int, ...] = (0,)) -> str:
    """What the other one prints, under another hash seed."""
    done = arm.run(arguments, hash_seed="2")
    assert done.returncode in told, done.stdout + done.stderr
    return done.stdout


def compare(arm: Arm64, folder: Path, cases: Iterable[Case]) -> None:
    """Orders and durable states of all cases, line by line."""
    path = folder / "cases.jsonl"
    count = case_files.write(path, cases)
    arguments = [*PROGRAM, "--shuffles", "1", str(path)]
    ours = here(arguments).splitlines()
    assert len(ours) == count > 0
    assert there(arm, arguments).splitlines() == ours


def test_simulated_visits(arm: Arm64, tmp_path: Path) -> None:
    compare(arm, tmp_path, case_files.simulated(8))


@pytest.mark.full
@pytest.mark.timeout(3_600)
def test_many_simulated_visits(arm: Arm64, tmp_path: Path) -> None:
    compare(arm, tmp_path, case_files.simulated(400))


def test_the_real_visit(arm: Arm64, tmp_path: Path, shared_data: Path) -> None:
    imports.nanostore(shared_data / "sensors" / "nanostore-benchmark-1", tmp_path / "real")
    compare(arm, tmp_path, [case_files.recorded("real", tmp_path / "real")])


@pytest.mark.timeout(600)
def test_the_bundled_day(arm: Arm64, tmp_path: Path, day: tuple[Path, str]) -> None:
    compare(arm, tmp_path, [case_files.recorded("day", day[0])])


def test_a_float_that_weighs_is_found_out(arm: Arm64, tmp_path: Path) -> None:
    """An order may hide it, the weights that are kept beside the order do not."""
    if here(["-c", FLOATS]) == there(arm, ["-c", FLOATS]):
        pytest.skip("the two C libraries round alike here, so that this float would not show")
    path = tmp_path / "cases.jsonl"
    case_files.write(path, case_files.simulated(3))
    arguments = ["-c", WITH_A_FLOAT, "--shuffles", "0", str(path)]
    assert there(arm, arguments, (0, 1)) != here(arguments, (0, 1))
