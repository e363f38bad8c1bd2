"""Rows of a scale board on the wire, and their assembly into timed blocks."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.shelf_scale.assembly import Assembly, SampleClock
from devices.shelf_scale.wire import MOST_VALUES, NUMBERS, ROW_KIND, Row, read_row, write_sample
from edge.core.signals import PlateSamples
from firmware_bridge.frames import Dropped, Frame, StreamDecoder

STEP_NS = 20_000_000  # 50 Hz
kilograms = st.one_of(st.none(), st.floats(-20_000, 200_000).map(lambda grams: round(grams, 3)))


def rows(data: bytes) -> list[Row | Dropped]:
    return [item if isinstance(item, Dropped) else read_row(item) for item in StreamDecoder().feed(data)]


@given(st.integers(0, NUMBERS - 1), st.lists(kilograms, min_size=1, max_size=200))
def test_what_a_board_writes_is_read(number: int, grams: list[float | None]) -> None:
    found = rows(write_sample(number, 60.0, grams))
    assert len(found) == -(-len(grams) // MOST_VALUES)
    joined: list[float | None] = []
    for row in found:
        assert isinstance(row, Row)
        assert (row.number, row.rate_hz, row.first) == (number, 60.0, len(joined))
        joined += row.grams
    assert joined == grams


@given(st.binary(max_size=100), st.integers(0, 255))
def test_no_payload_breaks_it(payload: bytes, kind: int) -> None:
    assert isinstance(read_row(Frame(kind, 0, payload)), Row | Dropped)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [(b"", "short"), (struct.pack("<IHBB", 1, 600, 0, 2) + bytes(4), "2 values"), (bytes(8), "rate 0")],
)
def test_a_row_that_is_none_is_named(payload: bytes, reason: str) -> None:
    found = read_row(Frame(ROW_KIND, 0, payload))
    assert isinstance(found, Dropped)
    assert reason in found.reason


def row(number: int, grams: float = 1.0, rate_hz: float = 50.0) -> Row:
    return Row(number=number % NUMBERS, rate_hz=rate_hz, first=0, grams=(grams, grams))


def assemble(pairs: list[tuple[Row, int]]) -> list[PlateSamples]:
    assembly = Assembly("g1", ("a", "b"))
    return [block for each, arrival_ns in pairs for block in assembly.add(each, arrival_ns)]


def values(blocks: list[PlateSamples]) -> np.ndarray:
    return np.concatenate([np.frombuffer(block.grams, "<f4").reshape(-1, 2) for block in blocks])


def test_blocks_follow_one_another_without_a_seam() -> None:
    blocks = assemble([(row(NUMBERS - 20 + k, k), k * STEP_NS) for k in range(101)])  # the counter wraps on the way
    assert [block.captured_ns for block in blocks] == [k * 10 * STEP_NS for k in range(10)]
    assert values(blocks)[:, 0].tolist() == list(range(100))


def test_a_lost_row_is_a_hole_and_not_a_shift() -> None:
    blocks = assemble([(row(k, k), k * STEP_NS) for k in range(31) if k not in (3, 4, 17)])
    found = values(blocks)[:, 0]
    assert np.flatnonzero(np.isnan(found)).tolist() == [3, 4, 17]
    assert blocks[2].captured_ns == 20 * STEP_NS


def test_parts_of_a_sample_are_joined_and_too_many_columns_ignored() -> None:
    parts = [
        Row(number=k, rate_hz=50.0, first=first, grams=(float(first), None, 9.0)[: 3 if first else 1])
        for k in range(11)
        for first in (0, 1)
    ]
    (block,) = assemble([(part, part.number * STEP_NS) for part in parts])
    assert np.frombuffer(block.grams, "<f4").reshape(-1, 2).tolist() == [[0.0, 1.0]] * 10


def test_a_board_that_starts_anew_begins_a_new_block() -> None:
    first = [(row(k), k * STEP_NS) for k in range(5000, 5015)]
    second = [(row(k), (5030 + k) * STEP_NS) for k in range(11)]
    assert [len(block.grams) // 8 for block in assemble(first + second)] == [10, 5, 10]


@given(st.lists(st.integers(0, 400_000_000), min_size=30, max_size=200))
def test_a_busy_box_does_not_move_samples_in_time(delays: list[int]) -> None:
    clock = SampleClock()
    clock.at(0, STEP_NS, 0)
    arrival_ns, found = 0, []
    for count, delay in enumerate(delays, start=1):
        arrival_ns = max(arrival_ns, count * STEP_NS + delay)  # bytes never overtake one another
        found.append(clock.at(count, STEP_NS, arrival_ns))
    assert all(0 <= at_ns - count * STEP_NS <= 200_000 * count for count, at_ns in enumerate(found, start=1))
    assert all(b - a >= 0 for a, b in zip([0, *found], found, strict=False))


def test_a_board_with_a_slow_quartz_is_followed() -> None:
    clock = SampleClock()
    at_ns = [clock.at(count, STEP_NS, round(count * STEP_NS * 1.0005)) for count in range(20_000)]
    assert abs(at_ns[-1] - 19_999 * STEP_NS * 1.0005) < 1_000_000
