"""The house rules that a machine can check: sizes, names, docstrings, clocks, sleeps, addresses."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("edge", "vision", "devices", "firmware_bridge", "cloud_sync")
FILE_CAP, FUNCTION_CAP = 500, 60
TEST_KINDS = {"unit", "replay", "simulation", "integration", "rig", "fuzz", "bench"}
CLOCK_FILES = {"edge/clock.py", "firmware_bridge/board_simulator.py"}  # ours, and the simulated board's own
BANNED_NAMES = re.compile(r"(^|_)(utils?|common|helpers?|manager|misc)(_|$)")
READS = ("time", "monotonic", "perf_counter", "process_time")
CLOCKS = {("time", name + unit) for name in READS for unit in ("", "_ns")} | {
    ("datetime", "now"),
    ("datetime", "utcnow"),
}


def sources(*roots: str) -> list[Path]:
    return sorted(path for root in roots for path in (ROOT / root).rglob("*.py"))


PRODUCT = sources(*ROOTS)
EVERYTHING = [*PRODUCT, *sources("tests")]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", EVERYTHING, ids=relative)
def test_file(path: Path) -> None:
    """One file against the rules that hold for every file."""
    text = path.read_text()
    tree = ast.parse(text)
    name = relative(path)
    problems = []
    if len(text.splitlines()) > FILE_CAP:
        problems.append(f"{name} has more than {FILE_CAP} lines")
    if not ast.get_docstring(tree):
        problems.append(f"{name} does not say what it is for")
    if BANNED_NAMES.search(path.stem):
        problems.append(f"{name}: the name says nothing about what is inside")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_CAP:
                problems.append(f"{name}:{node.lineno} {node.name} has {length} lines")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            problems += _banned_call(name, node, node.func)
    assert not problems, "\n".join(problems)


def _banned_call(name: str, node: ast.Call, func: ast.Attribute) -> list[str]:
    owner = func.value.id if isinstance(func.value, ast.Name) else getattr(func.value, "attr", "")
    if (owner, func.attr) in CLOCKS and name not in CLOCK_FILES and not name.startswith("tests/"):
        return [f"{name}:{node.lineno} reads a clock; only edge/clock.py does"]
    if (owner, func.attr) == ("asyncio", "wait_for") and not name.startswith("tests/"):
        return [f"{name}:{node.lineno} uses wait_for, which can swallow a cancellation; use asyncio.timeout"]
    if (owner, func.attr) == ("time", "sleep"):
        return [f"{name}:{node.lineno} sleeps; wait for a condition"]
    return []


def test_public_things_of_the_product_have_docstrings() -> None:
    problems = []
    for path in PRODUCT:
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and not ast.get_docstring(node):
                problems.append(f"{relative(path)}:{node.lineno} {node.name}")
    assert not problems, "\n".join(problems)


def test_tests_are_sorted_by_kind() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= TEST_KINDS
    assert not folders & set(ROOTS), "a test folder would shadow the package of the same name"


@pytest.mark.parametrize("root", ROOTS)
def test_roots_resolve_inside_this_tree(root: str) -> None:
    module = importlib.import_module(root)
    assert Path(str(module.__file__)).resolve().is_relative_to(ROOT)


def test_no_test_switch_in_the_product() -> None:
    switch = re.compile(r"PYTEST|IS_TEST|TEST_MODE|in_test|testing\s*=\s*True")
    assert [relative(path) for path in PRODUCT if switch.search(path.read_text())] == []


def test_pins_carry_hashes_and_no_addresses() -> None:
    for name in ("run.txt", "test.txt"):
        text = (ROOT / "requirements" / name).read_text()
        assert "://" not in text
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert all("==" in pin for pin in pins)
        assert text.count("--hash=sha256:") >= len(pins)
    assert "opencv-python==" not in (ROOT / "requirements" / "run.txt").read_text()


def test_nothing_generated_or_private_is_tracked() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this copy is not a git checkout")
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in names if name.endswith((".db", ".key", ".pyc", "uv.lock"))] == []
