"""A replay gives what the run gave: from events byte for byte, from the sensors the same bill."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from devices.shelf_scale.steps import StepFilter
from edge.config import parse, to_layout
from edge.core.commands import CloseVisit
from edge.core.errors import BadInput
from edge.core.events import InputRejected, ShelfChanged, TracksSeen, WeightStep
from edge.core.receipts import receipts
from edge.core.signals import PlateSamples
from edge.receipt_diff import diff
from edge.recording import Recording
from edge.replay import run_events, run_sensors, verify
from tests.replay import shop
from tests.replay.shop import MS, SECOND

LAYOUT = to_layout(shop.parsed())
STEP = WeightStep(
    captured_ns=round(shop.TAKES_S * SECOND) + 900 * MS,
    source="g1",
    plate="p1",
    delta_mg=-350_000,
    level_mg=3_150_000,
    began_ns=round(shop.TAKES_S * SECOND),
    ended_ns=round(shop.TAKES_S * SECOND) + 100 * MS,
)


def senses() -> dict[str, StepFilter]:
    config = shop.parsed()
    return {"g1": StepFilter.from_config(config.scales, config.plate)}


def visit_events() -> list:
    return sorted([*shop.tracks(), STEP], key=lambda event: event.captured_ns)


def on_time(recorded: list) -> list:
    return [(event.captured_ns, event) for event in recorded]


def bill(commands: list) -> list[tuple[str, int, str]]:
    return [(x.sku, x.quantity, x.status) for c in commands if isinstance(c, CloseVisit) for x in c.lines]


def test_raw_plates_and_tracks_become_the_bill(tmp_path: Path) -> None:
    recording = Recording.open(shop.record(tmp_path / "r", shop.in_time_order(shop.tracks(), shop.samples())))
    assert recording.has_raw()
    made, commands = run_sensors(recording, LAYOUT, senses(), {})
    assert bill(commands) == [("tea", 1, "charged")]
    steps = [event for event in made if isinstance(event, WeightStep)]
    assert len(steps) == 1
    assert steps[0].plate == "p1"
    assert [event.seq for event in made] == list(range(1, len(made) + 1))
    assert [event.received_ns for event in made] == sorted(event.received_ns for event in made)


def test_recorded_steps_are_not_counted_beside_the_ones_made_again(tmp_path: Path) -> None:
    items = shop.in_time_order(shop.tracks(), [STEP], shop.samples())
    recording = Recording.open(shop.record(tmp_path / "r", items))
    assert bill(run_sensors(recording, LAYOUT, senses(), {})[1]) == [("tea", 1, "charged")]
    made, commands = run_sensors(recording, LAYOUT, {}, {})  # without a sense the recorded step speaks
    assert [event for event in made if isinstance(event, WeightStep)] != []
    assert bill(commands) == [("tea", 1, "charged")]


def test_events_that_no_sense_makes_stay(tmp_path: Path) -> None:
    other = ShelfChanged(
        captured_ns=9 * SECOND, source="cam", camera="cam", slot="s", change="take", began_ns=0, ended_ns=1
    )
    items = shop.in_time_order(shop.tracks(), [other], shop.samples())
    made, _ = run_sensors(Recording.open(shop.record(tmp_path / "r", items)), LAYOUT, senses(), {})
    assert sum(isinstance(event, ShelfChanged) for event in made) == 1
    assert sum(isinstance(event, TracksSeen) for event in made) == len(shop.tracks()) - 1


def test_a_block_that_contradicts_itself_is_told_and_passed_over(tmp_path: Path) -> None:
    raw = shop.samples()
    bad = PlateSamples(captured_ns=20 * SECOND, source="g1", rate_hz=60.0, plates=("p1", "p2"), grams=b"xyz")
    items = shop.in_time_order(shop.tracks(), raw, [bad])
    made, commands = run_sensors(Recording.open(shop.record(tmp_path / "r", items)), LAYOUT, senses(), {})
    assert sum(isinstance(event, InputRejected) for event in made) == 1
    assert bill(commands) == [("tea", 1, "charged")]


def test_imported_events_that_nobody_received_are_replayed(tmp_path: Path) -> None:
    recording = Recording.open(shop.record(tmp_path / "r", visit_events()))
    assert not recording.has_raw()
    assert bill(run_events(LAYOUT, recording.events(), recording.end_ns)) == [("tea", 1, "charged")]


def test_a_recorded_run_verifies_and_another_threshold_shows_in_the_diff(tmp_path: Path) -> None:
    items = shop.live(on_time(visit_events()), round(shop.ENDS_S * SECOND))
    recording = Recording.open(shop.record(tmp_path / "r", items))
    equal, commands = verify(recording, LAYOUT)
    assert equal
    assert bill(commands) == [("tea", 1, "charged")]
    strict = to_layout(parse(shop.CONFIG, overrides={"picks.review_below": 1.0}))
    equal, changed = verify(recording, strict)
    assert not equal
    text = "\n".join(diff(list(recording.commands()), changed, recording.start_ns))
    assert "-visit" in text
    assert "+visit" in text
    assert "1 x tea at 900, charged" in text
    assert "1 x tea at 900, review" in text


@pytest.mark.parametrize("until_s", [0.0, 12.0, 16.5, 18.9, 19.6, 21.5, 26.0, 60.0])
@pytest.mark.parametrize("finish", [True, False])
def test_a_run_stopped_at_any_moment_verifies(tmp_path: Path, until_s: float, finish: bool) -> None:
    arrivals = [pair for pair in on_time(visit_events()) if pair[0] <= until_s * SECOND]
    recording = Recording.open(shop.record(tmp_path / "r", shop.live(arrivals, round(until_s * SECOND), finish)))
    if recording.counts["commands"]:
        assert verify(recording, LAYOUT)[0]


def delayed(folder: Path, delays: list[int], tail_ms: int) -> Recording:
    """A recorded run in which events arrived with delays, with the ticks between them."""
    shutil.rmtree(folder, ignore_errors=True)
    pairs = zip(visit_events(), delays, strict=False)
    arrivals = sorted(((e.captured_ns + ms * MS, e) for e, ms in pairs), key=lambda p: (p[0], p[1].captured_ns))
    return Recording.open(shop.record(folder, shop.live(arrivals, arrivals[-1][0] + tail_ms * MS)))


@given(delays=st.lists(st.integers(0, 500), min_size=300, max_size=300), tail_ms=st.integers(0, 8000))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_events_out_of_order_within_the_window_verify(tmp_path: Path, delays: list[int], tail_ms: int) -> None:
    assert verify(delayed(tmp_path / "r", delays, tail_ms), LAYOUT)[0]


@given(delays=st.lists(st.integers(0, 3000), min_size=300, max_size=300), tail_ms=st.integers(0, 8000))
@settings(
    max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_late_events_verify(tmp_path: Path, delays: list[int], tail_ms: int) -> None:
    assert verify(delayed(tmp_path / "r", delays, tail_ms), LAYOUT)[0]


def test_verify_says_when_there_is_nothing_to_compare(tmp_path: Path) -> None:
    recording = Recording.open(shop.record(tmp_path / "r", visit_events()))
    with pytest.raises(BadInput, match="no commands"):
        verify(recording, LAYOUT)


def test_a_changed_order_outside_the_receipts_is_shown(tmp_path: Path) -> None:
    items = shop.live(on_time(visit_events()), round(shop.ENDS_S * SECOND))
    recording = Recording.open(shop.record(tmp_path / "r", items))
    before = list(recording.commands())
    text = "\n".join(diff(before, before[1:], recording.start_ns))
    assert "command 1 differs" in text
    assert '"BeginRun"' in text
    assert diff(before, before, 0) == []


def test_receipts_have_the_promised_form() -> None:
    commands = run_events(LAYOUT, visit_events(), round(shop.ENDS_S * SECOND))
    document = receipts(commands, 0)
    assert set(document) == {"visits", "alarms"}
    (visit,) = document["visits"]
    assert set(visit) == {"id", "shopper", "tracks", "entered_s", "left_s", "outcome", "lines", "total_minor"}
    assert visit["tracks"] == ["7"]
    assert (visit["entered_s"], visit["left_s"]) == (0.0, pytest.approx(shop.LEAVES_S - 0.1))
    assert (visit["outcome"], visit["total_minor"]) == ("charged", 900)
    (line,) = visit["lines"]
    assert set(line) == {"sku", "quantity", "unit_minor", "confidence", "status"}
    assert 0.8 < line["confidence"] <= 1
