"""The edge side of the cloud: outbox rows up, receipts and commands down, over one MQTT connection at a time.

A row leaves the outbox when the hub's own receipt arrives and for no other reason. Broker gone, hub gone, messages
doubled or late: the link waits, connects again and sends again from the last receipt. Must not: drop a row, act on a
command before it is stored, or hold up a door (nothing waits for this module).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Final

from cloud_sync import commands
from cloud_sync.address import Address, Backoff, Login
from cloud_sync.conversation import Conversation, Lost, Settings
from cloud_sync.ports import LedgerPort
from cloud_sync.protocols import Protocols
from cloud_sync.status import LinkStatus, Reporter
from edge.core.ports import Check, Emit, Now

CHECK_TIMEOUT_S: Final = 3.0


class CloudLink:
    """A Source that keeps the hub up to date. `wall_now_ns` only numbers sessions; order never comes from it."""

    def __init__(
        self,
        ledger: LedgerPort,
        settings: Settings,
        *,
        addresses: Sequence[Address],
        now: Now,
        wall_now_ns: Callable[[], int],
        rng: random.Random,
        login: Login | None = None,
        name: str = "cloud",
    ) -> None:
        self.name = name
        self.status = LinkStatus()
        self._ledger, self._settings, self._addresses = ledger, settings, tuple(addresses)
        self._now, self._wall_now_ns = now, wall_now_ns
        self._backoff = Backoff(rng)
        self._login = login or Login()
        self._protocols = Protocols()
        self._number = 0
        self._talk: Conversation | None = None

    def wake(self) -> None:
        """The ledger has new rows: send them now. Safe from any thread, cheap when nothing runs."""
        talk = self._talk
        if talk is not None:
            talk.wake()

    async def run(self, emit: Emit) -> None:
        """Stay connected until cancelled."""
        reporter = Reporter(self.name, emit, self._now, self.status)
        self.status.acked = await self._ledger.acknowledged()
        await self._emit_unhandled(emit)
        turn = 0
        while True:
            address = self._addresses[turn % len(self._addresses)]
            again = await self._converse(address, reporter)
            if not again:
                turn += 1
                await asyncio.sleep(self._backoff.next_s())

    async def self_check(self) -> Check:
        """Whether one of the brokers takes a connection."""
        problem = ""
        for address in self._addresses:
            try:
                connecting = asyncio.open_connection(address.host, address.port)
                async with asyncio.timeout(CHECK_TIMEOUT_S):
                    _reader, writer = await connecting
            except (OSError, TimeoutError) as error:
                problem = f"{address}: {str(error) or 'no answer'}"
                continue
            writer.close()
            return Check(device=self.name, state="ok", detail=f"broker {address} takes connections")
        return Check(device=self.name, state="failed", detail=problem, cure="check cloud.broker and the network")

    async def _emit_unhandled(self, emit: Emit) -> None:
        for row in await self._ledger.unhandled():
            event = commands.stored_event(row, now_ns=self._now(), source=self.name)
            if event is not None:
                emit(event)

    async def _converse(self, address: Address, reporter: Reporter) -> bool:
        """One connection from open to loss. True where the next try needs no wait (another protocol version)."""
        self._number = max(self._number + 1, self._wall_now_ns() // 1_000_000)
        protocol = self._protocols.choose(address)
        talk = Conversation(
            self._ledger,
            self._settings,
            reporter,
            self._backoff,
            address=address,
            login=self._login,
            protocol=protocol,
            number=self._number,
        )
        self._talk = talk
        try:
            await talk.run()
        except Lost as loss:
            if loss.silent:
                self._protocols.stayed_silent(address, protocol)
            if loss.other_protocol and self._protocols.refused(address, protocol):
                return True
            reporter.health("degraded" if loss.refused else "lost", str(loss))
        finally:
            self._talk = None
            await talk.close()
            self.status.connected = False
            self.status.in_flight = 0
        return False
