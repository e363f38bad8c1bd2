"""What the file itself refuses, whoever asks: the schema's triggers and checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.ledger import Ledger
from edge.ledger.connection import IntegrityError
from tests.unit import ledger_facts as f

COPY_EVENT = (
    "INSERT INTO event SELECT {seq}, {id}, boot, mono_ns, wall_ns, 1, type, v, subject, body, {prev}, randomblob(32) "
    "FROM event WHERE seq = 1"
)
HEAD = "(SELECT hash FROM event ORDER BY seq DESC LIMIT 1)"
MOVE = (
    "INSERT INTO transfer(id, event_seq, kind, pending_id, debit, credit, amount, cur, code) "
    "VALUES({id}, 1, {kind}, {hold}, {debit}, {credit}, {amount}, {cur}, 'test')"
)


def move(
    id: str = "x", kind: str = "posted", amount: int = 1, hold: str | None = None, cur: str = f.CURRENCY, debit: int = 1
) -> str:
    held = "NULL" if hold is None else f"'{hold}'"
    credit = 3 - debit
    return MOVE.format(
        id=f"'{id}'", kind=f"'{kind}'", hold=held, debit=debit, credit=credit, amount=amount, cur=f"'{cur}'"
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Four events, a confirmed charge, a finished command, a loss and an open hold `h` of 5."""
    found = f.open_ledger(tmp_path)
    f.tell(found, f.opened(), f.closed("V1", f.line()), f.settled(), f.lost())
    found.acknowledge(2, found.pending(1, 1, 1)[0].hash)
    found.receive(id="k1", cseq=1, type="t", body=b"{}", now_ns=1)
    found.handle("k1", "done")
    found._db.execute(move("h", "pending", 5))
    yield found
    found.close()


FORBIDDEN = {
    "change an event": "UPDATE event SET body = '{}' WHERE seq = 1",
    "delete an event": "DELETE FROM event WHERE seq = 5",
    "delete a receipted event": "DELETE FROM event WHERE seq = 1",
    "leave a hole": COPY_EVENT.format(seq=7, id="'n'", prev=HEAD),
    "write an event again": COPY_EVENT.format(seq=5, id="'n'", prev=HEAD),
    "replace an event": COPY_EVENT.format(seq=1, id="'n'", prev="zeroblob(32)").replace("INSERT", "INSERT OR REPLACE"),
    "replace an event by its id": COPY_EVENT.format(seq=6, id="id", prev=HEAD).replace("INSERT", "INSERT OR REPLACE"),
    "forget the link": COPY_EVENT.format(seq=6, id="'n'", prev="zeroblob(32)"),
    "end an outbox row without a receipt": "DELETE FROM outbox WHERE seq = 5",
    "move an outbox row": "UPDATE outbox SET lane = 2",
    "take a receipt back": "UPDATE receipt SET upto = 1, hash = (SELECT hash FROM event WHERE seq = 1)",
    "invent a receipt": "UPDATE receipt SET upto = 4",
    "delete the receipt": "DELETE FROM receipt",
    "prune what was not receipted": "UPDATE prune_gate SET upto = 3",
    "delete the gate": "DELETE FROM prune_gate",
    "change a transfer": "UPDATE transfer SET amount = 1",
    "delete a transfer": "DELETE FROM transfer",
    "replace a transfer": move("sale/V1").replace("INSERT", "INSERT OR REPLACE"),
    "move nothing": move(amount=0),
    "move a negative amount": move(amount=-1),
    "move to oneself": move(debit=1).replace("1, 2, 1", "1, 1, 1"),
    "move in another currency": move(cur="EUR"),
    "post more than was held": move("p", "post", 6, "h"),
    "post against other accounts": move("p", "post", 5, "h", debit=2),
    "post what was not held": move("p", "post", 5, "sale/V1"),
    "void without a hold": move("p", "void", 0),
    "change an account": "UPDATE account SET code = 'mine'",
    "delete an account": "DELETE FROM account",
    "delete a balance": "DELETE FROM balance",
    "drive a balance below zero": "UPDATE balance SET d = -1",
    "change a sale": "UPDATE sale SET amount = 1",
    "sell a visit twice": "INSERT INTO sale SELECT 'other', event_seq, visit, shopper, amount, priced, cur, 0, state "
    "FROM sale",
    "delete a sale": "DELETE FROM sale",
    "change a line": "UPDATE sale_line SET quantity = 9",
    "delete a line": "DELETE FROM sale_line",
    "change the amount of a charge": "UPDATE charge SET amount = 1",
    "change the key of a charge": "UPDATE charge SET idem = 'other'",
    "reopen a final charge": "UPDATE charge SET state = 'unknown'",
    "charge a sale twice": "INSERT INTO charge SELECT 'c2', event_seq, sale, kind, n, provider, 'c2', request_sha, "
    "amount, 'ready', NULL, NULL, NULL FROM charge",
    "delete a charge": "DELETE FROM charge",
    "reopen a visit": "UPDATE visit SET state = 'open', closed_seq = NULL, outcome = NULL",
    "delete a visit": "DELETE FROM visit",
    "change a loss": "UPDATE loss SET quantity = 9",
    "delete a loss": "DELETE FROM loss",
    "change what was received": "UPDATE inbox SET body = x'00'",
    "reopen a finished command": "UPDATE inbox SET state = 'running'",
    "delete what was received": "DELETE FROM inbox",
    "change the device": "UPDATE meta SET v = 'other' WHERE k = 'device'",
    "forget the epoch": "DELETE FROM meta",
}


def content(ledger: Ledger) -> dict[str, list[object]]:
    names = [row[0] for row in ledger._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: ledger._db.execute(f"SELECT * FROM {name}").fetchall() for name in names}


@pytest.mark.parametrize("sql", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_forbidden(ledger: Ledger, sql: str) -> None:
    before = content(ledger)
    with pytest.raises(IntegrityError):
        ledger._db.execute(sql)
    assert content(ledger) == before


def test_a_hold_resolves_once(ledger: Ledger) -> None:
    ledger._db.execute(move("p", "post", 3, "h"))
    held = ledger._db.execute("SELECT dp, cp FROM balance WHERE account IN (1, 2)").fetchall()
    assert held == [(0, 0), (0, 0)]
    with pytest.raises(IntegrityError):
        ledger._db.execute(move("q", "void", 0, "h"))


def test_a_limited_account_is_not_overdrawn(ledger: Ledger) -> None:
    ledger._db.execute(
        "INSERT INTO account(id, code, cur, no_debit_over_credit) VALUES(50, 'offline-limit:x', 'KRW', 1)"
    )
    sql = MOVE.format(id="'a'", kind="'posted'", hold="NULL", debit=1, credit=50, amount=10, cur="'KRW'")
    ledger._db.execute(sql)
    use = MOVE.format(id="'{}'", kind="'pending'", hold="NULL", debit=50, credit=1, amount=6, cur="'KRW'")
    ledger._db.execute(use.format("b"))
    with pytest.raises(IntegrityError, match="limit"):
        ledger._db.execute(use.format("c"))
