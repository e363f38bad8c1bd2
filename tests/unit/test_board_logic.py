"""The board keeps its promises whatever the box sends: exit free, one act per request, safe when nobody speaks."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import frames, messages
from firmware_bridge.board_logic import Board
from firmware_bridge.messages import Answer, Level, Message, Output, Result, Status, What

TIMEOUT = messages.HEARTBEAT_TIMEOUT_MS


class Host:
    """A box of a few lines: sends messages to a board and keeps what came back."""

    def __init__(self, board: Board) -> None:
        self.board, self.at_ms, self.seq = board, 0, 0
        self.got: list[Message] = []

    def send(self, message: Message, seq: int | None = None) -> list[Message]:
        self.seq = (self.seq + 1) % 256 if seq is None else seq
        return self.take(self.board.feed(frames.encode(messages.to_frame(message, self.seq)), self.at_ms))

    def wait(self, ms: int) -> list[Message]:
        self.at_ms += ms
        return self.take(self.board.advance(self.at_ms))

    def take(self, data: bytes) -> list[Message]:
        found = [messages.from_frame(f) for f in frames.StreamDecoder().feed(data) if isinstance(f, frames.Frame)]
        self.got += found
        return found

    def arm(self, nonce: int = 7) -> None:
        self.send(messages.Hello(messages.MAJOR, 0, nonce))
        self.send(messages.Config(1, Output.ENTRY, Level.LOCKED, Level.LOCKED))
        self.send(messages.Config(2, Output.EGRESS, Level.RELEASED, Level.RELEASED))

    def order(self, message: Message, seq: int | None = None) -> Result:
        return next(m for m in self.send(message, seq) if isinstance(m, Answer)).result

    def acts(self) -> list[dict[str, Any]]:
        return [line for line in self.board.log if line["event"] == "pulse"]


def armed(kind: Any = "door", auto_pass_ms: int | None = None) -> Host:
    host = Host(Board(kind, auto_pass_ms))
    host.arm()
    return host


def test_a_repeat_is_answered_and_acts_once() -> None:
    host = armed()
    pulse = messages.Pulse(9, Output.ENTRY, 1000)
    assert [host.order(pulse, seq=40) for _ in range(8)] == [Result.OK] * 8
    assert len(host.acts()) == 1
    assert host.order(messages.Pulse(10, Output.ENTRY, 1000), seq=41) is Result.OK
    assert len(host.acts()) == 2


def test_entry_ends_by_itself_and_egress_does_not_move() -> None:
    host = armed()
    host.order(messages.Pulse(9, Output.ENTRY, 400))
    assert host.board.level == {Output.ENTRY: Level.RELEASED, Output.EGRESS: Level.RELEASED}
    host.wait(401)
    assert host.board.level == {Output.ENTRY: Level.LOCKED, Output.EGRESS: Level.RELEASED}


def test_a_silent_box_means_safe_levels_by_the_boards_own_clock() -> None:
    host = armed()
    host.send(messages.Heartbeat(1))
    host.order(messages.Pulse(9, Output.ENTRY, 30_000))
    host.wait(TIMEOUT - 1)
    assert host.board.level[Output.ENTRY] is Level.RELEASED
    said = host.wait(1)
    assert host.board.level == {Output.ENTRY: Level.LOCKED, Output.EGRESS: Level.RELEASED}
    assert any(isinstance(m, messages.Input) and m.what is What.HOST_SILENT for m in said)
    assert any(isinstance(m, Status) and m.safe and not m.armed for m in said)


def test_entry_falls_to_released_where_so_configured() -> None:
    host = armed()
    host.send(messages.Config(3, Output.ENTRY, Level.LOCKED, Level.RELEASED))
    host.wait(TIMEOUT)
    assert host.board.level[Output.ENTRY] is Level.RELEASED


def test_orders_that_waited_in_a_frozen_board_do_nothing() -> None:
    """Frozen for 30 s, then all that queued up on the line arrives at once."""
    host = armed()
    waiting = b"".join(
        frames.encode(messages.to_frame(m, 90))
        for m in (messages.Heartbeat(1), messages.Pulse(9, Output.ENTRY, 1000), messages.Pulse(9, Output.ENTRY, 1000))
    )
    host.at_ms += 30_000
    answers = [m for m in host.take(host.board.feed(waiting, host.at_ms)) if isinstance(m, Answer)]
    assert [answer.result for answer in answers] == [Result.NOT_ARMED] * 2
    assert host.acts() == []


def test_another_major_version_arms_nothing() -> None:
    host = Host(Board())
    host.send(messages.Hello(messages.MAJOR + 1, 0, 5))
    assert host.order(messages.Config(1, Output.ENTRY, Level.LOCKED, Level.LOCKED)) is Result.VERSION
    assert host.order(messages.Pulse(2, Output.ENTRY, 100)) is Result.VERSION
    assert host.acts() == []


def test_a_new_session_forgets_the_old_answers() -> None:
    host = armed()
    pulse = messages.Pulse(1, Output.ENTRY, 300)
    host.order(pulse, seq=3)
    host.arm(nonce=8)
    assert host.order(pulse, seq=3) is Result.OK
    assert len(host.acts()) == 2


def test_door_opens_counts_and_closes_after_a_grant() -> None:
    host = armed("door", auto_pass_ms=300)
    host.order(messages.Pulse(9, Output.ENTRY, 1000))
    host.wait(300)
    host.send(messages.Heartbeat(1))
    host.wait(300)
    whats = [(m.what, m.value) for m in host.got if isinstance(m, messages.Input)]
    assert whats == [(What.CONTACT, 1), (What.PASSED_IN, 1), (What.CONTACT, 0)]


def test_turnstile_one_grant_one_body_and_busy_and_refused() -> None:
    host = armed("turnstile")
    host.board.walk("in")
    assert host.order(messages.Pulse(9, Output.ENTRY, 5000)) is Result.OK
    assert host.order(messages.Pulse(10, Output.ENTRY, 5000)) is Result.BUSY
    host.board.walk("in")
    assert host.board.level[Output.ENTRY] is Level.LOCKED
    host.board.walk("in")
    assert host.board.counters == {What.PASSED_IN: 1, What.PASSED_OUT: 0, What.REFUSED: 2}


MOVES = st.one_of(
    st.builds(
        messages.Config, st.integers(0, 3), st.sampled_from(Output), st.sampled_from(Level), st.sampled_from(Level)
    ),
    st.builds(messages.SetOutput, st.integers(0, 3), st.sampled_from(Output), st.sampled_from(Level)),
    st.builds(messages.Pulse, st.integers(0, 3), st.sampled_from(Output), st.integers(0, 0xFFFF)),
    st.builds(messages.Hello, st.integers(0, 2), st.just(0), st.integers(0, 2)),
    st.builds(messages.Heartbeat, st.just(0)),
    st.binary(max_size=40),
    st.integers(0, 2000),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(MOVES, max_size=40), st.sampled_from(["door", "turnstile"]))
def test_no_history_locks_the_exit_and_silence_always_ends_safe(moves: list[Any], kind: Any) -> None:
    host = Host(Board(kind, auto_pass_ms=200))
    for move in moves:
        if isinstance(move, int):
            host.wait(move)
        elif isinstance(move, bytes):
            host.take(host.board.feed(move, host.at_ms))
        else:
            host.send(move)
        assert host.board.level[Output.EGRESS] is Level.RELEASED
    host.wait(TIMEOUT)
    assert host.board.safe
    assert host.board.level == host.board.safe_level
    assert not any(isinstance(m, Status) and m.egress is Level.LOCKED for m in host.got)
