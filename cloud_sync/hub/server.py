"""The running hub: one thread for the broker, one for the payment provider, embedded or as its own process.

Must not: hold state that is not in the store (a killed hub continues from its database), or share more with the edge
than the messages.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

import msgspec

from cloud_sync import mqtt, topics
from cloud_sync.address import Address, Backoff, Login
from cloud_sync.hub.ingest import Ingest
from cloud_sync.hub.payments import Provider, settle_open
from cloud_sync.hub.store import HubStore
from cloud_sync.protocols import NAMES, Protocols
from edge.core.ports import Now

FILTERS: Final = tuple(topics.every(leaf) for leaf in (topics.LEDGER, topics.SYNC, topics.STATE))
MAX_MESSAGES: Final = 2_000
OPEN_TIMEOUT_S: Final = 5.0
PAYMENT_RETRY_S: Final = 2.0
STOP_TIMEOUT_S: Final = 15.0

log = logging.getLogger(__name__)

Nudge: TypeAlias = Literal["stop", "answers"]


@dataclass
class HubStatus:
    """A live view. `rejected` counts messages that were not well formed."""

    connected: bool = False
    protocol: str = ""
    rejected: int = 0
    last_error: str = ""


class Hub:
    """`start` returns at once; `stop` ends both threads (it blocks, call it outside an event loop)."""

    def __init__(
        self,
        store: HubStore,
        provider: Provider,
        *,
        addresses: Sequence[Address],
        now: Now,
        rng: random.Random,
        client_id: str = "muin-hub",
        login: Login | None = None,
        payment_retry_s: float = PAYMENT_RETRY_S,
    ) -> None:
        self.store = store
        self.status = HubStatus()
        self._provider, self._now, self._client_id = provider, now, client_id
        self._addresses, self._login = tuple(addresses), login or Login()
        self._protocols = Protocols()
        self._backoff, self._retry_s = Backoff(rng), payment_retry_s
        self._inbox: queue.Queue[tuple[int, mqtt.Signal | Nudge]] = queue.Queue()  # with the number of its session
        self._number = 0
        self._stopping, self._charges, self._ready = threading.Event(), threading.Event(), threading.Event()
        self._session: mqtt.Session | None = None
        self._ingest = Ingest(store, now, self._send, self._charges.set)
        self._threads = [
            threading.Thread(target=self._serve, name="hub-broker", daemon=True),
            threading.Thread(target=self._pay, name="hub-payments", daemon=True),
        ]

    def start(self) -> None:
        """Begin to serve."""
        self._charges.set()  # a killed hub may have left some open
        for thread in self._threads:
            thread.start()

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until the hub is subscribed; False where it is not in that time."""
        return self._ready.wait(timeout_s)

    def stop(self) -> None:
        """End the threads. What was committed stays, what was not is sent again by the boxes."""
        self._stopping.set()
        self._charges.set()
        self._inbox.put((0, "stop"))
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_TIMEOUT_S)

    def _serve(self) -> None:
        turn = 0
        while not self._stopping.is_set():
            address = self._addresses[turn % len(self._addresses)]
            if not self._converse(address):
                turn += 1
                self._stopping.wait(self._backoff.next_s())

    def _converse(self, address: Address) -> bool:
        """One connection. True where the next try needs no wait (another protocol version)."""
        self._number += 1
        session = mqtt.Session(
            client_id=self._client_id,
            protocol=self._protocols.choose(address),
            notify=partial(self._take_signal, self._number),
            login=msgspec.structs.replace(self._login, tls=self._login.tls or address.tls),
        )
        try:
            session.open(address)
            self._session = session
            return self._listen(session, address)
        except (OSError, ValueError) as error:
            self.status.last_error = f"{address}: {error}"
        finally:
            self._session = None
            self.status.connected = False
            self._ready.clear()
            session.close()
        return False

    def _listen(self, session: mqtt.Session, address: Address) -> bool:
        while not self._stopping.is_set():
            try:
                number, signal = self._inbox.get(timeout=None if self.status.connected else OPEN_TIMEOUT_S)
            except queue.Empty:
                self.status.last_error = f"{address}: no answer to the connection"
                self._protocols.stayed_silent(address, session.protocol)
                return False
            if number not in (0, self._number):
                continue  # of an earlier connection
            match signal:
                case mqtt.Opened():
                    session.subscribe(FILTERS)
                case mqtt.Subscribed():
                    self._on_subscribed(session, signal.refused)
                case mqtt.Arrived():
                    self._ingest.take(signal)
                    session.done(signal)
                    self.status.rejected, problem = self._ingest.rejected, self._ingest.last_error
                    self.status.last_error = problem or self.status.last_error
                case "answers":
                    self._ingest.send_answers()
                case mqtt.Closed():
                    self.status.last_error = f"{address}: {signal.reason}"
                    return False
                case mqtt.Refused():
                    self.status.last_error = f"{address}: {signal.reason}"
                    return signal.other_protocol and self._protocols.refused(address, session.protocol)
        return False

    def _on_subscribed(self, session: mqtt.Session, refused: tuple[str, ...]) -> None:
        if refused:
            raise OSError(f"subscription refused: {', '.join(refused)}")
        self.status.connected = True
        self.status.protocol = NAMES[session.protocol]
        self._backoff.reset()
        self._ready.set()
        log.info("hub serves at %s", self.status.protocol)

    def _take_signal(self, number: int, signal: mqtt.Signal) -> None:
        # Boxes send again what got no receipt, so a message may be shed; the end of a connection may not.
        if isinstance(signal, mqtt.Arrived) and self._inbox.qsize() >= MAX_MESSAGES:
            return
        self._inbox.put((number, signal))

    def _send(self, topic: str, payload: bytes, qos: int) -> None:
        session = self._session
        if session is not None:
            session.publish(topic, payload, qos=qos)

    def _pay(self) -> None:
        again = False
        while not self._stopping.is_set():
            self._charges.wait(self._retry_s if again else None)
            self._charges.clear()
            if self._stopping.is_set():
                return
            again = settle_open(self.store, self._provider, self._now)
            self._inbox.put((0, "answers"))
