"""The hub's books: doubled, overtaken and poisoned messages change nothing; each charge is made once."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync import envelope, topics, wire
from cloud_sync.hub.ingest import Ingest
from cloud_sync.hub.payments import KEY_LIFE_NS, Answer, NoAnswer, ReferenceProvider, settle_open
from cloud_sync.hub.store import Charge, HubStore
from cloud_sync.messages import ChargeSettled, Command, Hello, Presence, Receipt
from cloud_sync.mqtt import Arrived
from edge.core.errors import BadInput
from tests.unit.test_cloud_wire import DEVICE, Row, chain

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Bench:
    """A hub without a broker: messages go in by hand, what it sends is kept."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self.store = HubStore(Path(path))
        self.sent: list[tuple[str, bytes, int]] = []
        self.ingest = self.fresh()
        self.now_ns = 1

    def fresh(self) -> Ingest:
        """A hub that was started again on the same books."""
        self.ingest = Ingest(self.store, lambda: self.now_ns, lambda *sent: self.sent.append(sent), lambda: None)
        return self.ingest

    def take(self, leaf: str, payload: bytes, device: str = DEVICE) -> None:
        """One message of a box."""
        self.ingest.take(Arrived(topics.topic(device, leaf), payload, 1, 1))

    def hello(self, *, cseq: int = 0, acked: int = 0, epoch: int = 1) -> list[Command]:
        """A hello, and the commands it brought."""
        self.sent.clear()
        hello = Hello(epoch=epoch, head=acked, hash="00" * 32, acked=acked, cseq=cseq, session=1)
        self.take(topics.SYNC, wire.pack(hello, "hello"))
        return self.commands()

    def commands(self) -> list[Command]:
        """Commands that were sent since the last hello."""
        leaf = topics.topic(DEVICE, topics.COMMAND)
        return [wire.unpack(payload, Command, "command") for topic, payload, _ in self.sent if topic == leaf]

    def receipts(self) -> list[Receipt]:
        """Receipts that were sent since the last hello."""
        leaf = topics.topic(DEVICE, topics.RECEIPT)
        return [wire.unpack(payload, Receipt, "receipt") for topic, payload, _ in self.sent if topic == leaf]

    def state(self) -> Any:
        """Everything in the books."""
        tables = ("event", "watermark", "device", "cart", "receipt", "charge", "command", "alarm")
        return {name: sorted(map(repr, self.store._rows(f"SELECT * FROM {name}", ()))) for name in tables}


@pytest.fixture(name="bench")
def _bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.store.close()


def events(specs: list[tuple[str, dict[str, Any]]]) -> list[Row]:
    """Rows of given types and bodies."""
    import hashlib

    rows: list[Row] = []
    for row, (type, body) in zip(chain(["{}"] * len(specs)), specs, strict=True):
        prev = rows[-1].hash if rows else bytes(32)
        text = json.dumps(body)
        digest = hashlib.blake2b(prev + f"{row.seq}|{row.id}|{type}|1|x|{text}".encode(), digest_size=32).digest()
        rows.append(msgspec.structs.replace(row, type=type, subject="x", body=text, prev=prev, hash=digest))
    return rows


def visit(number: int, amount_minor: int = 100, shopper: str = "p01") -> list[tuple[str, dict[str, Any]]]:
    """Events of one visit as the ledger writes them."""
    name, charge = f"v{number}", f"c{number}"
    bill = {"visit": name, "shopper": shopper, "amount_minor": amount_minor, "currency": "KRW", "charge": charge}
    return [
        ("visit.opened", {"visit": name}),
        ("cart.changed", {"visit": name, "sku": "cola", "quantity": 1}),
        ("visit.closed", bill | {"outcome": "charged", "lines": [{"sku": "cola"}], "total_minor": amount_minor}),
        ("charge.requested", bill),
    ]


def batches(rows: list[Row], size: int, epoch: int = 1) -> list[bytes]:
    """Payloads of `size` events each."""
    return [envelope.encode_batch(DEVICE, epoch, rows[at : at + size]) for at in range(0, len(rows), size)]


def test_a_receipt_follows_the_commit_and_names_its_hash(bench: Bench) -> None:
    rows = events(visit(1))
    [payload] = batches(rows, 10)
    bench.take(topics.LEDGER, payload)
    assert bench.receipts() == [Receipt(epoch=1, upto=4, hash=rows[-1].hash.hex())]
    assert bench.store.carts(DEVICE) == {}
    assert bench.store.receipts(DEVICE)[0]["lines"] == [{"sku": "cola"}]
    [charge] = bench.store.charges()
    assert (charge.id, charge.amount_minor, charge.visit, charge.state) == ("c1", 100, "v1", "requested")


@FEW
@given(st.integers(1, 7), st.randoms(use_true_random=False))
def test_doubled_and_overtaken_batches_end_in_the_same_books(size: int, luck: random.Random) -> None:
    payloads = batches(events([spec for number in range(8) for spec in visit(number)]), size)
    straight, crooked = Bench(), Bench()
    for payload in payloads:
        straight.take(topics.LEDGER, payload)
    heap = payloads * 2
    luck.shuffle(heap)
    for payload in heap:
        crooked.take(topics.LEDGER, payload)
        if luck.random() < 0.1:
            crooked.fresh()
    for payload in payloads:  # what go-back-N sends again
        crooked.take(topics.LEDGER, payload)
    assert crooked.state() == straight.state()
    assert len(straight.store.charges()) == 8


@FEW
@given(st.lists(st.tuples(st.sampled_from(["up/ledger", "up/sync", "state", "up/x"]), st.binary(max_size=200))))
def test_random_payloads_change_nothing(poison: list[tuple[str, bytes]]) -> None:
    bench = Bench()
    bench.take(topics.LEDGER, batches(events(visit(1)), 10)[0])
    before = bench.state()
    for leaf, payload in poison:
        bench.take(leaf, payload)
    assert bench.state() == before


def test_chosen_poison_changes_nothing(bench: Bench) -> None:
    rows = events(visit(1))
    bench.take(topics.LEDGER, batches(rows, 10)[0])
    before, count = bench.state(), bench.ingest.rejected
    other = events(visit(2))
    poison = [
        (topics.LEDGER, batches(rows, 10)[0], "another_box"),
        (topics.LEDGER, b"[" * 100_000, DEVICE),
        (topics.LEDGER, b'{"e":' + b"9" * 100_000 + b"}", DEVICE),
        (topics.LEDGER, msgspec.json.encode({"e": 1, "from": 5, "to": 5, "head": "0" * 64, "events": [{}]}), DEVICE),
        (topics.LEDGER, envelope.encode_batch(DEVICE, 1, [msgspec.structs.replace(rows[0], body="[]")]), DEVICE),
        (topics.SYNC, b'{"e":1,"head":-1,"hash":"","acked":0,"cseq":0,"session":0}', DEVICE),
        (topics.STATE, b'{"on":"yes","session":1}', DEVICE),
    ]
    for leaf, payload, device in poison:
        bench.take(leaf, payload, device)
    bench.ingest.take(Arrived("us/v1/UP/state", b"{}", 1, 1))
    assert bench.ingest.rejected == count + len(poison) + 1
    assert bench.state() == before
    far = msgspec.structs.replace(other[0], seq=10**6)
    bench.take(topics.LEDGER, envelope.encode_batch(DEVICE, 1, [far]))
    assert bench.state() == before


def test_an_early_batch_waits_for_the_one_before_it(bench: Bench) -> None:
    first, second, third = batches(events(visit(1) + visit(2) + visit(3)), 4)
    bench.take(topics.LEDGER, third)
    bench.take(topics.LEDGER, second)
    assert (bench.receipts(), bench.store.charges()) == ([], [])
    bench.take(topics.LEDGER, first)
    assert [receipt.upto for receipt in bench.receipts()] == [4, 8, 12]


def test_a_final_answer_stays(bench: Bench) -> None:
    bench.take(topics.LEDGER, batches(events(visit(1)), 10)[0])
    for state in ("unresolved", "confirmed", "declined", "unresolved"):
        bench.store.settle(ChargeSettled(charge="c1", state=state))
    bench.store.settle(ChargeSettled(charge="unknown", state="confirmed"))
    assert bench.store.charges()[0].state == "confirmed"
    assert [msgspec.json.decode(c.args)["state"] for c in bench.hello()] == ["unresolved", "confirmed"]


def test_other_events_under_known_numbers_are_a_fork(bench: Bench) -> None:
    mine, clone = events(visit(1) + visit(2)), events(visit(1) + visit(3))
    bench.take(topics.LEDGER, batches(mine, 10)[0])
    charges = bench.store.charges()
    for _ in range(2):
        bench.sent.clear()
        bench.take(topics.LEDGER, batches(clone, 10)[0])
        assert bench.receipts() == [Receipt(epoch=1, upto=8, hash=mine[-1].hash.hex())]
    assert [(dev, kind) for dev, kind, _ in bench.store.alarms()] == [(DEVICE, "fork")]
    assert bench.store.charges() == charges
    assert bench.store.watermark(DEVICE) == (8, mine[-1].hash.hex())


def test_an_unusable_event_is_kept_receipted_and_reported(bench: Bench) -> None:
    rows = events(
        [
            (
                "charge.requested",
                {"charge": "c1", "visit": "v1", "shopper": None, "amount_minor": -5, "currency": "KRW"},
            ),
            ("charge.requested", {"charge": "c2"}),
            ("cart.changed", {"visit": "v", "sku": "s", "quantity": 2**40}),
            ("something.new", {"x": 1}),
            *visit(7),
            ("charge.requested", {"charge": "c7", "visit": "v9", "shopper": "p", "amount_minor": 1, "currency": "KRW"}),
        ]
    )
    bench.take(topics.LEDGER, batches(rows, 20)[0])
    assert bench.receipts()[-1].upto == len(rows)
    assert sorted(detail.split(":")[0] for _, _, detail in bench.store.alarms()) == [
        f"epoch 1, event {n}" for n in (1, 2, 3, 9)
    ]
    assert [(c.id, c.visit, c.amount_minor) for c in bench.store.charges()] == [("c7", "v7", 100)]


def test_a_box_that_was_told_more_than_the_hub_holds_is_reported(bench: Bench) -> None:
    bench.hello(acked=12)
    assert bench.store.alarms()[0][1] == "hub-behind"


def test_a_death_of_an_older_session_is_ignored(bench: Bench) -> None:
    for session, on in ((5, True), (4, False)):
        bench.take(topics.STATE, wire.pack(Presence(on=on, session=session), "state"))
    assert bench.store.is_on(DEVICE)
    bench.take(topics.STATE, wire.pack(Presence(on=False, session=5), "state"))
    assert bench.store.is_on(DEVICE) is False


def test_answers_are_numbered_and_repeated_from_the_cursor(bench: Bench) -> None:
    bench.take(topics.LEDGER, batches(events([s for n in range(5) for s in visit(n)]), 30)[0])
    bench.hello()
    settle_open(bench.store, ReferenceProvider(), lambda: 1)
    bench.ingest.send_answers()
    assert [command.cseq for command in bench.commands()] == [1, 2, 3, 4, 5]
    bench.sent.clear()
    bench.ingest.send_answers()
    assert bench.commands() == []
    assert [command.cseq for command in bench.hello(cseq=3)] == [4, 5]
    bench.fresh()
    assert [command.cseq for command in bench.hello(cseq=0)] == [1, 2, 3, 4, 5]
    assert bench.hello(cseq=5) == []
    assert [command.cseq for command in bench.hello(cseq=10**9)] == []
    assert bench.hello(epoch=2) == []


def test_refusals_follow_the_rule(bench: Bench) -> None:
    bench.take(topics.LEDGER, batches(events(visit(1) + visit(2, 9_000) + visit(3, shopper="broke")), 30)[0])
    provider = ReferenceProvider(decline_shoppers=frozenset({"broke"}), decline_above_minor=5_000)
    assert not settle_open(bench.store, provider, lambda: 1)
    assert {c.id: c.state for c in bench.store.charges()} == {"c1": "confirmed", "c2": "declined", "c3": "declined"}
    assert provider.taken_minor == 100
    for _ in range(3):
        settle_open(bench.store, provider, lambda: 1)
    assert [command.cseq for command in bench.hello()] == [1, 2, 3]


class Deaf:
    """A provider behind a bad line: requests or replies get lost."""

    def __init__(self, seed: int, inner: ReferenceProvider) -> None:
        self._luck, self._inner = random.Random(seed), inner
        self.calls: list[str] = []

    def charge(self, charge: Charge) -> Answer:
        """The request is lost, or the reply is, or neither."""
        self.calls.append(charge.id)
        return self._lossy(lambda: self._inner.charge(charge))

    def look_up(self, charge: str) -> Answer | None:
        """As above."""
        return self._lossy(lambda: self._inner.look_up(charge))

    def _lossy(self, ask: Any) -> Any:
        luck = self._luck.random()
        if luck < 0.2:
            raise NoAnswer("the request was lost")
        found = ask()
        if luck < 0.5:
            raise NoAnswer("the reply was lost")
        return found


@FEW
@given(st.integers(0, 10**6))
def test_lost_replies_charge_what_is_owed_once(seed: int) -> None:
    bench, inner = Bench(), ReferenceProvider()
    provider = Deaf(seed, inner)
    bench.take(topics.LEDGER, batches(events([s for n in range(12) for s in visit(n, 100 + n)]), 60)[0])
    rounds = 0
    while settle_open(bench.store, provider, lambda: 1):
        rounds += 1
        assert rounds < 500
    assert inner.taken_minor == sum(100 + n for n in range(12))
    assert {c.state for c in bench.store.charges()} == {"confirmed"}
    states: dict[str, list[str]] = {}
    for command in bench.hello():
        args = msgspec.json.decode(command.args)
        states.setdefault(args["charge"], []).append(args["state"])
    assert all(found in (["confirmed"], ["unresolved", "confirmed"]) for found in states.values())
    assert len(states) == 12


def test_a_charge_sent_by_a_hub_that_died_is_looked_up_first(bench: Bench) -> None:
    bench.take(topics.LEDGER, batches(events(visit(1)), 10)[0])
    inner = ReferenceProvider()
    [charge] = bench.store.charges()
    bench.store.mark_sent(charge.id, 5)
    inner.charge(charge)
    provider = Deaf(1, inner)
    while settle_open(bench.store, provider, lambda: 6):
        pass
    assert provider.calls == []
    assert bench.store.charges()[0].state == "confirmed"


def test_a_charge_too_old_for_its_key_is_left_to_a_person(bench: Bench) -> None:
    bench.take(topics.LEDGER, batches(events(visit(1)), 10)[0])
    bench.store.mark_sent("c1", 5)
    provider = ReferenceProvider()
    assert not settle_open(bench.store, provider, lambda: 6 + KEY_LIFE_NS)
    assert provider.taken_minor == 0
    assert [kind for _, kind, _ in bench.store.alarms()] == ["charge-stale"]


def test_the_provider_refuses_a_key_with_other_facts() -> None:
    provider = ReferenceProvider()
    base = {"id": "c1", "dev": DEVICE, "visit": "v", "shopper": "p", "currency": "KRW", "state": "sent"}
    empty = {"reason": "", "provider_ref": "", "first_sent_ns": None}
    first = provider.charge(Charge(**base, **empty, amount_minor=5))
    assert (first.state, provider.charge(Charge(**base, **empty, amount_minor=6)).state) == ("confirmed", "declined")
    assert provider.taken_minor == 5


def test_a_killed_hub_finds_its_books_again(tmp_path: Path) -> None:
    first = Bench(tmp_path / "hub.db")
    first.take(topics.LEDGER, batches(events(visit(1)), 10)[0])
    before = first.state()
    first.store.close()
    assert Bench(tmp_path / "hub.db").state() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(BadInput, match="cannot be opened"):
        HubStore(tmp_path / "hub.db")
