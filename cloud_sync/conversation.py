"""One connection of the link: a single actor that takes signals one by one and keeps the sync protocol.

hello after each connect and every minute -> batches from the last receipt -> a receipt moves the window -> no receipt
in time ends the connection. Must not: reconnect (the link does), or act from paho's thread.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from cloud_sync import commands, envelope, mqtt, protocols, topics, wire
from cloud_sync.address import Address, Backoff, Login
from cloud_sync.mailbox import Due, Mailbox
from cloud_sync.messages import Hello, Presence, Receipt
from cloud_sync.ports import LedgerPort
from cloud_sync.status import LinkStatus, Reporter
from cloud_sync.window import Window
from edge.core.errors import BadInput

OPEN_TIMEOUT_S: Final = 5.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change while the box runs. `device` is one topic level, `epoch` counts rebuilt ledgers."""

    device: str
    epoch: int = 1
    batch_events: int = envelope.MAX_EVENTS
    window_batches: int = 40
    receipt_timeout_s: float = 5.0
    hello_s: float = 60.0
    versions: dict[str, str] = {}


class Lost(Exception):
    """The connection is over. `refused`: the other side is there but does not take what we send.

    `other_protocol`: the broker asked for another MQTT version. `silent`: it never answered our CONNECT.
    """

    def __init__(
        self, reason: str, *, refused: bool = False, other_protocol: bool = False, silent: bool = False
    ) -> None:
        self.refused, self.other_protocol, self.silent = refused, other_protocol, silent
        super().__init__(reason)


class Conversation:
    """Used once. `run` ends with Lost; `close` must be called after it, whatever happened."""

    def __init__(
        self,
        ledger: LedgerPort,
        settings: Settings,
        reporter: Reporter,
        backoff: Backoff,
        *,
        address: Address,
        login: Login,
        protocol: int,
        number: int,
    ) -> None:
        self._ledger, self._settings, self._reporter, self._backoff = ledger, settings, reporter, backoff
        self._address, self._number = address, number
        self._status: LinkStatus = reporter.status
        self._mailbox = Mailbox(shed=lambda: reporter.rejected("more messages than can be handled; dropped"))
        self._window = Window(0, settings.window_batches)
        self._blocked = ""
        self._cursor_moved = False
        will = mqtt.Will(self._topic(topics.STATE), wire.pack(Presence(on=False, session=number), "will"))
        self._session = mqtt.Session(
            client_id=settings.device,
            protocol=protocol,
            notify=self._mailbox.post,
            login=msgspec.structs.replace(login, tls=login.tls or address.tls),
            will=will,
        )

    def wake(self) -> None:
        """New rows are there. Safe from any thread."""
        self._mailbox.wake()

    async def run(self) -> None:
        """Connect, then serve until the connection is lost. Raises Lost."""
        try:
            await asyncio.to_thread(self._session.open, self._address)
        except (OSError, ValueError) as error:
            raise Lost(f"{self._address}: {error}") from None
        self._mailbox.arm("overdue", OPEN_TIMEOUT_S)
        while True:
            await self._handle(await self._mailbox.next())
            if self._cursor_moved and self._mailbox.is_empty:
                self._cursor_moved = False
                await self._hello()

    async def close(self) -> None:
        """Say that we are going, stop the deadlines and end paho's thread."""
        self._mailbox.close()
        if self._status.connected:
            self._publish(topics.STATE, Presence(on=False, session=self._number), retain=True)
        await asyncio.to_thread(self._session.close)

    async def _handle(self, signal: mqtt.Signal | Due) -> None:
        match signal:
            case mqtt.Opened():
                self._window.size = max(1, min(self._window.size, signal.receive_maximum))
                self._session.subscribe([self._topic(topics.RECEIPT), self._topic(topics.COMMAND)])
            case mqtt.Refused():
                raise Lost(f"{self._address}: {signal.reason}", refused=True, other_protocol=signal.other_protocol)
            case mqtt.Subscribed():
                await self._begin(signal.refused)
            case mqtt.Confirmed():
                self._on_confirmed(signal)
            case mqtt.Arrived():
                await self._on_message(signal)
            case mqtt.Closed():
                raise Lost(f"{self._address}: {signal.reason}")
            case "wake":
                await self._pump()
            case "hello":
                await self._hello()
            case "overdue":
                self._give_up()

    async def _begin(self, refused: tuple[str, ...]) -> None:
        if refused:
            raise Lost(f"{self._address}: subscription refused: {', '.join(refused)}", refused=True)
        self._status.connected = True
        self._status.connections += 1
        self._status.protocol = protocols.NAMES[self._session.protocol]
        self._status.broker = str(self._address)
        self._window = Window(await self._ledger.acknowledged(), self._window.size)
        self._publish(topics.STATE, Presence(on=True, session=self._number), retain=True)
        await self._hello()
        self._mailbox.arm("overdue", self._settings.receipt_timeout_s)
        await self._pump()

    def _give_up(self) -> None:
        if not self._status.connected:
            raise Lost(f"{self._address}: no answer to the connection", silent=True)
        waiting = f"{self._window.in_flight} batches after event {self._window.acked}"
        raise Lost(self._blocked or f"no receipt from the hub in time ({waiting})", refused=True)

    async def _hello(self) -> None:
        seq, digest = await self._ledger.head()
        hello = Hello(
            epoch=self._settings.epoch,
            head=seq,
            hash=digest.hex(),
            acked=self._window.acked,
            cseq=await self._ledger.command_cursor(),
            session=self._number,
            versions=self._settings.versions,
        )
        self._publish(topics.SYNC, hello)
        self._mailbox.arm("hello", self._settings.hello_s)
        self._expect_receipt()

    async def _pump(self) -> None:
        """Send what is pending while the window has room."""
        while self._status.connected and self._window.has_room and not self._blocked:
            after = self._window.sent_upto
            rows = await self._ledger.pending(after, self._settings.batch_events, envelope.MAX_BODY_BYTES)
            if not rows:
                break
            try:
                payload = envelope.encode_batch(self._settings.device, self._settings.epoch, rows)
            except BadInput as error:
                self._block(f"cannot be sent: {error}")
                break
            self._session.publish(self._topic(topics.LEDGER), payload)
            self._window.sent(rows[-1].seq)
            self._expect_receipt()
        self._status.in_flight = self._window.in_flight

    def _on_confirmed(self, signal: mqtt.Confirmed) -> None:
        if signal.refusal:  # the rows stay where they are; the missing receipt brings them up again
            self._reporter.health("degraded", f"broker {self._address} refused a message: {signal.refusal}")

    async def _on_message(self, message: mqtt.Arrived) -> None:
        try:
            if message.topic == self._topic(topics.RECEIPT):
                await self._on_receipt(wire.unpack(message.payload, Receipt, "receipt"))
            elif message.topic == self._topic(topics.COMMAND):
                await self._on_command(message.payload)
            else:
                raise BadInput("topic", f"{message.topic[:80]!r} was not asked for")
        except BadInput as error:
            self._reporter.rejected(str(error))
        self._session.done(message)

    async def _on_receipt(self, receipt: Receipt) -> None:
        if receipt.epoch != self._settings.epoch:
            raise BadInput("receipt", f"is for epoch {receipt.epoch}, this ledger's is {self._settings.epoch}")
        if receipt.upto > self._window.acked:
            try:
                await self._ledger.acknowledge(receipt.upto, bytes.fromhex(receipt.hash))
            except BadInput as error:
                self._block(f"the hub holds other events than this ledger: {error}")
                return
        moved = self._window.receipted(receipt.upto)
        self._status.acked = self._window.acked
        if self._blocked or (self._window.in_flight and not moved):
            return
        self._backoff.reset()
        self._reporter.health("ok")
        self._mailbox.disarm("overdue")
        if self._window.in_flight:
            self._expect_receipt()
        await self._pump()

    async def _on_command(self, payload: bytes) -> None:
        command, args = commands.read_command(payload)
        if command.epoch not in (0, self._settings.epoch):
            raise BadInput(commands.PLACE, f"is for epoch {command.epoch}, this ledger's is {self._settings.epoch}")
        if command.cseq > await self._ledger.command_cursor() + commands.MAX_AHEAD:
            raise BadInput(commands.PLACE, f"number {command.cseq} is too far ahead")
        event = commands.charge_answered(args, now_ns=self._reporter.now(), source=self._reporter.name)
        is_new = await self._ledger.receive(
            id=command.id, cseq=command.cseq, type=command.op, body=payload, now_ns=event.captured_ns
        )
        self._cursor_moved = True
        if is_new:
            self._reporter.emit(event)

    def _block(self, reason: str) -> None:
        """Send no more on this connection; it is given up when the receipt is overdue, and tried again."""
        self._blocked = reason
        self._reporter.health("degraded", reason)
        self._expect_receipt()

    def _expect_receipt(self) -> None:
        if not self._mailbox.is_armed("overdue"):
            self._mailbox.arm("overdue", self._settings.receipt_timeout_s)

    def _publish(self, leaf: str, message: msgspec.Struct, *, retain: bool = False) -> None:
        self._session.publish(self._topic(leaf), wire.pack(message, leaf), retain=retain)

    def _topic(self, leaf: str) -> str:
        return topics.topic(self._settings.device, leaf)
