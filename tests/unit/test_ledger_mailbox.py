"""Outbox and inbox: dense, ended by receipts alone, numbered, finished with the fact they led to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.core.errors import BadInput
from edge.ledger import FactRefused, ForkFound, Ledger
from edge.ledger.chain import GENESIS, link
from tests.unit import ledger_facts as f


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = f.open_ledger(tmp_path)
    f.tell(found, *(f.changed(sku=f"sku-{n}") for n in range(10)))
    yield found
    assert found.verify() == []
    found.close()


def answer(charge: str, state: str = "confirmed") -> bytes:
    return json.dumps(
        {"cseq": 1, "id": "x", "op": "charge.settled", "args": {"charge": charge, "state": state}}
    ).encode()


def test_pending_is_dense_and_its_hashes_can_be_recomputed(ledger: Ledger) -> None:
    prev = GENESIS
    for seq, row in enumerate(ledger.pending(0, 100, 10**6), start=1):
        assert (row.seq, row.prev) == (seq, prev)
        assert row.hash == link(prev, row.seq, row.id, row.type, row.v, row.subject, row.body)
        prev = row.hash
    assert ledger.head() == (10, prev)


@pytest.mark.parametrize(("limit", "max_bytes", "count"), [(3, 10**6, 3), (100, 1, 1), (100, 1_500, 2), (0, 10**6, 0)])
def test_pending_keeps_its_limits_but_always_goes_on(ledger: Ledger, limit: int, max_bytes: int, count: int) -> None:
    assert [row.seq for row in ledger.pending(4, limit, max_bytes)] == list(range(5, 5 + count))


def test_only_a_receipt_with_our_hash_ends_outbox_rows(ledger: Ledger) -> None:
    rows = ledger.pending(0, 100, 10**6)
    ledger.acknowledge(6, rows[5].hash)
    assert (ledger.acknowledged(), ledger.counts()["outbox"]) == (6, 4)
    ledger.acknowledge(3, rows[2].hash)  # late
    ledger.acknowledge(0, GENESIS)
    assert ledger.acknowledged() == 6


@pytest.mark.parametrize(("upto", "hash"), [(6, bytes(32)), (11, bytes(32)), (2, b"x" * 32)])
def test_a_receipt_that_does_not_fit_is_a_fork(ledger: Ledger, upto: int, hash: bytes) -> None:
    rows = ledger.pending(0, 100, 10**6)
    ledger.acknowledge(4, rows[3].hash)
    with pytest.raises(ForkFound, match="epoch"):
        ledger.acknowledge(upto, hash)
    assert (ledger.acknowledged(), ledger.counts()["outbox"]) == (4, 6)


def test_a_receipt_says_that_the_hub_has_the_charge(ledger: Ledger) -> None:
    [_, seq] = f.tell(ledger, f.closed("V1", f.line()), seq=2)
    ledger.acknowledge(*ledger.head())
    assert seq == ledger.acknowledged()
    assert ledger.receipts(1)[0]["charge_state"] == "sent"


def test_commands_are_kept_once_and_the_cursor_waits_for_the_missing_one(ledger: Ledger) -> None:
    assert ledger.receive(id="a", cseq=1, type="t", body=b"1", now_ns=5)
    assert not ledger.receive(id="a", cseq=1, type="t", body=b"1", now_ns=6)
    assert ledger.receive(id="c", cseq=3, type="t", body=b"\xff", now_ns=7)
    assert ledger.command_cursor() == 1
    assert ledger.receive(id="b", cseq=2, type="t", body=b"", now_ns=8)
    assert ledger.command_cursor() == 3
    assert [(row.id, row.body, row.received_ns) for row in ledger.unhandled()] == [
        *(("a", b"1", 5), ("b", b"", 8), ("c", b"\xff", 7))
    ]


def test_a_number_used_for_another_command_is_a_fork(ledger: Ledger) -> None:
    ledger.receive(id="a", cseq=1, type="t", body=b"", now_ns=1)
    with pytest.raises(ForkFound):
        ledger.receive(id="b", cseq=1, type="t", body=b"", now_ns=1)
    with pytest.raises(BadInput):
        ledger.receive(id="b", cseq=0, type="t", body=b"", now_ns=1)


def test_a_command_is_moved_on_and_stays_finished(ledger: Ledger) -> None:
    ledger.receive(id="a", cseq=1, type="t", body=b"", now_ns=1)
    ledger.handle("a", "running")
    ledger.handle("a", "running")
    assert ledger.unhandled()[0].state == "running"
    ledger.handle("a", "failed", "unknown")
    ledger.handle("a", "failed")
    assert ledger.unhandled() == []
    for id, state in (("a", "done"), ("b", "done"), ("a", "lost")):
        with pytest.raises(FactRefused):
            ledger.handle(id, state)


def test_a_booked_answer_ends_its_command_in_the_same_transaction(ledger: Ledger) -> None:
    f.tell(ledger, f.closed("V1", f.line()), seq=2)
    bodies = [answer("c-V1", "unresolved"), answer("c-V1"), answer("c-V1", "declined"), answer("c-V2"), b"{", b"[]"]
    for cseq, body in enumerate(bodies, start=1):
        ledger.receive(id=f"k{cseq}", cseq=cseq, type="charge.settled", body=body, now_ns=1)
    f.tell(ledger, f.settled(), seq=3)
    assert [row.id for row in ledger.unhandled()] == ["k1", "k3", "k4", "k5", "k6"]
    f.tell(ledger, f.settled(state="unresolved"), f.settled(state="declined"), seq=4)  # too late; a contradiction
    assert [row.id for row in ledger.unhandled()] == ["k4", "k5", "k6"]
    states = dict(ledger._db.execute("SELECT id, state FROM inbox").fetchall())
    assert (states["k1"], states["k2"], states["k3"]) == ("done", "done", "rejected")
