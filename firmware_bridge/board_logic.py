"""What a passage board does, as a pure state machine: bytes and its own milliseconds in, bytes out.

It is the reference for the firmware, and what the simulator runs. Life safety lives here, below the box: the
egress output cannot be locked by any message, and every output falls to its safe level when the box is silent
for HEARTBEAT_TIMEOUT_MS. Must not: read a clock, touch a port, or be used by the host side of the bridge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from firmware_bridge import frames, messages
from firmware_bridge.errors import MessageError
from firmware_bridge.messages import BootReason, Capability, Contact, Fault, Level, Output, Result, What

BUILD: Final = 1
LONGEST_PULSE_MS: Final = 30_000
RECEIVE_BUFFER: Final = 512
Kind = Literal["door", "turnstile"]


class Board:
    """One board. `auto_pass_ms`: a body passes that long after each grant; None = nobody ever does.

    `log` collects what happened inside, as JSON-ready dicts, for whoever watches the board itself.
    """

    def __init__(
        self,
        kind: Kind = "door",
        auto_pass_ms: int | None = None,
        major: int = messages.MAJOR,
        board_id: bytes = b"SIMULATD",
    ) -> None:
        self.kind = kind
        self.major = major
        self.board_id = board_id
        self.auto_pass_ms = auto_pass_ms
        self.log: list[dict[str, Any]] = []
        self.level = {Output.ENTRY: Level.LOCKED, Output.EGRESS: Level.RELEASED}
        self.idle = dict(self.level)
        self.safe_level = dict(self.level)
        self.contact = Contact.CLOSED if kind == "door" else Contact.NONE
        self.counters = {What.PASSED_IN: 0, What.PASSED_OUT: 0, What.REFUSED: 0}
        self.safe = True
        self._armed: set[Output] = set()
        self._session: int | None = None
        self._refused_version = False
        self._last: tuple[int, bytes, bytes] | None = None
        self._pulse_until: dict[Output, int] = {}
        self._plans: list[tuple[int, Callable[[], None]]] = []
        self._at_ms = 0
        self._silent_at_ms = 0
        self._status_due_ms = 0
        self._bad_frames = 0
        self._seq = 0
        self._decoder = frames.StreamDecoder()
        self._out = bytearray()

    def feed(self, data: bytes, at_ms: int) -> bytes:
        """Take bytes from the line at `at_ms` of the board's clock; returns bytes for the line."""
        self._move_to(at_ms)  # first: what should have happened before these bytes were read
        for found in self._decoder.feed(data):
            if isinstance(found, frames.Frame):
                self._frame_came(found)
            else:
                self._bad_frames = min(self._bad_frames + 1, 0xFFFF)
        return self._flush()

    def advance(self, at_ms: int) -> bytes:
        """Let time pass; returns bytes for the line."""
        self._move_to(at_ms)
        return self._flush()

    def walk(self, direction: Literal["in", "out"]) -> None:
        """A body goes through now, if the output of that direction lets it; else it is refused."""
        output = Output.ENTRY if direction == "in" else Output.EGRESS
        if self.level[output] is not Level.RELEASED:
            self._count(What.REFUSED)
            return
        self._set_contact(Contact.OPEN)
        self._count(What.PASSED_IN if direction == "in" else What.PASSED_OUT)
        self._after(max(self.auto_pass_ms or 0, 200) // 2, lambda: self._set_contact(Contact.CLOSED))
        if self.kind == "turnstile" and output in self._pulse_until:
            self._end_pulse(output)  # one grant, one body

    def next_due_ms(self) -> int:
        """When, by the board's clock, it next does something by itself."""
        dues = [self._status_due_ms, *(plan[0] for plan in self._plans), *self._pulse_until.values()]
        return min([*dues, self._silent_at_ms] if self._armed else dues)

    # time

    def _move_to(self, at_ms: int) -> None:
        while due := self._next_due(at_ms):
            moment, act = due
            self._at_ms = max(self._at_ms, moment)
            act()
        self._at_ms = max(self._at_ms, at_ms)
        if self._at_ms >= self._status_due_ms:
            self._send_status()

    def _next_due(self, at_ms: int) -> tuple[int, Callable[[], None]] | None:
        dues: list[tuple[int, Callable[[], None]]] = list(self._plans)
        dues += [(until, lambda o=output: self._end_pulse(o)) for output, until in self._pulse_until.items()]  # type: ignore[misc]
        if self._armed:
            dues.append((self._silent_at_ms, self._fall_safe))
        ready = [due for due in dues if due[0] <= at_ms]
        if not ready:
            return None
        first = min(ready, key=lambda due: due[0])
        if first in self._plans:
            self._plans.remove(first)
        return first

    def _after(self, delay_ms: int, act: Callable[[], None]) -> None:
        self._plans.append((self._at_ms + delay_ms, act))

    # outputs and inputs

    def _set_level(self, output: Output, level: Level) -> None:
        if self.level[output] is level:
            return
        self.level[output] = level
        self._note("level", output=output.name.lower(), level=level.name.lower())
        self._status_due_ms = self._at_ms

    def _end_pulse(self, output: Output) -> None:
        del self._pulse_until[output]
        self._set_level(output, self.idle[output])

    def _fall_safe(self) -> None:
        self._note("safe", reason="host silent", after_ms=messages.HEARTBEAT_TIMEOUT_MS)
        self._disarm()
        self._send(messages.Input(self._at_ms % 2**32, What.HOST_SILENT, messages.HEARTBEAT_TIMEOUT_MS))

    def _disarm(self) -> None:
        self._armed.clear()
        self._pulse_until.clear()
        self.safe = True
        for output, level in self.safe_level.items():
            self._set_level(output, level)
        self._status_due_ms = self._at_ms

    def _set_contact(self, contact: Contact) -> None:
        if self.contact in (Contact.NONE, contact):
            return
        self.contact = contact
        self._note("contact", contact=contact.name.lower())
        self._send(messages.Input(self._at_ms % 2**32, What.CONTACT, contact))
        self._status_due_ms = self._at_ms

    def _count(self, what: What) -> None:
        self.counters[what] = (self.counters[what] + 1) % 2**32
        self._note(what.name.lower(), total=self.counters[what])
        self._send(messages.Input(self._at_ms % 2**32, what, self.counters[what]))
        self._status_due_ms = self._at_ms

    # the wire

    def _frame_came(self, frame: frames.Frame) -> None:
        try:
            message = messages.from_frame(frame)
        except MessageError:
            self._send(messages.Error(Fault.BAD_MESSAGE, frame.kind))
            return
        if isinstance(message, messages.Hello):
            self._hello(message, frame.seq)
        elif isinstance(message, messages.Heartbeat):
            self._silent_at_ms = self._at_ms + messages.HEARTBEAT_TIMEOUT_MS
        elif isinstance(message, messages.Config | messages.SetOutput | messages.Pulse):
            self._request(message, frame)
        else:
            self._send(messages.Error(Fault.UNKNOWN_KIND, frame.kind))

    def _hello(self, hello: messages.Hello, seq: int) -> None:
        if hello.nonce != self._session:
            self._session, self._last = hello.nonce, None
            self._refused_version = hello.major != self.major
            self._disarm()
            self._note("session", major=hello.major)
        self._silent_at_ms = self._at_ms + messages.HEARTBEAT_TIMEOUT_MS
        parts = Capability.ENTRY | Capability.EGRESS | Capability.COUNTERS
        parts |= Capability.CONTACT if self.kind == "door" else Capability(0)
        welcome = messages.Welcome(
            major=self.major,
            minor=messages.MINOR,
            nonce=hello.nonce,
            build=BUILD,
            board_id=self.board_id,
            boot_reason=BootReason.POWER,
            capabilities=int(parts),
            board_ms=self._at_ms % 2**32,
        )
        self._out += frames.encode(messages.to_frame(welcome, seq))

    def _request(self, message: messages.Config | messages.SetOutput | messages.Pulse, frame: frames.Frame) -> None:
        if self._last is not None and self._last[:2] == (frame.seq, frame.payload):
            self._out += self._last[2]  # a repeat: the answer again, the act not
            return
        answer = messages.Answer(message.request, self._carry_out(message))
        reply = frames.encode(messages.to_frame(answer, frame.seq))
        self._last = (frame.seq, frame.payload, reply)
        self._out += reply

    def _carry_out(self, message: messages.Config | messages.SetOutput | messages.Pulse) -> Result:
        if self._session is None:
            return Result.NOT_ARMED
        if self._refused_version:
            return Result.VERSION
        if isinstance(message, messages.Config):
            return self._configure(message)
        if message.output not in self._armed:
            return Result.NOT_ARMED
        if isinstance(message, messages.Pulse):
            return self._pulse(message)
        if message.output is Output.EGRESS and message.level is not Level.RELEASED:
            return Result.NOT_ALLOWED
        self.idle[message.output] = message.level
        self._pulse_until.pop(message.output, None)
        self._set_level(message.output, message.level)
        return Result.OK

    def _configure(self, config: messages.Config) -> Result:
        if config.output is Output.EGRESS and Level.LOCKED in (config.idle, config.safe):
            return Result.NOT_ALLOWED  # leaving is always possible; no message changes that
        self.idle[config.output], self.safe_level[config.output] = config.idle, config.safe
        self._armed.add(config.output)
        self._silent_at_ms = self._at_ms + messages.HEARTBEAT_TIMEOUT_MS
        self._set_level(config.output, config.idle)
        if len(self._armed) == len(Output):
            self.safe = False
        self._status_due_ms = self._at_ms
        return Result.OK

    def _pulse(self, pulse: messages.Pulse) -> Result:
        if not 0 < pulse.duration_ms <= LONGEST_PULSE_MS:
            return Result.BAD_VALUE
        if self.kind == "turnstile" and pulse.output in self._pulse_until:
            return Result.BUSY
        self._note("pulse", output=pulse.output.name.lower(), request=pulse.request, ms=pulse.duration_ms)
        until = self._at_ms + pulse.duration_ms
        self._pulse_until[pulse.output] = max(until, self._pulse_until.get(pulse.output, 0))
        self._set_level(pulse.output, Level.RELEASED)
        if self.auto_pass_ms is not None:
            direction: Literal["in", "out"] = "in" if pulse.output is Output.ENTRY else "out"
            self._after(self.auto_pass_ms, lambda: self.walk(direction))
        return Result.OK

    def _send(self, message: messages.Message) -> None:
        self._seq = (self._seq + 1) % 256
        self._out += frames.encode(messages.to_frame(message, self._seq))

    def _send_status(self) -> None:
        self._status_due_ms = self._at_ms + messages.STATUS_PERIOD_MS
        self._send(
            messages.Status(
                board_ms=self._at_ms % 2**32,
                entry=self.level[Output.ENTRY],
                egress=self.level[Output.EGRESS],
                contact=self.contact,
                armed=int(len(self._armed) == len(Output)),
                safe=int(self.safe),
                passed_in=self.counters[What.PASSED_IN],
                passed_out=self.counters[What.PASSED_OUT],
                refused=self.counters[What.REFUSED],
                bad_frames=self._bad_frames,
                free_bytes=RECEIVE_BUFFER,
            )
        )

    def _flush(self) -> bytes:
        if self._at_ms >= self._status_due_ms:
            self._send_status()
        data = bytes(self._out)
        self._out.clear()
        return data

    def _note(self, event: str, **details: Any) -> None:
        self.log.append({"at_ms": self._at_ms, "event": event, **details})
