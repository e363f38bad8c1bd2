"""`muin ledger ...` as people call it: exit codes, one JSON document, no traceback."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge.ledger.export import is_gtin, product_uri
from tests.conftest import ROOT
from tests.unit import ledger_facts as f

GTIN = "071142008582"


def muin(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge", "ledger", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    ledger = f.open_ledger(tmp_path)
    f.tell(ledger, f.opened(), seq=1)
    f.tell(ledger, f.closed("V1", f.line(GTIN, 2), f.line("=cmd", 1, None), f.line("gum", status="review")), seq=2)
    f.tell(ledger, f.settled(), f.lost(), seq=3)
    ledger.close()
    return tmp_path / "ledger.db"


def test_verify_of_clean_books(db: Path) -> None:
    done = muin("verify", db, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["ok"], answer["problems"], answer["counts"]["closed_visits"]) == (True, [], 1)
    assert "clean" in muin("verify", db).stdout


def test_verify_of_changed_books_lists_what_is_wrong(db: Path) -> None:
    ledger = f.open_ledger(db.parent)
    ledger._db.execute("DROP TRIGGER sale_line_fixed")
    ledger._db.execute("UPDATE sale_line SET quantity = 3 WHERE n = 1")
    ledger.close()
    done = muin("verify", db)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("sales: sale V1 is over 500, its charged lines add up to 750\n")
    assert json.loads(muin("verify", db, "--json").stdout)["ok"] is False


@pytest.mark.parametrize("command", ["verify", "export", "stats", "backup"])
def test_a_wrong_key_another_file_and_no_file_exit_2_with_the_cure(db: Path, command: str) -> None:
    other = db.with_name("other.key")
    other.write_bytes(bytes(32))
    other.chmod(0o600)
    text = db.with_name("notes.txt")
    text.write_text("no database " * 1000)
    more = [db.with_name("copy.db")] if command == "backup" else []
    for arguments in (
        *([db, *more, "--key-file", other], [text, *more], [db.with_name("absent.db"), *more]),
        [db, *more, "--key-file", db.with_name("absent.key")],
    ):
        done = muin(command, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert done.stderr.startswith("muin: ")
        assert "give" in done.stderr
        assert "Traceback" not in done.stderr
    assert not db.with_name("copy.db").exists()


def test_export_as_csv(db: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(muin("export", db).stdout)))
    assert [(row["sku"], row["quantity"], row["line_minor"], row["status"]) for row in rows] == [
        *((GTIN, "2", "500", "charged"), ("'=cmd", "1", "", "charged"), ("gum", "1", "250", "review"))
    ]
    assert rows[0]["closed_at"] == "2026-09-21T14:13:20.000Z"
    assert (rows[0]["charge"], rows[0]["charge_state"]) == ("c-V1", "ok")


def test_export_as_epcis_sells_only_what_was_charged(db: Path) -> None:
    document = json.loads(muin("export", db, "--format", "epcis").stdout)
    assert (document["type"], document["schemaVersion"]) == ("EPCISDocument", "2.0")
    [sold] = document["epcisBody"]["eventList"]
    assert (sold["type"], sold["bizStep"], sold["disposition"]) == ("ObjectEvent", "retail_selling", "retail_sold")
    assert sold["quantityList"] == [
        {"epcClass": f"https://id.gs1.org/01/00{GTIN}", "quantity": 2},
        {"epcClass": "urn:muin:product:%3Dcmd", "quantity": 1},
    ]


@pytest.mark.parametrize(("sku", "right"), [(GTIN, True), ("071142008583", False), ("96385074", True), ("milk", False)])
def test_a_gtin_is_known_by_its_check_digit(sku: str, right: bool) -> None:
    assert is_gtin(sku) is right
    assert product_uri(sku).startswith("https:") is right


def test_stats_and_backup(db: Path) -> None:
    stats = json.loads(muin("stats", db, "--json").stdout)
    assert (stats["device"], stats["head"], stats["charges_ok"], stats["losses"]) == (f.DEVICE, 5, 1, 1)
    copy = db.with_name("copy.db")
    done = muin("backup", db, copy, "--json")
    assert (done.returncode, json.loads(done.stdout)["counts"]["events"]) == (0, 5)
    assert muin("verify", copy).returncode == 0
    assert muin("backup", db, copy).returncode == 2


def flip(db: Path, offset: int) -> None:
    with db.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff\xfe\xfd\xfc")


@pytest.mark.parametrize("offset", [5000, 60_000])
def test_damaged_books_give_no_figures(db: Path, offset: int) -> None:
    flip(db, offset)
    copy = db.with_name("copy.db")
    for command in ("verify", "stats", "export", "backup"):
        done = muin(command, db, *([copy] if command == "backup" else []))
        assert done.returncode == 1, (command, done)
        assert ("damaged" in done.stdout or "HMAC" in done.stdout) if command == "verify" else done.stdout == ""
        assert command == "verify" or (done.stderr.startswith(f"muin: {db}: is damaged: ") and "verify" in done.stderr)
        told = muin(command, db, *([copy] if command == "backup" else []), "--json")
        assert (told.returncode, json.loads(told.stdout)["ok"]) == (1, False)
    assert [path.name for path in db.parent.glob("*copy*")] == []


def test_a_changed_figure_is_not_exported(db: Path) -> None:
    ledger = f.open_ledger(db.parent)
    ledger._db.execute("DROP TRIGGER sale_line_fixed")
    ledger._db.execute("UPDATE sale_line SET sku = 'other' WHERE n = 1")
    ledger.close()
    for command in ("stats", "export"):
        done = muin(command, db)
        assert (done.returncode, done.stdout) == (1, "")
        assert "table sale_line is not what its events make it" in done.stderr


def test_a_missing_ledger_is_named_before_its_key(tmp_path: Path) -> None:
    for command in ("verify", "stats", "export", "backup"):
        done = muin(command, tmp_path / "none.db", *([tmp_path / "copy.db"] if command == "backup" else []))
        assert done.returncode == 2
        assert "none.db: there is no such file" in done.stderr
