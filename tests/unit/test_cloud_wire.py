"""Envelope, batch and small messages: what we send comes back, what is not ours is refused with BadInput only."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_sync import commands, envelope, topics, wire
from cloud_sync.address import BACKOFF_CAP_S, Address, Backoff, make_login, parse_addresses
from cloud_sync.envelope import Batch
from cloud_sync.messages import Command, Hello, Presence, Receipt
from cloud_sync.protocols import MQTT_5, MQTT_311, Protocols
from cloud_sync.window import Window
from edge.core.errors import BadInput

DEVICE = "acme_s0042_a"
KINDS: tuple[Any, ...] = (Batch, Hello, Receipt, Command, Presence)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox row as the ledger hands it out."""

    seq: int
    id: str
    type: str
    v: int
    subject: str
    body: str
    prev: bytes
    hash: bytes
    boot: str = "run-1"
    mono_ns: int = 5
    wall_ns: int = 1_700_000_000_123_456_789
    clock_ok: bool = True


def chain(bodies: list[str], first: int = 1, prev: bytes = bytes(32)) -> list[Row]:
    """Rows that follow one another, hashed as the ledger documents it."""
    rows: list[Row] = []
    for seq, body in enumerate(bodies, start=first):
        text = f"{seq}|e{seq}|cart.changed|1|visit/v1|{body}"
        digest = hashlib.blake2b(prev + text.encode(), digest_size=32).digest()
        row = Row(
            seq=seq, id=f"e{seq}", type="cart.changed", v=1, subject="visit/v1", body=body, prev=prev, hash=digest
        )
        rows.append(row)
        prev = digest
    return rows


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
).map(lambda value: json.dumps({"v": value}, ensure_ascii=False))


@given(
    st.lists(JSON.filter(lambda body: wire._depth(body.encode()) < 10), min_size=1, max_size=20), st.integers(1, 10**9)
)
def test_a_batch_comes_back_byte_for_byte(bodies: list[str], first: int) -> None:
    try:
        rows = chain(bodies, first)
    except UnicodeEncodeError:
        return  # half a surrogate pair is not text, the ledger cannot hold it
    batch = envelope.decode_batch(envelope.encode_batch(DEVICE, 7, rows), DEVICE)
    assert (batch.epoch, batch.first, batch.last) == (7, first, first + len(rows) - 1)
    assert [bytes(event.data).decode() for event in batch.events] == bodies
    assert [bytes.fromhex(event.hash) for event in batch.events] == [row.hash for row in rows]
    assert batch.events[0].time == "2023-11-14T22:13:20.123456Z"


@given(st.binary(max_size=300), st.sampled_from(KINDS))
def test_random_bytes_are_refused(payload: bytes, kind: Any) -> None:
    with pytest.raises(BadInput):
        wire.unpack(payload, kind, "payload")


@given(JSON, st.sampled_from(KINDS))
def test_other_json_is_refused(text: str, kind: Any) -> None:
    with pytest.raises(BadInput):
        wire.unpack(text.encode("utf-8", "surrogatepass"), kind, "payload")


@settings(max_examples=300)
@given(st.integers(0, 10**6), st.integers(0, 255), st.booleans())
def test_one_changed_byte_is_refused_or_changes_no_event(place: int, value: int, packed: bool) -> None:
    rows = chain(['{"a":1}'] * (60 if packed else 3))
    payload = bytearray(envelope.encode_batch(DEVICE, 1, rows))
    assert payload.startswith(b"\x1f\x8b") == packed
    payload[place % len(payload)] = value
    try:
        batch = envelope.decode_batch(bytes(payload), DEVICE)
    except BadInput:
        return
    kept = [(event.seq, event.id, bytes(event.data), event.hash) for event in batch.events]
    assert kept == [(row.seq, row.id, row.body.encode(), row.hash.hex()) for row in rows]


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        (b"x" * (wire.MAX_WIRE_BYTES + 1), "more than"),
        (gzip.compress(b"[" * (wire.MAX_PLAIN_BYTES + 1), mtime=0), "unpacks to more"),
        (gzip.compress(b"{}", mtime=0)[:-3], "cut or padded"),
        (gzip.compress(b"{}", mtime=0) + b"more", "cut or padded"),
        (b"\x1f\x8bnothing", "broken gzip"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * 20_000, "nested deeper"),
        (b'"' + b'\\"' * 60_000, "is not a"),
        (b'{"on":true,"session":' + b"9" * 60_000 + b"}", "is not a"),
        (b'{"on":1,"session":1}', "is not a"),
        (b'{"on":true,"session":"1"}', "is not a"),
        (b'{"on":true,"session":1}garbage', "is not a"),
        (b'{"on":true,"session":1,"x":"\xff"}', "not UTF-8"),
        (b"", "is not a"),
    ],
)
def test_each_kind_of_poison_has_its_words(payload: bytes, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        wire.unpack(payload, Presence, "payload")


def test_unknown_fields_of_a_newer_peer_are_ignored() -> None:
    assert wire.unpack(b'{"on":true,"session":4,"since":"v9"}', Presence, "x") == Presence(on=True, session=4)


def test_brackets_inside_texts_are_no_depth() -> None:
    found = wire.unpack(b'{"on":true,"session":4,"x":"' + b"[" * 100 + b'\\"{{"}', Presence, "x")
    assert found.session == 4


def test_a_batch_must_be_one_piece_of_one_box() -> None:
    rows = chain(["{}", "{}", "{}"])
    wrong: dict[str, list[Row]] = {
        "one after the other": [rows[0], rows[2]],
        "broken chain": [rows[0], msgspec.structs.replace(rows[1], prev=bytes(32)), rows[2]],
        "hash does not fit": [rows[0], rows[1], msgspec.structs.replace(rows[2], body='{"a":2}')],
    }
    for word, sent in wrong.items():
        with pytest.raises(BadInput, match=word):
            envelope.decode_batch(envelope.encode_batch(DEVICE, 1, sent), DEVICE)
    with pytest.raises(BadInput, match="another box"):
        envelope.decode_batch(envelope.encode_batch("other", 1, rows), DEVICE)
    cut = msgspec.json.decode(envelope.encode_batch(DEVICE, 1, rows))
    with pytest.raises(BadInput, match="where its head says"):
        envelope.decode_batch(msgspec.json.encode(cut | {"to": 9}), DEVICE)


def test_an_event_too_large_for_one_message_is_named() -> None:
    noise = random.Random(1).randbytes(200_000).hex()
    with pytest.raises(BadInput, match=r"events 1 to 1: is .* packed"):
        envelope.encode_batch(DEVICE, 1, chain([json.dumps(noise)]))
    with pytest.raises(BadInput, match="send less"):
        envelope.encode_batch(DEVICE, 1, chain([json.dumps("x" * wire.MAX_PLAIN_BYTES)]))


def test_large_payloads_are_packed_the_same_way_each_time() -> None:
    rows = chain([json.dumps({"n": n}) for n in range(100)])
    payload = envelope.encode_batch(DEVICE, 1, rows)
    assert payload == envelope.encode_batch(DEVICE, 1, rows)
    assert zlib.decompress(payload, wbits=31).startswith(b'{"e":1,"from":1')


@pytest.mark.parametrize("payload", [b'{"cseq":1,"id":"a","op":"door.open","args":{}}', b'{"cseq":0}', b"null"])
def test_commands_that_we_do_not_know_are_refused(payload: bytes) -> None:
    with pytest.raises(BadInput, match="command"):
        commands.read_command(payload)


@given(st.lists(st.integers(1, 5), max_size=60), st.randoms(use_true_random=False))
def test_the_window_never_skips_and_never_overflows(sizes: list[int], luck: random.Random) -> None:
    window, upto = Window(0, 4), 0
    for size in sizes:
        if window.has_room:
            upto += size
            window.sent(upto)
        if luck.random() < 0.5:
            receipt = luck.randint(0, upto)
            moved = window.receipted(receipt)
            assert moved == (window.acked == receipt and receipt > 0) or not moved
        assert window.in_flight <= 4
        assert window.acked <= window.sent_upto == upto
    window.receipted(upto)
    assert (window.in_flight, window.acked) == (0, upto)


def test_waits_are_jittered_capped_and_begin_short_again() -> None:
    backoff = Backoff(random.Random(3))
    waits = [backoff.next_s() for _ in range(200)]
    assert waits[0] <= 0.2
    assert BACKOFF_CAP_S / 2 < max(waits) <= BACKOFF_CAP_S
    assert min(waits[20:]) < BACKOFF_CAP_S / 10
    backoff.reset()
    assert backoff.next_s() <= 0.2


def test_broker_addresses() -> None:
    assert parse_addresses("broker, mqtts://b:99,[::1]:7") == (
        Address("broker", 1883),
        Address("b", 99, tls=True),
        Address("::1", 7),
    )
    assert parse_addresses("mqtts://b")[0].port == 8883
    for wrong in ("", " , ", "http://b", "b:x", "b:0", "b:70000", "mqtt://"):
        with pytest.raises(BadInput, match="host:port"):
            parse_addresses(wrong)
    with pytest.raises(BadInput, match="password_file"):
        make_login("me", "/does/not/exist", None, tls=False)
    with pytest.raises(BadInput, match="ca_file"):
        make_login(None, None, "/does/not/exist", tls=True)


def test_topics_of_other_trees_are_refused() -> None:
    assert topics.split("us/v1/acme/up/ledger") == ("acme", "up/ledger")
    for wrong in ("", "us/v1/", "us/v1/a", "us/v1/A B/state", "us/v2/a/state", "x"):
        with pytest.raises(BadInput):
            topics.split(wrong)
    with pytest.raises(BadInput):
        topics.topic("a/b", topics.STATE)


def test_silence_is_no_refusal() -> None:
    protocols, broker = Protocols(), Address("b", 1)
    assert protocols.choose(broker) == MQTT_5
    protocols.stayed_silent(broker, MQTT_5)
    assert [protocols.choose(broker), protocols.choose(broker)] == [MQTT_311, MQTT_5]
    assert protocols.refused(broker, MQTT_5)
    assert not protocols.refused(broker, MQTT_311)
    assert [protocols.choose(broker), protocols.choose(broker)] == [MQTT_311, MQTT_311]
