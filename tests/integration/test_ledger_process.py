"""The ledger as real processes: killed at random moments, read and copied while it is written, one library only."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT
from tests.unit import ledger_facts as f

KILLS = 30
FOREIGN = {"sqlite3", "_sqlite3", "apsw", "pysqlite3", "sqlean"}


@contextmanager
def worker(folder: Path, generation: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.integration.ledger_worker", str(folder), str(generation)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def hear(process: subprocess.Popen[str], count: int) -> list[str]:
    """The next `count` whole lines of the worker."""
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(count)]
    assert all(line.endswith("\n") for line in lines), "the worker ended by itself"
    return lines


def rest(process: subprocess.Popen[str]) -> list[str]:
    """What the worker had said and nobody had read when it was killed."""
    assert process.stdout is not None
    return [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]


def muin(*arguments: str | Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "edge", "ledger", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_killed_writer_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    dice = random.Random(20261123)
    said: list[tuple[str, str, int]] = []
    for generation in range(KILLS):
        with worker(tmp_path, generation) as process:
            assert hear(process, 1) == ["ready\n"]
            lines = hear(process, dice.randint(0, 150))
            process.kill()
            process.wait()
            lines += rest(process)
        for line in lines:
            kind, visit, seq = line.split()
            said.append((kind, visit, int(seq)))
        ledger = f.open_ledger(tmp_path)  # a damaged ledger would not open
        booked = {row[0]: row[1] for row in ledger._db.execute("SELECT seq, type || ' ' || subject FROM event")}
        ledger.close()
        types = {"OpenVisit": "visit.opened", "ChangeCart": "cart.changed", "CloseVisit": "visit.closed"}
        for kind, visit, seq in said:
            about = f"charge/c-{visit}" if kind == "SettleCharge" else f"visit/{visit}"
            assert booked.get(seq) == f"{types.get(kind, 'charge.settled')} {about}"
    assert len(said) > KILLS
    code, answer = muin("verify", tmp_path / "ledger.db", "--json")
    assert (code, json.loads(answer)["problems"]) == (0, [])


def test_people_may_look_at_and_copy_the_books_while_they_are_written(tmp_path: Path) -> None:
    db = tmp_path / "ledger.db"
    with worker(tmp_path, 1) as process:
        hear(process, 20)
        drain = threading.Thread(target=rest, args=(process,))  # else the worker would wait for a reader
        drain.start()
        events = 0
        for n in range(2):
            code, answer = muin("verify", db, "--json")
            assert (code, json.loads(answer)["problems"]) == (0, [])
            code, answer = muin("backup", db, tmp_path / f"copy{n}.db", "--json")
            assert code == 0
            before, events = events, json.loads(answer)["counts"]["events"]
            assert events > before  # it wrote all the while
        assert process.poll() is None
        process.kill()
        drain.join()
    assert muin("verify", tmp_path / "copy1.db")[0] == 0


LIFE = """
import sys
from pathlib import Path
from edge.ledger import LedgerWriter, Ledger, load_key
from edge.ledger.backup import backup
from tests.unit import ledger_facts as f

folder, foreign, opened = Path(sys.argv[1]), [], []

def hook(event, arguments):
    if event.startswith(("sqlite3.", "apsw.")):
        foreign.append(event)
    if event == "open" and str(arguments[0]).endswith("ledger.db"):
        opened.append(arguments[2])

sys.addaudithook(hook)
ledger = f.open_ledger(folder)
opened.clear()  # the file is made before the library opens it
f.tell(ledger, f.opened(), f.closed("V1", f.line()), f.settled())
ledger.acknowledge(*ledger.head())
assert ledger.verify() == [] and ledger.receipts(1) and ledger.counts() and ledger.export_csv()
key = load_key(folder / "ledger.key")
reader = Ledger.inspect(folder / "ledger.db", key)
assert reader.verify() == []
reader.close()
backup(folder / "ledger.db", key, folder / "copy")
print(foreign, opened)
"""


def test_one_sqlite_library_opens_the_file_and_nobody_else_touches_it(tmp_path: Path) -> None:
    """Two libraries in a process drop each other's locks, and so does an open and close of the file itself."""
    done = subprocess.run(
        [sys.executable, "-c", LIFE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("[] []\n", "")


def test_no_module_of_ours_imports_another_sqlite() -> None:
    found = []
    for package in ("edge", "vision", "devices", "firmware_bridge", "cloud_sync"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                if FOREIGN & {name.split(".")[0] for name in names}:
                    found.append(str(path.relative_to(ROOT)))
    assert found == []
