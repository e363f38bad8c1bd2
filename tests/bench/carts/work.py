"""One case of the benchmark, from scenario and seed to judged rows; and many of them on several processes.

The order of the rows depends on the tasks alone. Must not: print, or add up.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from edge.clock import cpu_now_ns
from edge.core.receipts import receipts
from edge.simulation import scenario as scenarios
from edge.simulation.scenario import Scenario
from tests.bench.carts import baseline, judge
from tests.bench.carts.degrade import ROWS
from tests.bench.carts.judge import Row
from tests.bench.carts.orders import digest
from tests.bench.carts.play import Played, play, receipt_delays_s
from tests.bench.carts.shuffle import different
from tests.bench.carts.tape import Tape, tape_of


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with one scenario and one seed; `hows` are rows of the ablation table."""

    scenario: str
    seed: int
    hows: tuple[str, ...] = ("all sensors",)
    with_baseline: bool = True
    shuffles: int = 0
    overrides: dict[str, Any] = {}


@cache
def library() -> dict[str, Scenario]:
    """All scenarios by name, in the order of the library."""
    return {row.name: row for row in scenarios.library()}


def run_all(tasks: Iterable[Task], jobs: int) -> Iterator[list[Row]]:
    """Rows task by task, in the order of the tasks; more than one job = processes of their own."""
    if jobs <= 1:
        yield from map(run, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(run, tasks)


def run(task: Task) -> list[Row]:
    """All rows of a task."""
    found = library()[task.scenario]
    blank = Row(
        scenario=found.name, class_name=found.class_name, inseparable=found.inseparable is not None, seed=task.seed
    )
    try:
        tape = _simulated(found, task)
    except Exception as error:  # noqa: BLE001  told in the table: one broken scenario must not hide the others
        return [msgspec.structs.replace(blank, failure=f"simulate: {type(error).__name__}: {error}")]
    rows = [_played(blank, ROWS[how](tape), how, task.shuffles) for how in task.hows]
    return [*rows, _baseline(blank, tape)] if task.with_baseline else rows


def _simulated(found: Scenario, task: Task) -> Tape:
    from edge.simulation.play import simulate

    return tape_of(simulate(found, task.seed), task.seed, task.overrides)


def _played(blank: Row, tape: Tape, how: str, shuffles: int) -> Row:
    began_ns = cpu_now_ns()
    try:
        played = play(tape)
    except Exception as error:  # noqa: BLE001  told in the table: one broken run must not hide the others
        return msgspec.structs.replace(blank, how=how, failure=f"play: {type(error).__name__}: {error}")
    took_s = (cpu_now_ns() - began_ns) / 1e9
    document = receipts(played.commands, tape.start_ns)
    facts = judge.scored(tape.truth, document, (tape.end_ns - tape.start_ns) / 1e9)
    return msgspec.structs.replace(
        blank,
        how=how,
        **facts,
        late=played.late,
        digest=digest(played.commands),
        cpu_s=took_s,
        delays_s=tuple(receipt_delays_s(played, tape.config)),
        failure=_shuffled(tape, played, shuffles),
    )


def _shuffled(tape: Tape, played: Played, shuffles: int) -> str:
    wrong = different(tape, played, shuffles) if shuffles else []
    return f"other orders when they arrive otherwise: {', '.join(wrong)}" if wrong else ""


def _baseline(blank: Row, tape: Tape) -> Row:
    facts = judge.scored(tape.truth, baseline.bills(tape), (tape.end_ns - tape.start_ns) / 1e9)
    return msgspec.structs.replace(blank, who="baseline", **facts)
