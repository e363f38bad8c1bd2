"""The cart benchmark plays, worsens and shuffles simulated visits as it says it does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edge.core.commands import CloseVisit, Command, GrantPassage, RaiseAlarm
from edge.core.events import GrantAnswered, RunStarted, ShelfChanged, TagRead, TracksSeen, WeightStep
from edge.core.signals import PlateSamples
from edge.simulation.play import simulate
from tests.bench.carts import __main__ as bench
from tests.bench.carts import orders, shuffle, work
from tests.bench.carts.degrade import ROWS, SKEW_NS
from tests.bench.carts.play import Played, play
from tests.bench.carts.tape import Tape, tape_of
from tests.bench.carts.work import Task, run, run_all


@pytest.fixture(scope="module")
def tape() -> Tape:
    return tape_of(simulate(work.library()["one-take"], 0), 0)


@pytest.fixture(scope="module")
def played(tape: Tape) -> Played:
    return play(tape)


@pytest.fixture(scope="module")
def punctual() -> Tape:
    """A shop that waits long enough for its slowest tracker frame."""
    return tape_of(simulate(work.library()["one-take"], 0), 0, {"ordering.window_ms": 1_000})


def test_playing_is_repeatable_and_ends_every_visit(tape: Tape, played: Played) -> None:
    assert orders.digest(play(tape).commands) == orders.digest(played.commands)
    assert [type(command) for command in played.commands].count(CloseVisit) == len(tape.truth.visits)
    received = [event.received_ns for event in played.events]
    assert received == sorted(received)
    assert [event.seq for event in played.events] == list(range(1, len(received) + 1))
    assert any(isinstance(event, WeightStep) for event in played.events)


def test_the_gate_answers(played: Played) -> None:
    (grant,) = [command for command in played.commands if isinstance(command, GrantPassage)]
    (answer,) = [event for event in played.events if isinstance(event, GrantAnswered)]
    assert answer.request == grant.request
    assert not [command for command in played.commands if isinstance(command, RaiseAlarm)]


def test_a_power_cut_begins_with_what_was_kept() -> None:
    known = tape_of(simulate(work.library()["power-cut"], 0), 0)
    found = play(known)
    assert any(isinstance(event, RunStarted) and event.resumed for event in found.events)
    assert [type(command) for command in found.commands].count(CloseVisit) == len(known.truth.visits)


@pytest.mark.parametrize("how", list(ROWS))
def test_every_row_can_be_played_and_keeps_the_truth(tape: Tape, how: str) -> None:
    worse = ROWS[how](tape)
    assert worse.truth == tape.truth
    assert play(worse).commands


@pytest.mark.parametrize(
    ("how", "kinds", "table"),
    [
        ("without cameras", (ShelfChanged,), "slot"),
        ("without scales", (PlateSamples, WeightStep), "plate"),
        ("without RFID", (TagRead,), "rfid_reader"),
    ],
)
def test_without_a_sensor_there_is_no_trace_of_it(tape: Tape, how: str, kinds: tuple[type, ...], table: str) -> None:
    worse = ROWS[how](tape)
    assert not [item for _, item in worse.readings if isinstance(item, kinds)]
    assert getattr(worse.config, table) == []
    assert all(slot.position_mm is not None for slot in worse.config.slot)


def test_without_wrists_bodies_stay(tape: Tape) -> None:
    people = [
        p for _, item in ROWS["without wrists"](tape).readings if isinstance(item, TracksSeen) for p in item.people
    ]
    assert people
    assert not any(person.hands_mm for person in people)


def test_a_dead_plate_has_no_value_at_all(tape: Tape) -> None:
    before, after = (
        np.concatenate([np.frombuffer(i.grams, "<f4") for _, i in known.readings if isinstance(i, PlateSamples)])
        for known in (tape, ROWS["one dead plate in ten"](tape))
    )
    share = np.isnan(after).mean() - np.isnan(before).mean()
    assert 0 < share < 0.3


def test_a_skewed_clock_moves_a_whole_device_and_no_arrival(tape: Tape) -> None:
    rows = [row for row in ROWS["300 ms clock skew"](tape).readings if not isinstance(row[1], PlateSamples)]
    plain = [row for row in tape.readings if not isinstance(row[1], PlateSamples)]
    assert [due for due, _ in rows] == [due for due, _ in plain]
    moved: dict[str, set[int]] = {}
    for (_, one), (_, other) in zip(rows, plain, strict=True):
        if not isinstance(one, RunStarted):
            moved.setdefault(one.source, set()).add(one.captured_ns - other.captured_ns)
    assert all(len(shifts) == 1 and abs(shifts.pop()) == SKEW_NS for shifts in moved.values())


def test_lost_events_are_about_one_in_twenty(tape: Tape, played: Played) -> None:
    left = len(play(ROWS["5 % lost events"](tape)).events)
    assert 0.90 < left / len(played.events) < 0.98


def test_arrival_does_not_matter(tape: Tape, played: Played, punctual: Tape) -> None:
    assert shuffle.different(tape, played, 2) == []
    in_time = play(punctual)
    assert in_time.late == 0
    assert shuffle.different(punctual, in_time, 1) == []


def test_a_core_that_looks_at_arrival_is_found_out(punctual: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    def by_arrival(_layout: Any, stamped: Iterable[Any], *_rest: Any) -> Iterator[tuple[Any, tuple[Command, ...]]]:
        core = orders.Core(_layout)
        for event in stamped:
            yield core, (RaiseAlarm(issued_ns=event.received_ns, alarm="arrived", place=event.source),)

    monkeypatch.setattr(orders, "orders", by_arrival)
    found = shuffle.different(punctual, play(punctual), 2)
    assert found == ["as lived", "in bursts", "shuffle 0 flat out", "shuffle 1 as live"]


def test_rows_of_a_task(tape: Tape) -> None:
    rows = run(Task(scenario="one-take", seed=0, hows=("all sensors", "without cameras"), shuffles=1))
    assert [(row.who, row.how) for row in rows] == [
        ("muin", "all sensors"), ("muin", "without cameras"), ("baseline", "all sensors"),
    ]  # fmt: skip
    assert not any(row.failure for row in rows)
    assert all(row.owed_items == sum(sum(visit.items.values()) for visit in tape.truth.visits) for row in rows)


def test_processes_give_the_same_rows_in_the_same_order() -> None:
    tasks = [Task(scenario="one-take", seed=seed) for seed in (0, 1)]
    plain, spread = ([row for rows in run_all(tasks, jobs) for row in rows] for jobs in (1, 2))
    quiet = [[msgspec.structs.replace(row, cpu_s=0.0) for row in rows] for rows in (plain, spread)]
    assert quiet[0] == quiet[1]


def test_a_run_that_breaks_is_a_failure_and_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(known: Tape) -> Played:
        if known.seed == 1:
            raise ZeroDivisionError("of a test")
        return play(known)

    monkeypatch.setattr(work, "play", broken)
    out = tmp_path / "rows.json"
    assert bench.main(["--scenarios", "one-take", "--seeds", "0-1", "--no-baseline", "--json", str(out)]) == 1
    assert "FAILED one-take seed 1 (all sensors): play: ZeroDivisionError: of a test" in capsys.readouterr().out
    assert [row["failure"] == "" for row in json.loads(out.read_bytes())] == [True, False]


def test_final_seeds_are_not_looked_at_by_accident() -> None:
    with pytest.raises(SystemExit, match="--final"):
        bench.main(["--scenarios", "one-take", "--seeds", "14-15"])
    with pytest.raises(SystemExit, match="--list"):
        bench.main(["--scenarios", "no-such-thing"])
