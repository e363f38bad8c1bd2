"""The link's states against a board whose clock and answers the test holds in its hand, over a real pty."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from firmware_bridge import frames, messages
from firmware_bridge.board_logic import Board
from firmware_bridge.errors import BoardSilent, NotReady, PortUnusable
from firmware_bridge.link import TRIES, BoardLink, LinkState, OutputPlan
from firmware_bridge.messages import Level, Message, Output, Result
from firmware_bridge.serial_port import open_port

PLANS = (
    OutputPlan(Output.ENTRY, Level.LOCKED, Level.LOCKED),
    OutputPlan(Output.EGRESS, Level.RELEASED, Level.RELEASED),
)


class PtyBoard:
    """The board's logic on the far end of a pty. `deaf` answers are swallowed; the clock moves when told."""

    def __init__(self) -> None:
        self.board = Board()
        self.at_ms = 0
        self.swallow = 0
        self.requests = 0
        self.mute = False
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            self.speak(self.board.feed(os.read(self._master, 4096), self.at_ms))

    def speak(self, data: bytes) -> None:
        for found in frames.StreamDecoder().feed(data):
            assert isinstance(found, frames.Frame)
            if found.kind == messages.Answer.kind:
                self.requests += 1
                if self.swallow > 0:
                    self.swallow -= 1
                    continue
            if not self.mute:
                os.write(self._master, frames.encode(found))

    def pass_time(self, ms: int) -> None:
        self.at_ms += ms
        self.speak(self.board.advance(self.at_ms))

    def pulses(self) -> int:
        return len([line for line in self.board.log if line["event"] == "pulse"])

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)


class Ear:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.states: list[LinkState] = []
        self.messages: list[Message] = []
        self.dropped: list[str] = []
        self._news = asyncio.Event()

    def link_changed(self, state: LinkState, detail: str) -> None:
        assert detail
        self.states.append(state)
        self._news.set()

    def message_came(self, message: Message) -> None:
        self.messages.append(message)

    def bytes_dropped(self, reason: str, size: int) -> None:
        self.dropped.append(reason)

    async def hear(self, states: list[LinkState]) -> None:
        async with asyncio.timeout(30):
            while self.states != states:
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def session() -> AsyncIterator[tuple[BoardLink, PtyBoard, Ear]]:
    peer, ear = PtyBoard(), Ear()
    link = BoardLink(peer.port, 115_200, PLANS, ear)
    task = asyncio.create_task(link.run())
    # the board's status keeps the link alive while the test holds the clock
    keeper = asyncio.create_task(_status(peer))
    try:
        await ear.hear([LinkState.READY])
        yield link, peer, ear
    finally:
        for each in (keeper, task):
            each.cancel()
        await asyncio.gather(keeper, task, return_exceptions=True)
        peer.close()


async def _status(peer: PtyBoard) -> None:
    while True:
        peer.board._status_due_ms = peer.at_ms
        peer.speak(peer.board.advance(peer.at_ms))
        await asyncio.sleep(0.1)


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


@pytest.mark.parametrize("lost", [0, 1, TRIES - 2])
def test_lost_answers_are_asked_for_again_and_the_board_acts_once(lost: int) -> None:
    async def main() -> None:
        async with session() as (link, peer, _):
            peer.swallow, peer.requests = lost, 0
            assert await link.pulse(Output.ENTRY, 300) is Result.OK
            assert peer.pulses() == 1
            assert peer.requests > lost

    run(main)


def test_no_answer_at_all_is_said_after_all_tries() -> None:
    async def main() -> None:
        async with session() as (link, peer, _):
            peer.swallow = 1000
            with pytest.raises(BoardSilent, match="no answer"):
                await link.pulse(Output.ENTRY, 300)
            assert peer.pulses() == 1

    run(main)


def test_a_board_that_left_the_session_gets_a_new_one() -> None:
    async def main() -> None:
        async with session() as (link, peer, ear):
            peer.pass_time(messages.HEARTBEAT_TIMEOUT_MS)
            await ear.hear([LinkState.READY, LinkState.LOST, LinkState.READY])
            assert not peer.board.safe
            assert await link.pulse(Output.ENTRY, 300) is Result.OK

    run(main)


def test_a_mute_board_is_lost_and_found_again() -> None:
    async def main() -> None:
        async with session() as (link, peer, ear):
            peer.mute = True
            await ear.hear([LinkState.READY, LinkState.LOST])
            with pytest.raises(NotReady):
                await link.pulse(Output.ENTRY, 300)
            peer.mute = False
            await ear.hear([LinkState.READY, LinkState.LOST, LinkState.READY])
            assert peer.pulses() == 0

    run(main)


def test_an_answer_to_another_request_is_not_taken() -> None:
    async def main() -> None:
        async with session() as (link, peer, _):
            peer.swallow = 3
            asked = asyncio.create_task(link.pulse(Output.ENTRY, 300))
            await asyncio.sleep(0)
            wrong = messages.Answer(9999, Result.NOT_ALLOWED)
            for seq in range(0, 250, 50):
                os.write(peer._master, frames.encode(messages.to_frame(wrong, (seq + 77) % 256)))
            assert await asked is Result.OK

    run(main)


def test_before_a_session_nothing_is_sent() -> None:
    async def main() -> None:
        link = BoardLink("/nowhere", 115_200, PLANS, Ear())
        with pytest.raises(NotReady):
            await link.pulse(Output.ENTRY, 300)
        with pytest.raises(PortUnusable, match="no such port"):
            await link.ask_once()

    run(main)


@pytest.mark.parametrize("path", ["/dev/null", "/", "/etc/passwd", "", "no\0port"])
def test_what_is_no_port_is_refused_with_a_cure(path: str) -> None:
    with pytest.raises(PortUnusable) as refused:
        open_port(path, 115_200)
    assert ";" in str(refused.value)
