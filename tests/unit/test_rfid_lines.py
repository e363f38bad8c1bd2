"""Text lines of a simple RFID reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rfid_reader.lines import LONGEST, LineReader, Read, Refused, parse

GOOD = b"3034f4a1b2c3d4e5f6071829;2;-63.5"
READ = Read(epc="3034F4A1B2C3D4E5F6071829", antenna=2, rssi_cdbm=-6350)


def test_a_line_is_a_read() -> None:
    assert parse(GOOD) == READ
    assert parse(b" E200 ; 1 ; -70 ") == Read(epc="E200", antenna=1, rssi_cdbm=-7000)


@pytest.mark.parametrize(
    "line",
    [b"", b"hello", b"E200;1", b"E20;1;-60", b"E2000;1;-60", b"E200;256;-60", b"E200;1;nan", b"E200;1;-60;x", b"\xff"],
)
def test_what_is_no_read_is_refused(line: bytes) -> None:
    assert isinstance(parse(line), Refused)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20), st.sampled_from([b"\n", b"\r\n"]))
def test_how_the_stream_is_cut_does_not_matter(sizes: list[int], end: bytes) -> None:
    text = (GOOD + end + b"rubbish" + end + end + GOOD + end) * 3
    lines, found, at = LineReader(), [], 0
    while at < len(text):
        size = sizes[at % len(sizes)]
        found += lines.feed(text[at : at + size])
        at += size
    assert [item for item in found if isinstance(item, Read)] == [READ] * 6
    assert len([item for item in found if isinstance(item, Refused)]) == 3


@given(st.binary(max_size=3000))
def test_after_any_garbage_the_next_line_is_read(garbage: bytes) -> None:
    lines = LineReader()
    lines.feed(garbage + b"\n")
    assert lines.feed(GOOD + b"\n") == [READ]


def test_a_line_without_end_is_dropped_whole() -> None:
    lines = LineReader()
    for _ in range(1000):
        assert lines.feed(b"x" * LONGEST) == []
    (refused, read) = lines.feed(b"\n" + GOOD + b"\n")
    assert isinstance(refused, Refused)
    assert refused.size == 1000 * LONGEST
    assert read == READ
