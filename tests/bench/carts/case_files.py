"""`python -m tests.bench.carts.case_files COUNT FILE [REC...]`: runs as events, for orders.py on another machine.

Simulated visits, scenario after scenario and seed after seed, so that any number is a mix of the whole library.
Must not: use a seed of the tables, or write a truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from edge import config
from edge.commands import playback
from edge.recording import Recording
from edge.replay import lived_until_ns, run_sensors
from edge.simulation.play import simulate
from tests.bench.carts.orders import Case, digest
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


def recorded(name: str, folder: Path) -> Case:
    """A recording of ours as a case: its events where it was run, else those that its sensors give here."""
    recording = Recording.open(folder)
    shop = config.parse(recording.config_text)
    layout = config.to_layout(shop)
    known, lived = list(recording.events()), ""
    if recording.has_raw() and not any(event.seq for event in known):
        known, found = run_sensors(
            recording, layout, playback.sample_senses(recording, shop), playback.picture_senses(recording, shop)
        )
        lived = digest(found)
    return Case(name=name, layout=layout, events=tuple(known), end_ns=lived_until_ns(recording, layout), lived=lived)


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
    parser.add_argument("count", type=int, help="of simulated visits")
    parser.add_argument("file", type=Path)
    parser.add_argument("recordings", nargs="*", type=Path, metavar="REC", help="recordings of ours")
    asked = parser.parse_args(arguments)
    known = [recorded(path.name, path) for path in asked.recordings]
    print(f"{write(asked.file, chain(known, simulated(asked.count)))} runs in {asked.file}")


if __name__ == "__main__":
    main()
