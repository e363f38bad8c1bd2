"""The two ends of the wire as tables: events not yet receipted (outbox), commands not yet finished (inbox).

Must not: know MQTT, or end an outbox row for any reason but the hub's own receipt.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlite_utils import Database

from edge.core.errors import BadInput
from edge.ledger.errors import FactRefused, ForkFound
from edge.ledger.rows import InboxRow, OutboxRow

ENVELOPE_BYTES: Final = 512  # what the envelope adds to a body, rounded up
FINAL: Final = ("done", "failed", "rejected")
ANSWER: Final = "charge.settled"
FORK_CURE: Final = "send nothing more; find out which copy is right, then let the operator give a new epoch"


class Answer(msgspec.Struct, frozen=True):
    """`args` of the hub's answer to a charge, as far as the ledger needs them."""

    charge: str
    state: str


class Answered(msgspec.Struct, frozen=True):
    """A stored `charge.settled` command."""

    args: Answer


def pending(database: Database, after: int, limit: int, max_bytes: int) -> list[OutboxRow]:
    """Rows above `after` in order. The first is always given, else a row above `max_bytes` would block all."""
    rows: list[OutboxRow] = []
    size = 0
    fields = "seq, id, type, v, subject, body, prev, hash, boot, mono_ns, wall_ns, clock_ok, lane"
    sql = f"SELECT {fields} FROM outbox JOIN event USING(seq) WHERE seq > ? ORDER BY seq LIMIT ?"
    for values in database.execute(sql, [after, limit]):
        row = msgspec.convert(dict(zip(OutboxRow.__struct_fields__, values, strict=True)), OutboxRow, strict=False)
        size += len(row.body.encode()) + ENVELOPE_BYTES
        if rows and size > max_bytes:
            break
        rows.append(row)
    return rows


def acknowledge(database: Database, place: str, upto: int, hash: bytes) -> None:
    """Move the receipt up; one that is older than ours is only checked. Raises ForkFound."""
    acked = int(database.execute("SELECT upto FROM receipt").fetchone()[0])
    if upto <= 0:
        return
    row = database.execute("SELECT hash FROM event WHERE seq = ?", [upto]).fetchone()
    if row is None and upto > acked:
        raise ForkFound(place, f"the hub has event {upto}, which this ledger has not written yet; {FORK_CURE}")
    if row is not None and row[0] != hash:
        raise ForkFound(place, f"the hub knows event {upto} with another hash; {FORK_CURE}")
    if upto > acked:
        database.execute("UPDATE receipt SET upto = ?, hash = ?", [upto, hash])
        database.execute("DELETE FROM outbox WHERE seq <= ?", [upto])
        database.execute("UPDATE charge SET state = 'sent' WHERE state = 'ready' AND event_seq <= ?", [upto])


def receive(database: Database, place: str, row: tuple[str, int, str, bytes, int]) -> bool:
    """Keep a command. False = its id is known. Raises ForkFound when its number belongs to another id."""
    id, cseq = row[:2]
    if database.execute("SELECT 1 FROM inbox WHERE id = ?", [id]).fetchone():
        return False
    if cseq < 1:
        raise BadInput(f"command {id}", f"its number is {cseq}; the hub must count from 1")
    other = database.execute("SELECT id FROM inbox WHERE cseq = ?", [cseq]).fetchone()
    if other is not None:
        text = f"the hub gave command number {cseq} to {id}, it was {other[0]} before"
        raise ForkFound(place, f"{text}; {FORK_CURE}")
    database.execute(
        "INSERT INTO inbox(id, cseq, type, body, received_ns, state) VALUES(?,?,?,?,?,'received')", list(row)
    )
    _move_cursor(database)
    return True


def unhandled(database: Database) -> list[InboxRow]:
    """Received and running commands by number."""
    sql = (
        "SELECT id, cseq, type, body, received_ns, state FROM inbox "
        "WHERE state IN ('received', 'running') ORDER BY cseq"
    )
    return [InboxRow(**dict(zip(InboxRow.__struct_fields__, row, strict=True))) for row in database.execute(sql)]


def handle(database: Database, id: str, state: str, result: str | None) -> None:
    """Move a command on. A repeat changes nothing; a finished command that should be something else is refused."""
    row = database.execute("SELECT state FROM inbox WHERE id = ?", [id]).fetchone()
    if row is None:
        raise FactRefused(f"command {id}", "it was never received")
    if state not in (*FINAL, "running"):
        raise FactRefused(f"command {id}", f"{state!r} is no state; use running, done, failed or rejected")
    if row[0] == state:
        return
    if row[0] in FINAL:
        raise FactRefused(f"command {id}", f"it is {row[0]} and cannot become {state}")
    database.execute("UPDATE inbox SET state = ?, result = ? WHERE id = ?", [state, result, id])


def finish_answers(database: Database, charge: str, state: str, wrong: str) -> None:
    """The answer for a charge is on the books (or refused, with the reason): its command is not open any more."""
    sql = "SELECT id, body FROM inbox WHERE state IN ('received', 'running') AND type = ?"
    for id, body in database.execute(sql, [ANSWER]).fetchall():
        if _answer(body) == (charge, state):
            handle(database, id, "rejected" if wrong else "done", wrong or None)


def _answer(body: bytes) -> tuple[str, str]:
    """(charge, state) of a stored `charge.settled` command; empty where the body is not one."""
    try:
        args = msgspec.json.decode(body, type=Answered).args
    except msgspec.MsgspecError:
        return "", ""
    return args.charge, args.state


def _move_cursor(database: Database) -> None:
    row = database.execute("SELECT v FROM meta WHERE k = 'command_cursor'").fetchone()
    cursor = int(row[0]) if row else 0
    while database.execute("SELECT 1 FROM inbox WHERE cseq = ?", [cursor + 1]).fetchone():
        cursor += 1
    sql = "INSERT INTO meta VALUES('command_cursor', ?) ON CONFLICT(k) DO UPDATE SET v = excluded.v"
    database.execute(sql, [str(cursor)])
