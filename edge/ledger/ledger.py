"""The books of one shop in one encrypted SQLite file: decisions in, rows for the hub, the page and a restart out.

One transaction per decision. A fact told twice is one row; a fact told differently is refused. Used by one thread
at a time. Must not: read a clock, send anything, or start an empty ledger in place of a damaged one.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Database

from edge.core import commands as c
from edge.core.commands import Command
from edge.ledger import booking, chain, connection, export, mailbox, pages
from edge.ledger.errors import FactRefused, WrongKey
from edge.ledger.facts import REQUESTED, VERSION, Durable, Fact, check_close, durable, facts, same
from edge.ledger.rows import InboxRow, OutboxRow, Saved

LINKS_CHECKED_AT_START: Final = 10_000


class Ledger:
    """One open ledger. `open` for the one writing process, `inspect` for everybody else."""

    def __init__(self, path: Path, database: Database, lock: int | None) -> None:
        self.path = path
        self._db = database
        self._lock = lock
        meta = dict(database.execute("SELECT k, v FROM meta").fetchall())
        self.device: str = meta.get("device", "")
        self.currency: str = meta.get("currency", "")
        self.epoch = int(meta.get("epoch", "0"))
        self._books = booking.Books(database, self.device, self.currency)

    @classmethod
    def open(cls, path: Path, key: bytes, *, device: str, currency: str) -> Ledger:
        """Open for writing, creating or migrating the file, and check it.

        Raises WrongKey, LedgerBusy, LedgerDamaged, LedgerFull (all BadInput, with place and cure).
        """
        lock = connection.lock(path)
        try:
            database = connection.connect_writer(path, key)
            try:
                with connection.translated(path):
                    _introduce(path, database, device, currency)
                    _check_at_start(path, database)
                    return cls(path, database, lock)
            except BaseException:
                database.close()
                raise
        except BaseException:
            connection.unlock(lock)
            raise

    @classmethod
    def inspect(cls, path: Path, key: bytes) -> Ledger:
        """Open for reading only, unchecked; the daemon may be running. Raises WrongKey."""
        database = connection.connect_reader(path, key)
        with connection.translated(path):
            return cls(path, database, None)

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._db.close()
        if self._lock is not None:
            connection.unlock(self._lock)
            self._lock = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is one transaction; inside another one it can fail alone."""
        with connection.translated(self.path), self._db.atomic():
            yield

    def commit(
        self, commands: Sequence[Command], *, state: bytes | None, seq: int, mono_ns: int, wall_ns: int
    ) -> list[int]:
        """Book the durable ones of `commands` and the core's `state` after event `seq`, all or nothing.

        Returns the event numbers of the facts, old ones for facts that were told before. `state` None keeps the
        stored one. Raises FactRefused (nothing of this call is written) and LedgerFull.
        """
        told: Counter[Durable] = Counter()
        seqs: list[int] = []
        with self.transaction():
            run = self._run()
            for command in durable(commands):
                seqs += self._tell(command, (run, seq, told[command]), mono_ns, wall_ns)
                told[command] += 1
            self._remember(state, seq, mono_ns)
        return seqs

    def begin(self, *, run_id: str, origin_wall_ns: int) -> None:
        """Name the run that follows. The run that is saved continues; another id starts with nothing saved."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO snapshot(id, run_id, origin_wall_ns) VALUES(1,?,?) ON CONFLICT(id) DO UPDATE SET "
                "run_id = excluded.run_id, origin_wall_ns = excluded.origin_wall_ns, lived_ns = 0, seq = 0, "
                "state_seq = 0, state = NULL WHERE run_id <> excluded.run_id",
                [run_id, origin_wall_ns],
            )

    def touch(self, *, lived_ns: int, seq: int) -> None:
        """Note that the process lived at `lived_ns` and had reached event `seq`."""
        with self.transaction():
            self._db.execute("UPDATE snapshot SET lived_ns = max(lived_ns, ?), seq = max(seq, ?)", [lived_ns, seq])

    def saved(self) -> Saved | None:
        """Where a restart continues; None before the first run."""
        sql = "SELECT run_id, state, state_seq, seq, lived_ns, origin_wall_ns FROM snapshot"
        row = self._row(sql)
        return None if row is None else Saved(**dict(zip(Saved.__struct_fields__, row, strict=True)))

    def head(self) -> tuple[int, bytes]:
        """Number and hash of the newest event; (0, 32 zero bytes) in an empty ledger."""
        return self._row("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1") or (0, chain.GENESIS)

    def pending(self, after: int, limit: int, max_bytes: int) -> list[OutboxRow]:
        """Unreceipted events with seq > `after`, dense, at most `limit` and about `max_bytes`, but at least one."""
        with connection.translated(self.path):
            return mailbox.pending(self._db, after, limit, max_bytes)

    def acknowledged(self) -> int:
        """The last event that the hub has confirmed by an application receipt; 0 = none."""
        return int(self._row("SELECT upto FROM receipt")[0])

    def acknowledge(self, upto: int, hash: bytes) -> None:
        """The hub has everything up to `upto`, whose hash it says is `hash`. Raises ForkFound."""
        with self.transaction():
            mailbox.acknowledge(self._db, str(self.path), upto, hash)

    def receive(self, *, id: str, cseq: int, type: str, body: bytes, now_ns: int) -> bool:
        """Keep a numbered command of the hub. False = it is known. Raises ForkFound for a number used twice."""
        with self.transaction():
            return mailbox.receive(self._db, str(self.path), (id, cseq, type, body, now_ns))

    def unhandled(self) -> list[InboxRow]:
        """Commands that were received and not finished, by number."""
        with connection.translated(self.path):
            return mailbox.unhandled(self._db)

    def handle(self, id: str, state: str, result: str | None = None) -> None:
        """Move a received command on: "running", then "done", "failed" or "rejected". Repeats change nothing."""
        with self.transaction():
            mailbox.handle(self._db, id, state, result)

    def command_cursor(self) -> int:
        """The highest command number up to which none is missing."""
        return int((self._row("SELECT v FROM meta WHERE k = 'command_cursor'") or ("0",))[0])

    def receipts(self, limit: int) -> list[dict[str, Any]]:
        """The newest closed visits, newest first, with lines and what became of the charge."""
        with connection.translated(self.path):
            return pages.receipts(self._db, limit)

    def counts(self) -> dict[str, int]:
        """events, outbox, acknowledged, open_visits, closed_visits, open_alarms, losses, inbox, charges_STATE."""
        with connection.translated(self.path):
            return pages.counts(self._db)

    def export_csv(self) -> str:
        """Every line of every sale as CSV text."""
        with self.transaction():
            return export.as_csv(self._db)

    def export_epcis(self) -> dict[str, Any]:
        """Every sale as an EPCIS 2.0 document."""
        with self.transaction():
            return export.as_epcis(self._db, self.device)

    def verify(self) -> list[str]:
        """Every invariant; an empty list = clean. Never raises for damage: it is in the list."""
        from edge.ledger.verify import verify

        return verify(self.path, self._db)

    def _tell(self, command: Durable, decision: tuple[str, int, int], mono_ns: int, wall_ns: int) -> list[int]:
        """Event rows and projections of one command, or the numbers of the rows that tell it already."""
        if isinstance(command, c.SettleCharge):
            is_news, wrong = booking.judge(self._db, command)
            mailbox.finish_answers(self._db, command.charge, command.state, wrong)
            if wrong:
                command = booking.disputed(command, wrong)
            elif not is_news:
                return self._known(f"charge.settled/{command.charge}/{command.state}")
        found = facts(command, *decision)
        known = [self._check_known(fact) for fact in found]
        if known[0] is not None:
            return [seq for seq in known if seq is not None]
        if isinstance(command, c.CloseVisit):
            check_close(command, self.currency)
        try:
            seqs = [self._append(fact, decision[0], mono_ns, wall_ns) for fact in found]
            request = (seqs[1], found[1].body) if found[-1].type == REQUESTED else None
            self._books.book(command, seqs[0], request)
        except connection.IntegrityError as error:
            raise FactRefused(found[0].id, str(error)) from error
        return seqs

    def _check_known(self, fact: Fact) -> int | None:
        """Number of the row that tells this fact. Raises FactRefused when that row says something else."""
        row = self._row("SELECT seq, body FROM event WHERE id = ?", fact.id)
        if row is None:
            return None
        if fact.type != "charge.settled" and not same(fact.body, row[1]):
            raise FactRefused(fact.id, f"event {row[0]} tells it differently")
        return int(row[0])

    def _known(self, id: str) -> list[int]:
        row = self._row("SELECT seq FROM event WHERE id = ?", chain.word(id))
        return [] if row is None else [int(row[0])]

    def _append(self, fact: Fact, run: str, mono_ns: int, wall_ns: int) -> int:
        last, prev = self.head()
        seq = last + 1
        hash = chain.link(prev, seq, fact.id, fact.type, VERSION, fact.subject, fact.body)
        self._db.execute(
            "INSERT INTO event VALUES(?,?,?,?,?,1,?,?,?,?,?,?)",
            [seq, fact.id, run, mono_ns, wall_ns, fact.type, VERSION, fact.subject, fact.body, prev, hash],
        )
        self._db.execute("INSERT INTO outbox VALUES(?,?)", [seq, fact.lane])
        return seq

    def _run(self) -> str:
        row = self._row("SELECT run_id FROM snapshot")
        if row is None:
            raise FactRefused("run", "call begin() before the first commit")
        return str(row[0])

    def _remember(self, state: bytes | None, seq: int, mono_ns: int) -> None:
        kept = "" if state is None else ", state = ?, state_seq = ?"
        values = [mono_ns, seq] if state is None else [mono_ns, seq, state, seq]
        self._db.execute(f"UPDATE snapshot SET lived_ns = max(lived_ns, ?), seq = max(seq, ?){kept}", values)

    def _row(self, sql: str, *values: Any) -> Any:
        with connection.translated(self.path):
            return self._db.execute(sql, values).fetchone()


def _introduce(path: Path, database: Database, device: str, currency: str) -> None:
    """Write whose ledger this is, once; afterwards it must be the same shop. Raises WrongKey."""
    meta = dict(database.execute("SELECT k, v FROM meta").fetchall())
    if not meta:
        epoch = str(secrets.randbits(48) | 1)  # a ledger that starts anew must never look like a continuation
        with database.atomic():
            for k, v in (("device", device), ("currency", currency), ("epoch", epoch)):
                database.execute("INSERT INTO meta VALUES(?,?)", [k, v])
        return
    for k, v in (("device", device), ("currency", currency)):
        if meta.get(k) != v:
            text = f"this ledger is of {k} {meta.get(k)}, store.toml says {v}; give each shop its own state folder"
            raise WrongKey(str(path), text)


def _check_at_start(path: Path, database: Database) -> None:
    from edge.ledger.verify import chain_problems

    found = [row[0] for row in database.execute("PRAGMA quick_check(10)").fetchall() if row[0] != "ok"]
    found += chain_problems(database, newest=LINKS_CHECKED_AT_START)
    if found:
        raise connection.damaged(path, "; ".join(found[:10]))
