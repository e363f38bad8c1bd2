"""The conversation with one board: session, requests that act exactly once, heartbeats, recovery by itself.

Stop and wait: one request at a time, repeated with the same seq until answered; the board keeps its last answer,
so a repeat never acts twice. Everything that can fail ends in a state (`lost`, `mismatch`) and a new try with
back-off, never in an exception out of `run`. Must not: know shops, or read a clock beyond the loop's time-outs.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from firmware_bridge import frames, messages
from firmware_bridge.errors import (
    BoardDisarmed,
    BoardSilent,
    BridgeError,
    LineBroken,
    MessageError,
    NotReady,
    VersionMismatch,
    WrongBoard,
)
from firmware_bridge.messages import Level, Message, Output, Result
from firmware_bridge.serial_port import SerialPipe, open_port

RETRY_S: Final = 0.060
TRIES: Final = 8
HEARTBEAT_S: Final = messages.HOST_HEARTBEAT_MS / 1000
BOARD_SILENT_S: Final = 4 * messages.STATUS_PERIOD_MS / 1000
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0


class LinkState(Enum):
    """`mismatch`: the board answers but speaks another major version; its outputs are not armed."""

    STARTING = "starting"
    READY = "ready"
    LOST = "lost"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """What the board shall do with one output at rest and when the box is silent."""

    output: Output
    idle: Level
    safe: Level


class Listener(Protocol):
    """Who is told. Called from the event loop; must not block."""

    def link_changed(self, state: LinkState, detail: str) -> None: ...

    def message_came(self, message: Message) -> None: ...

    def bytes_dropped(self, reason: str, size: int) -> None: ...


@dataclass(slots=True)
class _Pending:
    seq: int
    answer: type[Message]
    future: asyncio.Future[Message]

    def fits(self, seq: int, message: Message) -> bool:
        return seq == self.seq and isinstance(message, self.answer) and not self.future.done()

    def drop(self) -> None:
        if self.future.done() and not self.future.cancelled():
            self.future.exception()  # mark as seen; whoever waited was told or is gone
        self.future.cancel()


class BoardLink:
    """One board behind one serial port. `run` keeps the session up until it is cancelled.

    `board_id` (8 bytes): no other board is armed on this port. None takes any.
    """

    def __init__(
        self,
        path: str,
        baud: int,
        outputs: tuple[OutputPlan, ...],
        listener: Listener,
        board_id: bytes | None = None,
    ) -> None:
        self.path = path
        self.baud = baud
        self.state = LinkState.STARTING
        self.detail = ""
        self.welcome: messages.Welcome | None = None
        self._outputs = outputs
        self._board_id = board_id
        self._listener = listener
        self._turn = asyncio.Lock()
        self._seq = 0
        self._request = 0
        self._pipe: SerialPipe | None = None
        self._decoder = frames.StreamDecoder()
        self._pending: _Pending | None = None
        self._heard = asyncio.Event()
        self._trouble: BridgeError | None = None

    async def run(self) -> None:
        """Open, greet, arm, keep alive; after any trouble again, with growing pauses. Ends by cancellation."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                await self._session()
            except VersionMismatch as error:
                self._enter(LinkState.MISMATCH, str(error))
            except BridgeError as error:
                if self.state is LinkState.READY:
                    pause = FIRST_PAUSE_S
                self._enter(LinkState.LOST, str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def ask_once(self) -> messages.Welcome:
        """For a self-check while `run` is not running: open, greet, close. Raises BridgeError."""
        self._open()
        try:
            return await self._greet()
        finally:
            self._close()

    async def pulse(self, output: Output, duration_ms: int) -> Result:
        """Release an output for a while, exactly once. Raises NotReady, BoardSilent or LineBroken.

        After BoardSilent or LineBroken nobody knows whether the board acted.
        """
        self._need_ready()
        return await self._order(messages.Pulse(self._next_request(), output, duration_ms))

    async def set_output(self, output: Output, level: Level) -> Result:
        """Hold an output at a level. Raises as `pulse` does."""
        self._need_ready()
        return await self._order(messages.SetOutput(self._next_request(), output, level))

    def _need_ready(self) -> None:
        if self.state is not LinkState.READY:
            raise NotReady(f"{self.path}: {self.state.value}: {self.detail}")

    async def _session(self) -> None:
        self._open()
        beat: asyncio.Task[None] | None = None
        try:
            self.welcome = await self._greet()
            beat = asyncio.create_task(self._beat())
            await self._arm()
            self._enter(LinkState.READY, f"board {self.welcome.board_id.hex()} build {self.welcome.build}")
            await self._watch()
        finally:
            if beat is not None:
                beat.cancel()
            self._close()

    def _open(self) -> None:
        port = open_port(self.path, self.baud)
        self._decoder = frames.StreamDecoder()
        self._trouble = None
        self._heard.clear()
        self._pipe = SerialPipe(port, self._bytes_came, self._broke)

    def _close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        self._fail_pending(NotReady(f"{self.path}: the session with the board ended"))

    async def _greet(self) -> messages.Welcome:
        hello = messages.Hello(messages.MAJOR, messages.MINOR, secrets.randbits(32))
        answer = await self._exchange(hello, messages.Welcome)
        if not isinstance(answer, messages.Welcome) or answer.nonce != hello.nonce:
            raise BoardSilent(f"{self.path}: the board answered an older greeting")
        if answer.major != messages.MAJOR:
            raise VersionMismatch(
                f"{self.path}: the board speaks protocol {answer.major}.{answer.minor}, this program "
                f"{messages.MAJOR}.{messages.MINOR}; outputs stay disarmed; update the board's firmware or this program"
            )
        if self._board_id not in (None, answer.board_id):
            raise WrongBoard(
                f"{self.path}: board {answer.board_id.hex()} answers where another is configured; swap the cables, "
                "or correct `port` or `board` in store.toml"
            )
        return answer

    async def _arm(self) -> None:
        for plan in self._outputs:
            config = messages.Config(self._next_request(), plan.output, plan.idle, plan.safe)
            result = await self._order(config)
            if result is not Result.OK:
                name = plan.output.name.lower()
                raise BoardDisarmed(f"{self.path}: the board refuses the set-up of {name} ({result.name.lower()})")

    async def _order(self, message: messages.Config | messages.SetOutput | messages.Pulse) -> Result:
        answer = await self._exchange(message, messages.Answer)
        if not isinstance(answer, messages.Answer) or answer.request != message.request:
            raise BoardSilent(f"{self.path}: the board answered another request")
        return answer.result

    async def _exchange(self, message: Message, answer: type[Message]) -> Message:
        async with self._turn:
            self._seq = (self._seq + 1) % 256
            data = frames.END + frames.encode(messages.to_frame(message, self._seq))
            pending = _Pending(self._seq, answer, asyncio.get_running_loop().create_future())
            self._pending = pending
            try:
                for _ in range(TRIES):
                    if self._pipe is None:
                        raise self._trouble or NotReady(f"{self.path}: no session with the board")
                    # the leading 0x00 ends whatever a torn frame left on the line
                    self._pipe.send(data)
                    done, _waiting = await asyncio.wait([pending.future], timeout=RETRY_S)
                    if done:
                        return pending.future.result()
            finally:
                pending.drop()
                if self._pending is pending:
                    self._pending = None
        raise BoardSilent(
            f"{self.path}: no answer from the board after {TRIES} tries; check its power and cable, and that "
            "this is the board's port"
        )

    async def _beat(self) -> None:
        count = 0
        while self._pipe is not None:
            count = (count + 1) % 2**32
            self._pipe.send(frames.encode(messages.to_frame(messages.Heartbeat(count), 0)))
            await asyncio.sleep(HEARTBEAT_S)

    async def _watch(self) -> None:
        while True:
            self._heard.clear()
            if self._trouble is not None:
                raise self._trouble
            try:
                async with asyncio.timeout(BOARD_SILENT_S):
                    await self._heard.wait()
            except TimeoutError:
                raise BoardSilent(
                    f"{self.path}: the board is silent; check its power and cable, then its watchdog"
                ) from None

    def _bytes_came(self, data: bytes) -> None:
        for found in self._decoder.feed(data):
            if isinstance(found, frames.Dropped):
                self._listener.bytes_dropped(found.reason, found.size)
            else:
                self._frame_came(found)

    def _frame_came(self, frame: frames.Frame) -> None:
        try:
            message = messages.from_frame(frame)
        except MessageError as error:
            self._listener.bytes_dropped(str(error), len(frame.payload))
            return
        self._heard.set()
        pending = self._pending
        if isinstance(message, messages.Welcome | messages.Answer):
            if pending is not None and pending.fits(frame.seq, message):
                pending.future.set_result(message)
            return
        if isinstance(message, messages.Status) and self.state is LinkState.READY and not message.armed:
            self._trouble = BoardDisarmed(
                f"{self.path}: the board left the session by itself (it rebooted or heard nothing from this box)"
            )
        self._listener.message_came(message)

    def _broke(self, error: LineBroken) -> None:
        self._trouble = error
        self._pipe = None
        self._heard.set()
        self._fail_pending(error)

    def _fail_pending(self, error: BridgeError) -> None:
        if self._pending is not None and not self._pending.future.done():
            self._pending.future.set_exception(error)

    def _enter(self, state: LinkState, detail: str) -> None:
        changed = state is not self.state
        self.state, self.detail = state, detail
        if changed:
            self._listener.link_changed(state, detail)

    def _next_request(self) -> int:
        self._request = (self._request + 1) % 2**32
        return self._request
