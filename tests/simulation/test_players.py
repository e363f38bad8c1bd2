"""A recorded world goes on by itself: nothing is played twice, late readers get what happens from now on."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SimClock
from edge.core.errors import BadInput
from edge.core.events import TagRead, TracksSeen
from edge.core.signals import PlateSamples, VideoFrame
from edge.simulation.players import RecordedWorld, Timed, due_ns

MS = 1_000_000
LOOP_NS = 1_000 * MS


def block(at_ms: int) -> PlateSamples:
    """Twelve samples of two plates at 60 Hz: complete 200 ms after its first sample."""
    return PlateSamples(captured_ns=at_ms * MS, source="s", rate_hz=60, plates=("a", "b"), grams=bytes(12 * 2 * 4))


READINGS = [
    *(block(at) for at in range(0, 1_000, 200)),
    *(TracksSeen(captured_ns=at * MS, source="t") for at in range(30, 1_000, 100)),
    TagRead(captured_ns=455 * MS, source="r", reader="r", antenna=1, epc="AB"),
    VideoFrame(captured_ns=10 * MS, source="c", camera="c", pts=0),
]


def world(origin_ns: int = 0) -> RecordedWorld:
    return RecordedWorld(READINGS, origin_ns=origin_ns, loop_ns=LOOP_NS)


def test_one_loop_comes_in_the_order_in_which_devices_could_tell_it() -> None:
    played = list(world(7).once(2))
    assert [due for due, _ in played] == sorted(due for due, _ in played)
    assert len(played) == len(READINGS) - 1, "pictures are played by their cameras"
    assert all(due == due_ns(item) for due, item in played)
    first = next(item for _, item in played if isinstance(item, PlateSamples))
    assert first.captured_ns == 7 + 2 * LOOP_NS
    assert due_ns(first) == first.captured_ns + 200 * MS


@given(st.integers(0, 5 * LOOP_NS), st.integers(0, 3 * LOOP_NS))
def test_after_a_restart_nothing_old_is_told_and_nothing_new_is_lost(origin_ns: int, dead_ns: int) -> None:
    begin_ns = origin_ns + dead_ns
    seen = list(world(origin_ns).since(begin_ns, loops=1))
    everything = [pair for loop in range(6) for pair in world(origin_ns).once(loop)]
    last_loop = dead_ns // LOOP_NS + 1
    end_ns = origin_ns + (last_loop + 1) * LOOP_NS
    wanted = [(due, item) for due, item in everything if begin_ns <= item.captured_ns < end_ns]
    assert seen == wanted


def test_live_hands_out_each_reading_when_it_is_due() -> None:
    clock = SimClock(at_ns=LOOP_NS + 333 * MS)

    async def until(at_ns: int) -> None:
        clock.advance_to(at_ns)

    async def listen(count: int) -> list[tuple[int, Timed]]:
        heard = []
        async for pair in world().live(clock.now, until):
            heard.append((clock.now(), pair))
            if len(heard) == count:
                break
        return heard

    heard = asyncio.run(listen(40))
    assert all(at_ns == due for at_ns, (due, _) in heard)
    assert heard[0][1][1].captured_ns >= LOOP_NS + 333 * MS
    assert heard[-1][1][1].captured_ns > 3 * LOOP_NS, "it goes on over the seam"


def test_before_its_origin_a_world_waits() -> None:
    assert world(5 * LOOP_NS).loop_at(3) == 0
    first_due, _ = next(world(5 * LOOP_NS).since(3))
    assert first_due >= 5 * LOOP_NS
    assert world(5 * LOOP_NS).loop_start_ns(1) == 6 * LOOP_NS


def test_what_cannot_be_played_is_refused() -> None:
    with pytest.raises(BadInput, match="no readings"):
        RecordedWorld([READINGS[-1]], origin_ns=0, loop_ns=LOOP_NS)
    with pytest.raises(BadInput, match="readings up to"):
        RecordedWorld(READINGS, origin_ns=0, loop_ns=LOOP_NS // 2)
