"""Opens the database file: key, settings, schema, and errors in words.

One SQLite library per process: two of them drop each other's POSIX locks, and so does any `open()` and close of
the database file itself. That is why only sqlcipher3 ever touches the file and sqlite-utils gets its connection
handed in. Must not: know what the tables mean.

Settings: WAL with synchronous=FULL (an acknowledged commit survives a power cut), no memory map (a page is checked
when it is read), no trust in functions named by the schema.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

from sqlcipher3 import dbapi2
from sqlite_utils import Database

from edge.ledger.errors import LedgerBusy, LedgerDamaged, LedgerFull, WrongKey
from edge.ledger.keys import KEY_BYTES, sync_folder

BUSY_TIMEOUT_MS: Final = 5_000
JOURNAL_LIMIT_BYTES: Final = 16 * 1024 * 1024
SETTINGS: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    f"PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES}",
)

DatabaseError = dbapi2.DatabaseError
IntegrityError = dbapi2.IntegrityError


def connect_writer(path: Path, key: bytes) -> Database:
    """The one writing connection; makes the file (mode 0600) and brings the schema up to date."""
    with translated(path):
        fresh = _make_file(path)
        database = _connect(path, key, "rw")
        database.conn.execute("PRAGMA journal_mode = WAL")
        _migrate(path, database)
        if fresh:
            sync_folder(path.parent)
        return database


def connect_reader(path: Path, key: bytes) -> Database:
    """A connection that cannot write; it may look at the file while the daemon runs."""
    if not path.is_file():
        raise WrongKey(str(path), "there is no such file; give the path of a ledger, e.g. state/ledger.db")
    with translated(path):
        database = _connect(path, key, "ro")
        if _version(database) == 0:
            raise WrongKey(str(path), "this database is not a ledger; give the path of one, e.g. state/ledger.db")
        return database


def connect_memory() -> Database:
    """An empty ledger in memory, in which projections are made again and compared."""
    database = Database(dbapi2.connect(":memory:", isolation_level=None), execute_plugins=False)
    database.conn.execute("PRAGMA foreign_keys = OFF")
    _migrate(Path(":memory:"), database)
    return database


def lock(path: Path) -> int:
    """Hold `path`.lock for this process, so that a second daemon is refused. Ends with the process or `unlock`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LedgerFull(str(path), f"the ledger's folder cannot be written ({error}); make it writable") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise LedgerBusy(str(path), "another process writes this ledger; stop it first") from None
    if path.exists() and not os.access(path, os.W_OK):  # SQLite would open it for reading and say so at the first write
        os.close(handle)
        raise LedgerFull(
            str(path), "the ledger may only be read; make the file and its disk writable, then start again"
        )
    return handle


def unlock(handle: int) -> None:
    """Let go of `lock`."""
    os.close(handle)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's words as ours. Broken constraints pass through: they are about a fact, not about the file."""
    try:
        yield
    except IntegrityError:
        raise
    except DatabaseError as error:
        raise _in_words(path, error) from error


def _in_words(path: Path, error: Any) -> Exception:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code == "SQLITE_FULL":
        cure = "free some space on this disk, then go on; everything committed before is intact"
        return LedgerFull(str(path), f"the disk is full and nothing of this step was written; {cure}")
    if code.startswith("SQLITE_IOERR") or code in {"SQLITE_READONLY", "SQLITE_CANTOPEN"}:
        cure = "check the disk (dmesg) and the folder's permissions, then start again"
        return LedgerFull(str(path), f"the disk refused ({error}, {code}) and nothing of this step was written; {cure}")
    if code == "SQLITE_NOTADB":
        cure = "give the key file that belongs to it with --key-file; if it is the right one, restore a backup"
        return WrongKey(str(path), f"this key does not open it, or it is not a ledger; {cure}")
    if code.startswith("SQLITE_BUSY"):
        return LedgerBusy(str(path), "another process holds the ledger; stop it first")
    if code.startswith("SQLITE_CORRUPT"):
        return damaged(path, f"a page is damaged ({error})")
    return error if isinstance(error, Exception) else RuntimeError(str(error))


def damaged(path: Path, text: str) -> LedgerDamaged:
    """The error for content that is not what was written, with the only cures there are."""
    cure = (
        "keep this file, copy it and its -wal aside, let nobody in, run `muin ledger verify`, "
        "then restore the last backup and let the hub send what came after it"
    )
    return LedgerDamaged(str(path), f"{text}; {cure}")


def _make_file(path: Path) -> bool:
    """Create the file for its owner alone. True = it is new."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    except OSError as error:
        raise LedgerFull(str(path), f"the ledger cannot be made ({error}); make its folder writable") from None
    return True


def _connect(path: Path, key: bytes, mode: str) -> Database:
    if len(key) != KEY_BYTES:
        raise WrongKey(str(path), f"a key has {KEY_BYTES} bytes, this one {len(key)}; give the right key file")
    # Every thread may use it, one at a time: the ledger is opened in one thread and written in another.
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    connection = dbapi2.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")  # else SQLCipher writes its own lines to stderr
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for setting in SETTINGS:
            connection.execute(setting)
        return Database(connection, execute_plugins=False)
    except BaseException:
        connection.close()
        raise


def _migrate(path: Path, database: Database) -> None:
    """Apply the numbered scripts that this file lacks, each in one transaction with its number."""
    folder = resources.files("edge.ledger").joinpath("schema")
    scripts = sorted((item.name, item.read_text("utf-8")) for item in folder.iterdir() if item.name.endswith(".sql"))
    done = _version(database)
    if done > len(scripts):
        raise LedgerDamaged(str(path), f"schema {done} is newer than this program knows; install the newer program")
    for number, (_, script) in enumerate(scripts[done:], start=done + 1):
        with database.atomic():
            database.executescript(script)
            database.execute(f"PRAGMA user_version = {number}")


def _version(database: Database) -> int:
    return int(database.conn.execute("PRAGMA user_version").fetchone()[0])
