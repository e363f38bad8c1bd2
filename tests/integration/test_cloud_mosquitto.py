"""Box and hub over a real Mosquitto that is stopped, killed and told to refuse: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cloud_sync import topics
from cloud_sync.address import Address, Login, make_login
from edge.core.events import HealthChanged
from tests.conftest import program
from tests.integration.cloud_bench import (
    DEADLINE_S,
    DEVICE,
    Box,
    Mosquitto,
    Relay,
    closing,
    running_box,
    running_hub,
    until,
)

VISITS = 60


@pytest.fixture(name="mosquitto")
def _mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(program("mosquitto", "mosquitto"), tmp_path)
    broker.start()
    yield broker
    broker.stop(kill=True)


async def settled(box: Box, visits: int) -> None:
    """Everything answered, booked and receipted."""
    await until(lambda: len(box.answers()) == visits, f"{visits} answers")

    async def receipted() -> bool:
        return await box.outbox() == 0

    await until(receipted, "an empty outbox")


def test_mqtt_5_is_spoken_where_the_broker_knows_it(tmp_path: Path, mosquitto: Mosquitto) -> None:
    async def scene() -> None:
        with running_hub(tmp_path / "hub.db", mosquitto.address) as hub:
            async with running_box(tmp_path, mosquitto.address) as box:
                await box.commit(closing(1))
                await settled(box, 1)
                assert box.link.status.protocol == hub.status.protocol == "MQTT 5"
                assert (await box.link.self_check()).state == "ok"

    asyncio.run(scene())


def test_a_broker_that_stops_twice_changes_no_charge(tmp_path: Path, mosquitto: Mosquitto) -> None:
    calm = asyncio.run(_day(tmp_path / "calm", mosquitto, stops=()))
    rough = asyncio.run(_day(tmp_path / "rough", mosquitto, stops=(VISITS // 3, 2 * VISITS // 3)))
    assert len(calm) == VISITS
    assert rough == calm


def test_a_killed_broker_loses_nothing(tmp_path: Path, mosquitto: Mosquitto) -> None:
    found = asyncio.run(_day(tmp_path / "day", mosquitto, stops=(5, 20, 35, 50), kill=True))
    assert [row[3] for row in found] == ["confirmed"] * VISITS


async def _day(
    folder: Path, broker: Mosquitto, *, stops: tuple[int, ...], kill: bool = False
) -> list[tuple[str, str, int, str, str]]:
    """Visits while the broker comes and goes; returns what the hub charged."""
    folder.mkdir()
    with running_hub(folder / "hub.db", broker.address) as hub:
        async with running_box(folder, broker.address) as box:
            for number in range(VISITS):
                if number in stops:
                    wanted = number - 2
                    await until(lambda wanted=wanted: len(box.answers()) >= wanted, "answers before the stop")
                    await asyncio.to_thread(broker.stop, kill=kill)
                    await until(lambda: not box.link.status.connected, "the loss to be seen")
                await box.commit(closing(number, amount_minor=100 + number))
                if number - 5 in stops:
                    assert await box.outbox() > 0
                    await asyncio.to_thread(broker.start)
            await settled(box, VISITS)
            assert set(map(tuple, box.answers().values())) == {("confirmed",)}
            states = [event.state for event in box.of(HealthChanged)]
            assert (states[0], states[-1]) == ("ok", "ok")
            assert states.count("lost") >= len(stops)
        assert hub.store.alarms() == []
        return [(c.id, c.visit, c.amount_minor, c.state, c.provider_ref) for c in hub.store.charges()]


def test_a_refused_message_is_an_alarm_and_deletes_nothing(tmp_path: Path) -> None:
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite us/v1/+/up/sync\ntopic readwrite us/v1/+/state\ntopic readwrite us/v1/+/down/#\n")
    broker = Mosquitto(program("mosquitto", "mosquitto"), tmp_path, f"acl_file {rules}")
    broker.start()

    async def scene() -> None:
        with running_hub(tmp_path / "hub.db", broker.address) as hub:
            async with running_box(tmp_path, broker.address, receipt_timeout_s=0.3) as box:
                await box.commit(closing(1))
                await until(lambda: "degraded" in [e.state for e in box.of(HealthChanged)], "the alarm")
                await until(lambda: box.link.status.connections >= 3, "two more tries")
                alarms = [e for e in box.of(HealthChanged) if e.state == "degraded"]
                assert "Not authorized" in alarms[0].detail
                assert [e.state for e in box.of(HealthChanged)][-1] == "degraded"
                assert (await box.outbox(), box.answers(), hub.store.charges()) == (3, {}, [])

    try:
        asyncio.run(scene())
    finally:
        broker.stop(kill=True)


def test_tls_needs_the_right_authority_and_a_password(tmp_path: Path) -> None:
    certificates(tmp_path)
    passwords = tmp_path / "passwords"
    tool = program("mosquitto_passwd", "mosquitto")
    subprocess.run([tool, "-b", "-c", str(passwords), DEVICE, "secret"], check=True, timeout=DEADLINE_S)
    (tmp_path / "password").write_text("secret\n")
    files = [f"{key} {tmp_path / name}" for key, name in (("certfile", "server.pem"), ("keyfile", "server.key"))]
    broker = Mosquitto(program("mosquitto", "mosquitto"), tmp_path, *files, f"password_file {passwords}")
    broker.forbid_anonymous()
    broker.start()
    address = Address("localhost", broker.address.port, tls=True)

    def login(authority: str, password: str | None) -> Login:
        return make_login(DEVICE, password, str(tmp_path / authority), tls=True)

    async def scene() -> None:
        good = login("ca.pem", str(tmp_path / "password"))
        with running_hub(tmp_path / "hub.db", address, login=good):
            async with running_box(tmp_path, address, login=good) as box:
                await box.commit(closing(1))
                await settled(box, 1)
            for bad, word in (
                (login("other.pem", str(tmp_path / "password")), "certificate"),
                (login("ca.pem", None), "Not authorized"),
            ):
                async with running_box(tmp_path, address, login=bad) as box:
                    await until(lambda box=box: box.link.status.last_error, "the refusal")
                    assert word.lower() in box.link.status.last_error.lower()
                    assert not box.link.status.connected

    try:
        asyncio.run(scene())
    finally:
        broker.stop(kill=True)


def certificates(folder: Path) -> None:
    """ca.pem, other.pem (another authority) and server.pem with server.key for localhost."""
    now = datetime.now(tz=UTC)
    names = {name: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("ca", "other", "localhost")}
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in names}
    for file, subject, issuer in (("ca", "ca", "ca"), ("other", "other", "other"), ("server", "localhost", "ca")):
        made = (
            x509.CertificateBuilder(names[issuer], names[subject], keys[subject].public_key(), 1 + len(file))
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=subject == issuer, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
            .sign(keys[issuer], hashes.SHA256())
        )
        (folder / f"{file}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = keys["localhost"].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.key").write_bytes(private)


def test_a_bad_road_makes_nothing_twice(tmp_path: Path, mosquitto: Mosquitto) -> None:
    far = tmp_path / "far"
    far.mkdir()
    hub_side = Mosquitto(program("mosquitto", "mosquitto"), far)
    hub_side.start()
    relay = Relay(mosquitto.address, hub_side.address, seed=5)

    async def scene() -> None:
        with running_hub(tmp_path / "hub.db", hub_side.address) as hub:
            settings = {"receipt_timeout_s": 0.3, "batch_events": 3, "hello_s": 0.3}
            async with running_box(tmp_path, mosquitto.address, **settings) as box:
                for number in range(VISITS):
                    await box.commit(closing(number))
                await settled(box, VISITS)
                assert len(hub.store.charges()) == VISITS
                assert set(map(tuple, box.answers().values())) == {("confirmed",)}
                head, digest = await box.port.head()
                assert hub.store.watermark(DEVICE, box.epoch) == (head, digest.hex())
                assert hub.store.alarms() == []

    try:
        asyncio.run(scene())
        assert min(relay.lost, relay.doubled, relay.overtaken) > 0
    finally:
        relay.close()
        hub_side.stop(kill=True)


DIES_BEFORE_THE_RECEIPT = """
import os, random, signal, sys
from pathlib import Path
from cloud_sync.address import parse_addresses
from cloud_sync.hub.payments import ReferenceProvider
from cloud_sync.hub.server import Hub
from cloud_sync.hub.store import HubStore
from edge.clock import wall_now_ns

class Store(HubStore):
    def take_batch(self, dev, batch, now_ns):
        super().take_batch(dev, batch, now_ns)
        os.kill(os.getpid(), signal.SIGKILL)

hub = Hub(Store(Path(sys.argv[2])), ReferenceProvider(), addresses=parse_addresses(sys.argv[1]), now=wall_now_ns,
          rng=random.Random(1))
hub.start()
signal.pause()
"""


def python(*arguments: str) -> subprocess.Popen[bytes]:
    """A real process of this interpreter."""
    return subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)


def test_a_hub_killed_between_commit_and_receipt_charges_once(tmp_path: Path, mosquitto: Mosquitto) -> None:
    where, db = str(mosquitto.address), str(tmp_path / "hub.db")

    async def scene() -> None:
        async with running_box(tmp_path, mosquitto.address, receipt_timeout_s=0.3) as box:
            for number in range(5):
                await box.commit(closing(number))
                doomed = python("-c", DIES_BEFORE_THE_RECEIPT, where, db)
                assert await asyncio.to_thread(doomed.wait, DEADLINE_S) == -signal.SIGKILL
                assert await box.outbox() >= 2
                assert number > 0 or await box.port.acknowledged() == 0
            hub = python("-m", "cloud_sync.hub", "--broker", where, "--db", db)
            try:
                await settled(box, 5)
            finally:
                hub.terminate()
            assert await asyncio.to_thread(hub.wait, DEADLINE_S) == 0
            assert set(map(tuple, box.answers().values())) == {("confirmed",)}

    asyncio.run(scene())
    with running_hub(tmp_path / "hub.db", mosquitto.address) as hub:
        assert [charge.state for charge in hub.store.charges()] == ["confirmed"] * 5


def test_the_hub_process_says_what_is_wrong_with_its_options(tmp_path: Path) -> None:
    for arguments, word in (
        (["--broker", "http://x", "--db", str(tmp_path / "a.db")], "broker"),
        (["--broker", "127.0.0.1:1", "--db", str(tmp_path / "none" / "a.db")], "cannot be opened"),
        (["--broker", "127.0.0.1:1", "--db", __file__], "cannot be opened"),
    ):
        command = [sys.executable, "-m", "cloud_sync.hub", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert (done.returncode, word in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_topics_fit_the_narrowest_broker() -> None:
    for leaf in (topics.LEDGER, topics.SYNC, topics.STATE, topics.RECEIPT, topics.COMMAND):
        assert topics.topic(DEVICE, leaf).count("/") <= 7
