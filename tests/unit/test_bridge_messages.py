"""Messages keep their meaning over the wire, and what is not one of ours is refused by name."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import messages
from firmware_bridge.errors import MessageError
from firmware_bridge.frames import Frame
from firmware_bridge.messages import Message

_WIDTH = {"B": 8, "H": 16, "I": 32}


@st.composite
def any_message(draw: st.DrawFn) -> Message:
    each = draw(st.sampled_from(messages.ALL))
    codes = list(each.layout.format.lstrip("<").replace("8s", "s"))
    values = {}
    for item, code in zip(fields(each), codes, strict=True):  # type: ignore[arg-type]
        if item.name in each.enums:
            values[item.name] = draw(st.sampled_from(list(each.enums[item.name])))
        elif code == "s":
            values[item.name] = draw(st.binary(min_size=8, max_size=8))
        else:
            values[item.name] = draw(st.integers(0, 2 ** _WIDTH[code] - 1))
    return each(**values)


@given(any_message(), st.integers(0, 255))
def test_round_trip(message: Message, seq: int) -> None:
    frame = messages.to_frame(message, seq)
    assert messages.from_frame(frame) == message


@given(any_message(), st.binary(max_size=20))
def test_appended_fields_of_a_later_minor_version_are_ignored(message: Message, more: bytes) -> None:
    frame = messages.to_frame(message, 1)
    assert messages.from_frame(Frame(frame.kind, 1, frame.payload + more)) == message


@given(st.integers(0, 255), st.binary(max_size=240))
def test_any_payload_is_a_message_or_refused(kind: int, payload: bytes) -> None:
    try:
        message = messages.from_frame(Frame(kind, 0, payload))
    except MessageError:
        return  # the only error that may come out
    assert payload.startswith(message.pack())


def test_kinds_are_unique_and_answers_carry_the_high_bit() -> None:
    assert len({each.kind for each in messages.ALL}) == len(messages.ALL)
    assert messages.Welcome.kind == messages.Hello.kind | 0x80


def test_a_level_without_a_name_is_refused() -> None:
    with pytest.raises(MessageError, match="SetOutput"):
        messages.SetOutput.unpack(b"\1\0\0\0\0\7")
