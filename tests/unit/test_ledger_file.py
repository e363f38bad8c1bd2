"""The file: its key, its lock, damage, a full disk. Every refusal names place and cure; nothing is started anew."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.core.errors import BadInput
from edge.ledger import Ledger, LedgerBusy, LedgerDamaged, LedgerFull, WrongKey, load_key, load_or_create_key
from edge.ledger.backup import backup
from edge.ledger.keys import KEY_BYTES
from tests.conftest import ROOT
from tests.unit import ledger_facts as f


def fill(folder: Path, visits: int = 20) -> bytes:
    """A closed ledger with some visits; its key."""
    ledger = f.open_ledger(folder)
    for n in range(visits):
        f.tell(ledger, f.opened(f"V{n}"), f.changed(f"V{n}"), f.closed(f"V{n}", f.line()), seq=n, state=b"s" * 500)
    ledger.close()
    return load_key(folder / "ledger.key")


def reopen(folder: Path, key: bytes, **other: str) -> Ledger:
    whose = {"device": f.DEVICE, "currency": f.CURRENCY} | other
    return Ledger.open(folder / "ledger.db", key, **whose)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.key"
    key = load_or_create_key(path)
    assert len(key) == KEY_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_key(path) == key
    assert os.listdir(path.parent) == ["ledger.key"]


@pytest.mark.parametrize(("content", "mode", "cure"), [(b"x" * 32, 0o644, "chmod 600"), (b"x" * 31, 0o600, "31")])
def test_a_key_file_that_cannot_be_right_is_refused(tmp_path: Path, content: bytes, mode: int, cure: str) -> None:
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(BadInput, match=cure):
        load_or_create_key(path)
    assert path.read_bytes() == content


def test_no_new_key_is_made_beside_a_ledger_that_has_lost_its_own(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "ledger.key").unlink()
    with pytest.raises(BadInput, match="put the key file back"):
        load_or_create_key(tmp_path / "ledger.key", ledger=tmp_path / "ledger.db")
    assert not (tmp_path / "ledger.key").exists()


def test_the_file_is_the_owners_and_shows_nothing(tmp_path: Path) -> None:
    fill(tmp_path)
    assert stat.S_IMODE((tmp_path / "ledger.db").stat().st_mode) == 0o600
    content = (tmp_path / "ledger.db").read_bytes()
    assert not any(word in content for word in (b"SQLite", b"milk", b"shopper"))


@pytest.mark.parametrize("opener", [Ledger.inspect, partial(Ledger.open, device=f.DEVICE, currency=f.CURRENCY)])
def test_another_key_and_another_file_are_refused_and_left_alone(
    tmp_path: Path, opener: Callable[[Path, bytes], Ledger]
) -> None:
    key = fill(tmp_path)
    content = (tmp_path / "ledger.db").read_bytes()
    other = tmp_path / "text"
    other.write_bytes(b"not a database at all, and longer than a header " * 200)
    for path, wrong in ((tmp_path / "ledger.db", bytes(32)), (other, key), (tmp_path / "ledger.db", b"short")):
        with pytest.raises(WrongKey, match="key"):
            opener(path, wrong)
    assert (tmp_path / "ledger.db").read_bytes() == content
    reopen(tmp_path, key).close()


def test_an_empty_file_is_no_ledger_to_a_reader(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("empty", "absent"):
        with pytest.raises(WrongKey):
            Ledger.inspect(tmp_path / name, bytes(32))
    assert not (tmp_path / "absent").exists()


def test_a_second_writer_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    first = f.open_ledger(tmp_path)
    with pytest.raises(LedgerBusy, match="stop it first"):
        f.open_ledger(tmp_path)
    first.close()
    f.open_ledger(tmp_path).close()


@pytest.mark.parametrize("other", [{"device": "acme_s2"}, {"currency": "EUR"}])
def test_the_ledger_of_another_shop_is_refused(tmp_path: Path, other: dict[str, str]) -> None:
    key = fill(tmp_path, 1)
    with pytest.raises(BadInput, match="own state folder"):
        reopen(tmp_path, key, **other)
    reopen(tmp_path, key).close()


def test_two_new_ledgers_of_one_shop_never_pass_for_one(tmp_path: Path) -> None:
    epochs = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        ledger = f.open_ledger(tmp_path / name)
        epochs.append(ledger.epoch)
        ledger.close()
    assert epochs[0] != epochs[1]
    assert all(0 < epoch < 2**53 for epoch in epochs)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with pages that are in use by no table, which only the page check reads."""
    folder = tmp_path_factory.mktemp("sound")
    fill(folder)
    ledger = f.open_ledger(folder)
    for size in (200_000, 10):
        f.tell(ledger, seq=100, state=b"s" * size)
    ledger.close()
    return folder


@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_flipped_bit_anywhere_is_found(sound: Path, tmp_path: Path, place: int, bit: int) -> None:
    key = load_key(sound / "ledger.key")
    content = bytearray((sound / "ledger.db").read_bytes())
    content[place % len(content)] ^= 1 << bit
    (tmp_path / "ledger.db").write_bytes(content)
    try:
        ledger = Ledger.inspect(tmp_path / "ledger.db", key)
    except (WrongKey, LedgerDamaged):
        return  # the first page: nothing can be read at all
    found = ledger.verify()
    ledger.close()
    assert found


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a ledger as a power cut leaves them: nothing was closed, the last commits are in the -wal alone."""
    folder = tmp_path_factory.mktemp("torn")
    (folder / "live").mkdir()
    ledger = f.open_ledger(folder / "live")
    for n in range(10):
        f.tell(ledger, f.opened(f"V{n}"), f.closed(f"V{n}", f.line()), seq=n)
    # Copied by another process: to open and close the file in this one would drop the library's locks.
    files = [str(folder / "live" / name) for name in ("ledger.db", "ledger.db-wal", "ledger.key")]
    subprocess.run(["cp", "-p", *files, str(folder)], check=True)
    ledger.close()
    return folder


@given(cut=st.integers(0, 10**9), garbage=st.binary(max_size=600))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_log_torn_by_a_power_cut_leaves_whole_decisions(torn: Path, tmp_path: Path, cut: int, garbage: bytes) -> None:
    for name in ("ledger.db", "ledger.db-wal", "ledger.key"):
        shutil.copy(torn / name, tmp_path)
    (tmp_path / "ledger.db-shm").unlink(missing_ok=True)
    wal = tmp_path / "ledger.db-wal"
    content = wal.read_bytes()
    place = cut % (len(content) + 1)
    wal.write_bytes(content[:place] + garbage)
    ledger = f.open_ledger(tmp_path)
    assert ledger.verify() == []
    counts = ledger.counts()
    assert counts["events"] == 3 * counts["closed_visits"]
    assert place < len(content) or counts["closed_visits"] == 10
    ledger.close()


def test_a_damaged_page_stops_the_start_and_keeps_the_file(tmp_path: Path) -> None:
    key = fill(tmp_path)
    path = tmp_path / "ledger.db"
    content = bytearray(path.read_bytes())
    content[4096 * 6 + 50] ^= 1
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged, match="copy it and its -wal aside"):
        reopen(tmp_path, key)
    assert path.read_bytes() == content
    assert sorted(os.listdir(tmp_path)) == ["ledger.db", "ledger.db.lock", "ledger.key"]


FORGERIES = {
    "a changed amount": (
        "UPDATE event SET body = replace(body, '250', '100') WHERE type = 'visit.closed'", "chain: event 3 was changed"
    ),
    "a cut tail": ("DELETE FROM outbox WHERE seq > 70; DELETE FROM event WHERE seq > 70", "rebuild: table"),
    "a hole": ("DELETE FROM outbox WHERE seq = 5; DELETE FROM event WHERE seq = 5", "chain: event 5 is missing"),
    "a lost outbox row": ("DELETE FROM outbox WHERE seq = 7", "outbox: event 7 is neither"),
    "a changed balance": ("UPDATE balance SET d = d + 1 WHERE account = 1", "money: debits"),
    "a changed transfer": ("UPDATE transfer SET amount = 1 WHERE id = 'sale/V1'", "balances: account"),
    "a changed line": ("UPDATE sale_line SET quantity = 2 WHERE sale = 'V1'", "sales: sale V1"),
    "a lost charge": ("DELETE FROM charge WHERE id = 'c-V3'", "charges: charged visit V3 has 0"),
    "another charge id": ("UPDATE charge SET id = 'other' WHERE id = 'c-V3'", "charges: charge other"),
    "a reopened visit": (
        "UPDATE visit SET state = 'open', closed_seq = NULL, outcome = NULL, charge = NULL WHERE id = 'V2'",
        "visits: closing event",
    ),
    "a lost cart change": ("DELETE FROM cart WHERE visit = 'V2'", "rebuild: table cart"),
    "an invented loss": ("INSERT INTO loss VALUES('L', 1, 'milk', 1, 1, '')", "rebuild: table loss"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "answer"), FORGERIES.values(), ids=FORGERIES.keys())
def test_what_somebody_with_the_key_changed_is_found(tmp_path: Path, sql: str, answer: str) -> None:
    fill(tmp_path)
    ledger = f.open_ledger(tmp_path)
    ledger._db.execute("PRAGMA foreign_keys = OFF")
    for (name,) in ledger._db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        ledger._db.execute(f"DROP TRIGGER {name}")
    for statement in sql.split(";"):
        ledger._db.execute(statement)
    found = ledger.verify()
    ledger.close()
    assert any(text.startswith(answer) for text in found), found


def test_the_start_checks_the_newest_links(tmp_path: Path) -> None:
    key = fill(tmp_path)
    ledger = f.open_ledger(tmp_path)
    ledger._db.execute("DROP TRIGGER event_fixed")
    ledger._db.execute("UPDATE event SET subject = 'other' WHERE seq = 40")
    ledger.close()
    with pytest.raises(LedgerDamaged, match="event 40 was changed"):
        reopen(tmp_path, key)


def test_a_full_disk_is_said_and_costs_nothing_that_was_committed(tmp_path: Path) -> None:
    ledger = f.open_ledger(tmp_path)
    f.tell(ledger, f.opened("V0"), seq=1)
    pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
    ledger._db.execute(f"PRAGMA max_page_count = {pages + 1}")
    before = (ledger.head(), ledger.counts())
    with pytest.raises(LedgerFull, match=r"disk is full.*free some space"):
        f.tell(ledger, f.opened("V1"), seq=2, state=b"s" * 100_000)
    assert (ledger.head(), ledger.counts()) == before
    ledger._db.execute("PRAGMA max_page_count = 100000")
    f.tell(ledger, f.opened("V1"), seq=2, state=b"s" * 100_000)
    assert ledger.verify() == []
    ledger.close()


def test_a_disk_that_refuses_to_write_is_said_too(tmp_path: Path) -> None:
    """A real write that fails: the process may not let a file grow beyond 256 KiB."""
    fill(tmp_path, 1)
    script = (
        "import signal, sys; from pathlib import Path\n"
        "from edge.ledger import LedgerFull; from tests.unit import ledger_facts as f\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "ledger = f.open_ledger(Path(sys.argv[1]))\n"
        "try:\n"
        "    for n in range(2, 10_000): f.tell(ledger, f.opened(f'V{n}'), seq=n, state=b's' * 9_000); print(n)\n"
        "except LedgerFull as error: print(error)\n"
    )
    limits = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, 256 * 1024))  # noqa: E731
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT, preexec_fn=limits, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    *committed, said = done.stdout.splitlines()
    assert done.stderr == ""
    assert "nothing of this step was written" in said
    ledger = f.open_ledger(tmp_path)
    assert ledger.verify() == []
    assert ledger.counts()["open_visits"] == len(committed) > 3
    ledger.close()


def test_a_backup_is_whole_checked_and_never_overwrites(tmp_path: Path) -> None:
    key = fill(tmp_path)
    copy = tmp_path / "copy.db"
    assert backup(tmp_path / "ledger.db", key, copy)["closed_visits"] == 20
    with pytest.raises(BadInput, match="exists already"):
        backup(tmp_path / "ledger.db", key, copy)
    with pytest.raises(BadInput, match="folder"):
        backup(tmp_path / "ledger.db", key, tmp_path / "no" / "copy.db")
    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.move(copy, restored / "ledger.db")
    ledger = reopen(restored, key)
    assert ledger.verify() == []
    ledger.close()


def test_a_backup_of_damaged_books_leaves_no_copy(tmp_path: Path) -> None:
    key = fill(tmp_path)
    ledger = f.open_ledger(tmp_path)
    ledger._db.execute("DROP TRIGGER sale_line_fixed")
    ledger._db.execute("UPDATE sale_line SET quantity = 2")
    ledger.close()
    with pytest.raises(LedgerDamaged, match="muin ledger verify"):
        backup(tmp_path / "ledger.db", key, tmp_path / "copy.db")
    assert not [name for name in os.listdir(tmp_path) if "copy" in name]
