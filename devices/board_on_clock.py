"""A gate whose board lives on the run's own time line: for runs faster than time, where a process cannot follow.

The board's logic and frames are the same as behind the serial port; only the line and the clock are missing, so
the same run gives the same events, to the nanosecond. Must not: be used by a live shop.
"""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from devices.board_passage import GrantLog, Reporter, grant_output, plans
from edge.core.commands import GrantPassage
from edge.core.ports import Check, Emit, Now
from firmware_bridge import frames, messages
from firmware_bridge.board_logic import Board, Kind
from firmware_bridge.errors import BoardSilent
from firmware_bridge.link import LinkState
from firmware_bridge.messages import Answer, Message, Result

MS: Final = 1_000_000


class ClockedPassage:
    """Satisfies `edge.core.ports.Passage`; whoever moves the clock also calls `advance`."""

    def __init__(
        self,
        gate: str,
        kind: Kind,
        now: Now,
        *,
        entry_safe: Literal["locked", "released"],
        grant_ms: int,
        auto_pass_ms: int | None,
    ) -> None:
        self.name = gate
        self._grant_ms = grant_ms
        self._plans = plans(entry_safe)
        self._now = now
        self._at_ns = self._start_ns = now()
        self._board = Board(kind, auto_pass_ms)
        self._reporter = Reporter(gate, lambda: self._at_ns)
        self._grants = GrantLog(self._reporter)
        self._decoder = frames.StreamDecoder()
        self._seq = 0
        self._request = 0
        self._beat_ms = 0
        self._answer: Message | None = None

    async def run(self, emit: Emit) -> None:
        """Greet the board, then report what `advance` and `grant` bring, until cancelled."""
        self.start(emit)
        await asyncio.Event().wait()

    def start(self, emit: Emit) -> None:
        """The same without a loop: session and first state are reported at once."""
        self._reporter.attach(emit)
        self.advance(self._now())
        self._send(messages.Hello(messages.MAJOR, messages.MINOR, 1))
        for plan in self._plans:
            self._order(messages.Config(self._next_request(), plan.output, plan.idle, plan.safe))
        self._beat_ms = self._board_ms() + messages.HOST_HEARTBEAT_MS
        self._reporter.link_changed(LinkState.READY, "board on the run's clock")

    async def grant(self, command: GrantPassage) -> None:
        """Let one person through, at most once per request; the answer comes as GrantAnswered."""
        self.grant_now(command)

    def grant_now(self, command: GrantPassage) -> None:
        """The same without a loop."""
        self.advance(self._now())
        if self._grants.begin(command.request):
            order = messages.Pulse(self._next_request(), grant_output(command.direction), self._grant_ms)
            result = self._order(order)
            self._grants.end(command.request, result is Result.OK, "" if result is Result.OK else result.name.lower())

    def walk(self, direction: Literal["in", "out"]) -> None:
        """Somebody goes through by hand, now."""
        self.advance(self._now())
        self._board.walk(direction)
        self._take(self._board.advance(self._board_ms()))

    def advance(self, at_ns: int) -> None:
        """Let the board live until `at_ns` of the run; events carry the moment at which they happened."""
        end_ms = max((at_ns - self._start_ns) // MS, self._board_ms())
        while (due_ms := min(self._board.next_due_ms(), self._beat_ms)) <= end_ms:
            self._at_ns = max(self._at_ns, self._start_ns + due_ms * MS)
            if due_ms >= self._beat_ms:
                self._beat_ms = due_ms + messages.HOST_HEARTBEAT_MS
                self._send(messages.Heartbeat(0))
            self._take(self._board.advance(due_ms))
        self._at_ns = max(self._at_ns, at_ns)

    async def self_check(self) -> Check:
        """Always well: there is no line that could be cut."""
        return Check(device=self.name, state="ok", detail="board simulated on the run's clock")

    def _board_ms(self) -> int:
        return (self._at_ns - self._start_ns) // MS

    def _next_request(self) -> int:
        self._request += 1
        return self._request

    def _order(self, message: Message) -> Result:
        self._answer = None
        self._send(message)
        if not isinstance(self._answer, Answer):
            raise BoardSilent(f"{self.name}: the simulated board did not answer")
        return self._answer.result

    def _send(self, message: Message) -> None:
        self._seq = (self._seq + 1) % 256
        self._take(self._board.feed(frames.encode(messages.to_frame(message, self._seq)), self._board_ms()))

    def _take(self, data: bytes) -> None:
        for found in self._decoder.feed(data):
            if not isinstance(found, frames.Frame):
                continue
            message = messages.from_frame(found)
            if isinstance(message, Answer | messages.Welcome):
                self._answer = message
            else:
                self._reporter.message_came(message)
        self._board.log.clear()
