"""The hub's database: what boxes sent, how far it is complete, what is charged and what is to be told.

One connection behind one lock; every public method is one transaction. The file is not encrypted here (a reference
hub on a developer's machine), but the driver is the same as the edge's, because two SQLite libraries in one process
drop each other's locks. Must not: speak MQTT, or call a payment provider inside a transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlcipher3 import dbapi2

from cloud_sync.envelope import Batch, Envelope
from cloud_sync.hub import projection
from cloud_sync.messages import ChargeSettled, Command, Hello, Receipt
from edge.core.errors import BadInput

GENESIS: Final = "00" * 32
COMMAND_PAGE: Final = 200
BUSY_TIMEOUT_MS: Final = 5_000
SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
)


class Gap(Exception):
    """A batch begins after events that have not come yet; `upto` is how far everything is there."""

    def __init__(self, upto: int) -> None:
        self.upto = upto
        super().__init__(f"events after {upto} are missing")


class Fork(Exception):
    """The same numbers carry other events than those stored: a cloned box or a restored backup."""


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One charge as the hub knows it."""

    id: str
    dev: str
    visit: str
    shopper: str | None
    amount_minor: int
    currency: str
    state: str
    reason: str
    provider_ref: str
    first_sent_ns: int | None


class HubStore:
    """The books of all boxes. Safe from any thread. Raises BadInput where the file is not a hub's database."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._db: Any = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False)
            for setting in SETTINGS:
                self._db.execute(setting)
            self._db.executescript(resources.files("cloud_sync.hub").joinpath("schema.sql").read_text("utf-8"))
        except dbapi2.DatabaseError as error:
            cure = "give the path of a hub's database or of a new file in a writable folder"
            raise BadInput(str(path), f"cannot be opened ({error}); {cure}") from None

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._db.close()

    def take_batch(self, dev: str, batch: Batch, now_ns: int) -> Receipt:
        """Store what is new and move the watermark, in one transaction. Raises Gap or Fork; then nothing changed."""
        try:
            with self._atomic():
                upto, digest = self._watermark(dev, batch.epoch)
                if batch.first > upto + 1:
                    raise Gap(upto)
                for event in batch.events:
                    if event.seq <= upto:
                        self._compare(dev, batch.epoch, event)
                        continue
                    if event.prev != digest:
                        raise Fork(f"epoch {batch.epoch}, event {event.seq} does not follow the stored one")
                    self._append(dev, batch.epoch, event, now_ns)
                    upto, digest = event.seq, event.hash
                self._db.execute(
                    "INSERT INTO watermark(dev, epoch, upto, hash) VALUES(?,?,?,?) ON CONFLICT(dev, epoch)"
                    " DO UPDATE SET upto = excluded.upto, hash = excluded.hash",
                    (dev, batch.epoch, upto, digest),
                )
        except Fork as fork:
            self.alarm(dev, "fork", str(fork), now_ns)
            raise
        return Receipt(epoch=batch.epoch, upto=upto, hash=digest)

    def take_hello(self, dev: str, hello: Hello, now_ns: int) -> Receipt:
        """Note where the box stands; the answer says where the hub stands."""
        with self._atomic():
            upto, digest = self._watermark(dev, hello.epoch)
            cursor = min(hello.cseq, self._last_command(dev, hello.epoch))
            self._db.execute(
                "INSERT INTO watermark VALUES(?,?,?,?,?)"
                " ON CONFLICT(dev, epoch) DO UPDATE SET cursor = excluded.cursor",
                (dev, hello.epoch, upto, digest, cursor),
            )
            self._db.execute(
                "INSERT INTO device(dev, epoch) VALUES(?,?) ON CONFLICT(dev) DO UPDATE SET epoch = excluded.epoch",
                (dev, hello.epoch),
            )
            if hello.acked > upto:
                detail = f"epoch {hello.epoch}: the box was told of {hello.acked}, the hub holds {upto}"
                self._alarm(dev, "hub-behind", detail, now_ns)
        return Receipt(epoch=hello.epoch, upto=upto, hash=digest)

    def take_presence(self, dev: str, session: int, is_on: bool) -> None:
        """Birth or death of a session; one of an older session than the known one is ignored."""
        with self._atomic():
            self._db.execute(
                "INSERT INTO device(dev, session, is_on) VALUES(?,?,?) ON CONFLICT(dev) DO UPDATE"
                " SET session = excluded.session, is_on = excluded.is_on WHERE excluded.session >= session",
                (dev, session, int(is_on)),
            )

    def commands_after(self, dev: str, told: int) -> list[Command]:
        """The next commands for the box's ledger after `told` and after its cursor, at most `COMMAND_PAGE`."""
        rows = self._rows(
            "SELECT epoch, cseq, id, op, args FROM command JOIN device USING(dev, epoch) JOIN watermark"
            " USING(dev, epoch) WHERE dev = ? AND cseq > max(?, cursor) ORDER BY cseq LIMIT ?",
            (dev, told, COMMAND_PAGE),
        )
        return [
            Command(epoch=row[0], cseq=row[1], id=row[2], op=row[3], args=msgspec.Raw(row[4].encode())) for row in rows
        ]

    def boxes_behind(self) -> list[str]:
        """Boxes with commands that their cursor does not cover."""
        query = (
            "SELECT DISTINCT dev FROM command JOIN device USING(dev, epoch) JOIN watermark USING(dev, epoch)"
            " WHERE cseq > cursor"
        )
        return [row[0] for row in self._rows(query, ())]

    def open_charges(self) -> list[Charge]:
        """Charges without a final answer, oldest first as they were stored."""
        return self._charges("WHERE state IN ('requested', 'sent', 'unresolved')")

    def charges(self, dev: str | None = None) -> list[Charge]:
        """All charges, or those of one box, in the order of their ids."""
        return self._charges("WHERE ?1 IS NULL OR dev = ?1", (dev,))

    def receipts(self, dev: str | None = None) -> list[dict[str, Any]]:
        """What shoppers are shown, for the page and for tests; `lines` is a list."""
        names = ("dev", "visit", "shopper", "outcome", "lines", "total_minor", "amount_minor", "currency", "charge")
        rows = self._rows(f"SELECT {', '.join(names)} FROM receipt WHERE ?1 IS NULL OR dev = ?1", (dev,))
        return [dict(zip(names, row, strict=True)) | {"lines": msgspec.json.decode(row[4])} for row in rows]

    def carts(self, dev: str) -> dict[str, dict[str, int]]:
        """Running carts of a box: visit -> SKU -> quantity."""
        found: dict[str, dict[str, int]] = {}
        for visit, sku, quantity in self._rows("SELECT visit, sku, quantity FROM cart WHERE dev = ?", (dev,)):
            found.setdefault(visit, {})[sku] = quantity
        return found

    def alarms(self) -> list[tuple[str, str, str]]:
        """(box, kind, detail) of everything that needs a person."""
        return [(row[0], row[1], row[2]) for row in self._rows("SELECT dev, kind, detail FROM alarm", ())]

    def watermark(self, dev: str, epoch: int = 1) -> tuple[int, str]:
        """Up to which event everything of this box is stored, and that event's hash in hex."""
        with self._lock:
            return self._watermark(dev, epoch)

    def is_on(self, dev: str) -> bool | None:
        """Whether the box is connected; None where it was never seen."""
        rows = self._rows("SELECT is_on FROM device WHERE dev = ?", (dev,))
        return bool(rows[0][0]) if rows else None

    def mark_sent(self, charge: str, now_ns: int) -> None:
        """Commit that a request is about to leave; from now on silence means unknown, never failed."""
        with self._atomic():
            self._db.execute(
                "UPDATE charge SET state = 'sent', first_sent_ns = coalesce(first_sent_ns, ?) WHERE id = ?",
                (now_ns, charge),
            )

    def settle(self, answer: ChargeSettled) -> None:
        """The provider's answer and the command that tells the box, in one transaction. A repeat changes nothing."""
        with self._atomic():
            rows = self._db.execute("SELECT dev, epoch, state FROM charge WHERE id = ?", (answer.charge,)).fetchall()
            if not rows or rows[0][2] in ("confirmed", "declined"):
                return
            self._db.execute(
                "UPDATE charge SET state = ?, reason = ?, provider_ref = ? WHERE id = ?",
                (answer.state, answer.reason, answer.provider_ref, answer.charge),
            )
            projection.queue_answer(self._db, rows[0][0], rows[0][1], answer)

    def alarm(self, dev: str, kind: str, detail: str, now_ns: int) -> None:
        """Raise an alarm once."""
        with self._atomic():
            self._alarm(dev, kind, detail, now_ns)

    @contextmanager
    def _atomic(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _watermark(self, dev: str, epoch: int) -> tuple[int, str]:
        row = self._db.execute("SELECT upto, hash FROM watermark WHERE dev = ? AND epoch = ?", (dev, epoch)).fetchone()
        return (int(row[0]), str(row[1])) if row else (0, GENESIS)

    def _compare(self, dev: str, epoch: int, event: Envelope) -> None:
        stored = self._db.execute(
            "SELECT hash FROM event WHERE dev = ? AND epoch = ? AND seq = ?", (dev, epoch, event.seq)
        ).fetchone()
        if stored is None or stored[0] != event.hash:
            raise Fork(f"epoch {epoch}, event {event.seq} differs from the stored one")

    def _append(self, dev: str, epoch: int, event: Envelope, now_ns: int) -> None:
        body = bytes(event.data).decode()
        self._db.execute(
            "INSERT INTO event VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(dev, epoch, event.seq, event.id, event.type, event.version, event.subject, event.time, event.mono),
                *(body, event.prev, event.hash, now_ns),
            ),
        )
        problem = projection.apply(self._db, dev, epoch, event.type, body)
        if problem:
            self._alarm(dev, "event-unusable", f"epoch {epoch}, event {event.seq}: {problem}", now_ns)

    def _alarm(self, dev: str, kind: str, detail: str, now_ns: int) -> None:
        self._db.execute("INSERT OR IGNORE INTO alarm VALUES(?,?,?,?)", (dev, kind, detail[:500], now_ns))

    def _last_command(self, dev: str, epoch: int) -> int:
        query = "SELECT coalesce(max(cseq), 0) FROM command WHERE dev = ? AND epoch = ?"
        return int(self._db.execute(query, (dev, epoch)).fetchone()[0])

    def _charges(self, where: str, values: tuple[Any, ...] = ()) -> list[Charge]:
        names = Charge.__struct_fields__
        rows = self._rows(f"SELECT {', '.join(names)} FROM charge {where} ORDER BY id", values)
        return [Charge(**dict(zip(names, row, strict=True))) for row in rows]

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        with self._lock:
            return list(self._db.execute(query, values).fetchall())
