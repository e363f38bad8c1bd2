"""Proves that the books are what was written: pages, chain, money, visits, charges, projections.

Every check answers with sentences that name the place; damage found on the way is an answer too, never a
traceback. All checks look at one moment, also while the daemon writes. Must not: repair anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlite_utils import Database

from edge.core import commands as c
from edge.ledger import booking, chain, connection
from edge.ledger.facts import REQUESTED, command_of
from edge.ledger.invariants import QUESTIONS

MOST_PER_CHECK: Final = 20
PAGE_TRIES: Final = 3
PROJECTIONS: Final = ("visit", "cart", "sale", "sale_line", "charge", "account", "transfer", "balance", "alarm", "loss")
Rows = list[tuple[Any, ...]]


def verify(path: Path, database: Database) -> list[str]:
    """Everything that is wrong, each with its check; an empty list = clean."""
    found = _answers("pages", lambda: iter(_page_problems(database)))
    with _one_moment(database):
        found += _answers("structure", lambda: iter(_structure_problems(database)))
        found += _answers("chain", lambda: iter(chain_problems(database)))
        for name, sql in QUESTIONS.items():
            found += _answers(name, lambda sql=sql: (row[0] for row in database.execute(sql)))  # type: ignore[misc]
        found += _answers("rebuild", lambda: iter(_rebuild_problems(database)))
    return found


@contextmanager
def _one_moment(database: Database) -> Iterator[None]:
    """A read transaction that ends quietly: on a damaged file even its end can fail, and that is in the answers."""
    database.conn.execute("BEGIN")
    try:
        yield
    finally:
        with suppress(connection.DatabaseError):
            database.conn.execute("ROLLBACK")


def chain_problems(database: Database, newest: int | None = None) -> list[str]:
    """Walk the chain (the `newest` links of it): dense numbers, each link the hash of what it says."""
    gate = int(database.execute("SELECT upto FROM prune_gate").fetchone()[0])
    head = int(database.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])
    start = gate if newest is None else max(gate, head - newest)
    last, prev = start, _hash_at(database, start)
    fields = "seq, id, type, v, subject, body, prev, hash"
    for row in database.execute(f"SELECT {fields} FROM event WHERE seq > ? ORDER BY seq", [start]):
        seq, link, hash = row[0], row[6], row[7]
        if seq != last + 1:
            return [f"event {last + 1} is missing"]
        if prev is not None and link != prev:
            return [f"event {seq} does not follow event {last}"]
        if chain.link(link, seq, *row[1:6]) != hash:
            return [f"event {seq} was changed: its hash is another one"]
        last, prev = seq, hash
    return []


def _hash_at(database: Database, seq: int) -> bytes | None:
    """Hash that the event after `seq` must carry; None where that event is pruned away."""
    if seq == 0:
        return chain.GENESIS
    row = database.execute("SELECT hash FROM event WHERE seq = ?", [seq]).fetchone()
    return None if row is None else row[0]


def _answers(name: str, check: Callable[[], Iterator[str]]) -> list[str]:
    """The check's sentences with its name; a page that cannot be read is a sentence as well."""
    found: list[str] = []
    try:
        for text in check():
            if len(found) == MOST_PER_CHECK:
                return [*found, f"{name}: and more"]
            found.append(f"{name}: {text}")
    except connection.DatabaseError as error:
        found.append(f"{name}: the file cannot be read to the end ({error})")
    return found


def _page_problems(database: Database) -> list[str]:
    """Pages whose authentication code is wrong. Asked again, because a page may be half written by a checkpoint."""
    stays: set[str] | None = None
    for _ in range(PAGE_TRIES):
        now = {str(row[0]) for row in database.execute("PRAGMA cipher_integrity_check").fetchall()}
        stays = now if stays is None else stays & now
        if not stays:
            return []
    return sorted(stays or ())


def _structure_problems(database: Database) -> list[str]:
    found = [row[0] for row in database.execute("PRAGMA integrity_check").fetchall() if row[0] != "ok"]
    for table, row, parent, _ in database.execute("PRAGMA foreign_key_check").fetchall():
        found.append(f"row {row} of {table} points to nothing in {parent}")
    return found


def _rebuild_problems(database: Database) -> Iterator[str]:
    """Make every projection again from the events alone and compare."""
    if int(database.execute("SELECT upto FROM prune_gate").fetchone()[0]):
        return  # the beginning is gone: what remains cannot say how it began
    shadow = connection.connect_memory()
    try:
        yield from _replay(database, shadow)
        for table in PROJECTIONS:
            if _rows(database, table) != _rows(shadow, table):
                yield f"table {table} is not what its events make it: {_difference(database, shadow, table)}"
    finally:
        shadow.close()


def _replay(database: Database, shadow: Database) -> Iterator[str]:
    meta = dict(database.execute("SELECT k, v FROM meta").fetchall())
    books = booking.Books(shadow, meta.get("device", ""), meta.get("currency", ""))
    with shadow.atomic():
        for seq, type, body in database.execute("SELECT seq, type, body FROM event ORDER BY seq"):
            try:
                command = command_of(type, body)
                if command is not None:
                    books.book(command, seq, _request(database, command))
            except (msgspec.MsgspecError, connection.IntegrityError, TypeError) as error:
                yield f"event {seq} ({type}) cannot be booked again: {error}"
        acked = int(database.execute("SELECT upto FROM receipt").fetchone()[0])
        shadow.execute("UPDATE charge SET state = 'sent' WHERE state = 'ready' AND event_seq <= ?", [acked])


def _request(database: Database, command: Any) -> tuple[int, str] | None:
    if not isinstance(command, c.CloseVisit) or command.charge is None:
        return None
    id = chain.word(f"{REQUESTED}/{command.charge}")
    row = database.execute("SELECT seq, body FROM event WHERE id = ?", [id]).fetchone()
    return None if row is None else (int(row[0]), str(row[1]))


def _rows(database: Database, table: str) -> Rows:
    return database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()


def _difference(database: Database, shadow: Database, table: str) -> str:
    here, there = _rows(database, table), _rows(shadow, table)
    known, wanted = set(here), set(there)
    for row in here:
        if row not in wanted:
            return f"row {row[0]!r} is other or too many"
    missing = [row for row in there if row not in known]
    return f"row {missing[0][0]!r} is missing" if missing else "rows are doubled"
