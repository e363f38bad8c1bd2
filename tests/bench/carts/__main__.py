"""`python -m tests.bench.carts`: who took what, measured on simulated visits. Exit 1 where a run failed.

Seeds 0 to 14 are for tuning. Seeds 15 to 24 are looked at only with `--final`, and nothing may be fitted to them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from edge import config
from tests.bench.carts import tables
from tests.bench.carts.degrade import ROWS
from tests.bench.carts.judge import Row
from tests.bench.carts.work import Task, library, run_all

TUNING: Final = range(15)
FINAL: Final = range(15, 25)
PLAIN: Final = "all sensors"
LONG_FROM: Final = 20_000  # seeds of the long run, apart from all others: what those from 1,000 on told is mended
LONG_LINES: Final = 30_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for and print the tables."""
    asked = _parser().parse_args(arguments)
    names = _names(asked.scenarios, asked.classes)
    if asked.list:
        print("\n".join(f"{row.name:34}{row.class_name:20}{row.about}" for row in library().values()))
        return 0
    rows = _long(asked, names) if asked.long else _measured(asked, names, _seeds(asked))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_bytes(msgspec.json.encode(rows))
    print("\n".join(_report(asked, rows)))
    return 1 if any(row.failure for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.carts", description=__doc__)
    add = parser.add_argument
    add("--scenarios", default="", help="names or parts of names, comma between; default: the whole library")
    add("--classes", default="", help="only scenarios of these classes")
    add("--seeds", type=_numbers, default=[], help="as 0-14 or 3,5; default: 0-14, with --final 0-24")
    add("--final", action="store_true", help="allow seeds 15-24 and show them in a table of their own")
    add("--ablation", action="store_true", help="also with each sensor missing or worse")
    add("--rows", type=_rows, default=(), help=f"rows of the ablation table, comma between: {', '.join(ROWS)}")
    add("--long", action="store_true", help=f"seeds from {LONG_FROM} on until there are --lines lines")
    add("--lines", type=int, default=LONG_LINES)
    add("--shuffle", type=int, default=0, metavar="N", help="also hand every visit over N times in another order")
    add("--no-baseline", action="store_true")
    add("--show", action="store_true", help="say what was not exact, visit by visit")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of store.toml")
    add("--jobs", type=int, default=1)
    add("--json", type=Path, metavar="FILE", help="write all rows")
    add("--list", action="store_true", help="name the scenarios and end")
    return parser


def _names(asked: str, classes: str = "") -> list[str]:
    wanted, kinds = [part for part in asked.split(",") if part], [part for part in classes.split(",") if part]
    found = [
        row.name
        for row in library().values()
        if (not kinds or row.class_name in kinds) and (not wanted or any(part in row.name for part in wanted))
    ]
    if not found:
        sys.exit(f"no scenario is called like {asked or classes or 'anything'}; --list names them")
    return found


def _seeds(asked: argparse.Namespace) -> list[int]:
    if not asked.seeds:
        return [*TUNING, *(FINAL if asked.final else ())]
    if not asked.final and set(asked.seeds) & set(FINAL):
        sys.exit("seeds 15-24 are for the final table; add --final")
    return list(asked.seeds)


def _numbers(text: str) -> list[int]:
    """`0-14` or `3,5`."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _rows(text: str) -> tuple[str, ...]:
    """Names of rows of the ablation table."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in found:
        if name not in ROWS:
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(ROWS)}")
    return found


def _overrides(items: Sequence[str]) -> dict[str, Any]:
    try:
        return config.parse_set(list(items))
    except config.ConfigError as error:
        sys.exit(str(error))


def _task(asked: argparse.Namespace, name: str, seed: int) -> Task:
    return Task(
        scenario=name,
        seed=seed,
        hows=asked.rows or (tuple(ROWS) if asked.ablation else (PLAIN,)),
        with_baseline=not asked.no_baseline and not asked.long,
        shuffles=asked.shuffle,
        overrides=_overrides(asked.set),
    )


def _measured(asked: argparse.Namespace, names: Sequence[str], seeds: Sequence[int]) -> list[Row]:
    tasks = [_task(asked, name, seed) for name in names for seed in seeds]
    return [row for rows in _watched(asked.jobs, tasks) for row in rows]


def _long(asked: argparse.Namespace, names: Sequence[str]) -> list[Row]:
    """Round after round, each over all scenarios, so that the mix stays the same. Ctrl-C ends it after what it has."""
    rows: list[Row] = []
    seed, lines = LONG_FROM, 0
    try:
        while lines < asked.lines:
            tasks = [_task(asked, name, seed) for name in names]
            rows += [row for found in list(_watched(asked.jobs, tasks)) for row in found]
            seed += 1
            before, lines = lines, sum(row.lines for row in rows if row.how == PLAIN)
            over = sum(row.overcharged_items for row in rows)
            print(f"seeds {LONG_FROM}-{seed - 1}: {lines} lines, {over} items overcharged", file=sys.stderr, flush=True)
            if lines == before:
                sys.exit("a whole round gave no line; there is nothing to count")
    except KeyboardInterrupt:
        print("stopped early", file=sys.stderr)
    return rows


def _watched(jobs: int, tasks: Sequence[Task]) -> Iterator[list[Row]]:
    for number, rows in enumerate(run_all(tasks, jobs), 1):
        task = tasks[number - 1]
        print(f"\r{number} of {len(tasks)}: {task.scenario} seed {task.seed}\x1b[K", end="", file=sys.stderr)
        yield rows
    print("\r\x1b[K", end="", file=sys.stderr)


def _report(asked: argparse.Namespace, rows: list[Row]) -> Iterator[str]:
    final = [row for row in rows if row.seed in FINAL]
    for title, part in (("", [row for row in rows if row.seed not in FINAL]), ("final seeds", final)):
        if part:
            yield from [*([f"== {title}"] if title else []), *tables.by_scenario(part), ""]
    if any(row.how != PLAIN for row in rows):
        yield from [*tables.ablation(rows), ""]
    whole = [row for row in rows if row.how == PLAIN]
    yield from [*tables.calibration(whole), ""]
    if asked.long:
        yield from [*tables.overcharging(whole), ""]
    if asked.show:
        yield from [*tables.inexact(rows), ""]
    yield f"orders: sha256 {_digest(rows)}"


def _digest(rows: Sequence[Row]) -> str:
    """One hash over the orders of all runs: the same on every machine and under every hash seed."""
    facts: list[Any] = [[row.scenario, row.seed, row.how, row.digest] for row in rows if row.who == "muin"]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
