"""`python -m tests.bench.carts.case_files COUNT FILE`: simulated visits as events, for orders.py on another machine.

Scenario after scenario, seed after seed, so that any number is a mix of the whole library. Must not: use a seed of
the tables, or write a truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from edge.simulation.play import simulate
from tests.bench.carts.orders import Case
from tests.bench.carts.play import play
from tests.bench.carts.shuffle import case_of
from tests.bench.carts.tape import tape_of
from tests.bench.carts.work import library

FIRST_SEED: Final = 2_000  # apart from tuning, final and long runs


def simulated(count: int) -> Iterator[Case]:
    """So many visits, played."""
    names = list(library())
    for number in range(count):
        turn, place = divmod(number, len(names))
        # a stride without a common factor: the first few are already of many kinds
        name, seed = names[place * 7 % len(names)], FIRST_SEED + turn
        tape = tape_of(simulate(library()[name], seed), seed)
        yield case_of(f"{name}/{seed}", tape, play(tape))


def write(path: Path, cases: Iterable[Case]) -> int:
    """One JSON document a line; returns the number of cases."""
    count = 0
    with path.open("wb") as file:
        for case in cases:
            file.write(msgspec.json.encode(case) + b"\n")
            count += 1
    return count


def main(arguments: list[str] | None = None) -> None:
    """Write what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.carts.case_files", description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("file", type=Path)
    asked = parser.parse_args(arguments)
    print(f"{write(asked.file, simulated(asked.count))} visits in {asked.file}")


if __name__ == "__main__":
    main()
