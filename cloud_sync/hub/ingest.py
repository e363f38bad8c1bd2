"""What the hub does with each message: check, store, commit, then receipt. And what it sends on its own: answers.

Must not: send a receipt before the commit it speaks of, or let one box's bytes stop the others.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from cloud_sync import envelope, topics, wire
from cloud_sync.envelope import Batch
from cloud_sync.hub.store import Fork, Gap, HubStore
from cloud_sync.messages import Hello, Presence, Receipt
from cloud_sync.mqtt import Arrived
from edge.core.errors import BadInput
from edge.core.ports import Now

MAX_AHEAD: Final = 4_000  # events; what a box may have in flight
MAX_WAITING: Final = 64  # batches of one box
MAX_BOXES_WAITING: Final = 256

log = logging.getLogger(__name__)

Send = Callable[[str, bytes, int], object]


class Ingest:
    """Used by one thread. `send` publishes (topic, payload, QoS); `events_came` is called after events were stored."""

    def __init__(self, store: HubStore, now: Now, send: Send, events_came: Callable[[], None]) -> None:
        self._store, self._now, self._send, self._events_came = store, now, send, events_came
        self._waiting: dict[tuple[str, int], dict[int, Batch]] = defaultdict(dict)  # by box and epoch
        self._told: dict[str, int] = {}
        self.rejected = 0
        self.last_error = ""

    def take(self, message: Arrived) -> None:
        """Handle one message of a box. What is not well formed changes nothing."""
        try:
            device, leaf = topics.split(message.topic)
            if leaf == topics.LEDGER:
                self._batch(device, envelope.decode_batch(message.payload, device))
            elif leaf == topics.SYNC:
                self._hello(device, wire.unpack(message.payload, Hello, f"hello of {device}"))
            elif leaf == topics.STATE:
                presence = wire.unpack(message.payload, Presence, f"state of {device}")
                self._store.take_presence(device, presence.session, presence.on)
        except BadInput as error:
            self.rejected += 1
            self.last_error = str(error)
            log.warning("rejected: %s", error)

    def send_answers(self) -> None:
        """Send every box the commands it was not sent yet on this connection."""
        for device in self._store.boxes_behind():
            self._send_commands(device)

    def _hello(self, device: str, hello: Hello) -> None:
        self._answer(device, self._store.take_hello(device, hello, self._now()))
        self._told.pop(device, None)  # what was sent and is not in its cursor was lost
        self._send_commands(device)

    def _send_commands(self, device: str) -> None:
        for command in self._store.commands_after(device, self._told.get(device, 0)):
            self._send(topics.topic(device, topics.COMMAND), wire.pack(command, "command"), 1)
            self._told[device] = command.cseq

    def _batch(self, device: str, batch: Batch) -> None:
        """Store it, and whatever waited for it. Early ones wait in memory only: unproven events are not stored."""
        try:
            receipt = self._store.take_batch(device, batch, self._now())
        except Gap as gap:
            self._keep(device, batch, gap.upto)
            return
        except Fork as fork:
            log.error("fork: %s: %s", device, fork)
            upto, digest = self._store.watermark(device, batch.epoch)
            self._answer(device, Receipt(epoch=batch.epoch, upto=upto, hash=digest))
            return
        self._answer(device, receipt)
        self._events_came()
        self._take_waiting(device, receipt)

    def _take_waiting(self, device: str, receipt: Receipt) -> None:
        key = (device, receipt.epoch)
        waiting = self._waiting.get(key, {})
        ready = next((first for first in sorted(waiting) if first <= receipt.upto + 1), None)
        if ready is not None:
            self._batch(device, waiting.pop(ready))
        if not waiting:
            self._waiting.pop(key, None)

    def _keep(self, device: str, batch: Batch, upto: int) -> None:
        key = (device, batch.epoch)
        fits = key in self._waiting or len(self._waiting) < MAX_BOXES_WAITING
        if fits and batch.first <= upto + MAX_AHEAD and len(self._waiting[key]) < MAX_WAITING:
            self._waiting[key][batch.first] = batch

    def _answer(self, device: str, receipt: Receipt) -> None:
        self._send(topics.topic(device, topics.RECEIPT), wire.pack(receipt, "receipt"), 0)
