"""`python -m tests.bench.carts.orders FILE...`: hashes of the orders that the core gives for events on file.

One line a case: name, SHA-256 of the orders, SHA-256 of the durable state beside each order, and "same" or the ways of
arrival that gave other orders (exit 1). Two Pythons on any two processors that print the same decide the same.
Must not: import more than the core and msgspec, so that a bare Python can run it; or use hash() or a float.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import msgspec

from edge.core import events
from edge.core.commands import Command
from edge.core.events import Event
from edge.core.layout import Layout
from edge.core.store import Store

MS: Final = 1_000_000
SPARE_NS: Final = 20 * MS  # arrivals stay this much inside the ordering window
TICK_ONE_IN: Final = 50
NAMED: Final = ("plate", "slot", "epc", "line", "gate", "device", "charge", "door")  # what an event speaks about

Pace: TypeAlias = Callable[[Store, int, random.Random], Iterable[int]]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded run: events as they were stamped, in order of arrival, and the last tick.

    `lived` is the hash of the orders that the run gave when it was lived, empty where something came too late: what is
    late is handled by arrival, and arrival is what changes here.
    """

    name: str
    layout: Layout
    events: tuple[Event, ...]
    end_ns: int
    lived: str = ""

    @property
    def resumed(self) -> bool:
        """Whether the run has a restart in it. What a dead process had in its window never arrives."""
        return any(isinstance(event, events.RunStarted) and event.resumed for event in self.events)


class Core:
    """The core as a power cut leaves it: a resumed run begins with a fresh one and the state that was kept."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._late = 0
        self.store = Store(layout)

    @property
    def late(self) -> int:
        """Events that came too late, over all restarts."""
        return self._late + self.store.late

    def handle(self, event: Event) -> tuple[Command, ...]:
        """One stamped event."""
        if isinstance(event, events.RunStarted) and event.resumed:
            kept = self.store.state()
            self._late = self.late
            self.store = Store(self._layout)
            self.store.restore(kept)
        return self.store.handle(event)


def flat_out(_store: Store, _until_ns: int, _chance: random.Random) -> Iterable[int]:
    """As fast as it goes: nobody says what time it is."""
    return ()


def as_live(store: Store, until_ns: int, _chance: random.Random) -> Iterator[int]:
    """Real time: a tick whenever the core asked to be woken."""
    while (wake_ns := store.wake_at_ns) is not None and wake_ns < until_ns:
        yield wake_ns


def at_times(store: Store, until_ns: int, chance: random.Random) -> Iterator[int]:
    """A tick now and then, at the moment of an arrival."""
    if chance.randrange(TICK_ONE_IN) == 0:
        yield until_ns


PACES: Final[dict[str, Pace]] = {"flat out": flat_out, "as live": as_live, "at times": at_times}


class Found(NamedTuple):
    """`orders` and `state` are hashes; `differing` names the ways of arrival that gave other orders."""

    orders: str
    state: str
    differing: list[str]


def orders(
    layout: Layout, stamped: Iterable[Event], end_ns: int, pace: Pace = flat_out, seed: str = ""
) -> Iterator[tuple[Core, tuple[Command, ...]]]:
    """The core after each event and the orders it gave; the last ones are forced out by the end of the recording."""
    core, chance = Core(layout), random.Random(seed)
    for event in stamped:
        for at_ns in pace(core.store, event.received_ns, chance):
            yield core, core.handle(_tick(at_ns))
        yield core, core.handle(event)
    yield core, core.handle(_tick(end_ns))
    yield core, core.store.finish()


def _tick(at_ns: int) -> Event:
    return events.Tick(captured_ns=at_ns, source="pace")


def flat(found: Iterable[tuple[Core, tuple[Command, ...]]]) -> list[Command]:
    """The orders alone."""
    return [command for _, given in found for command in given]


def digest(commands: Iterable[Command]) -> str:
    """SHA-256 over the JSON of all orders, one a line."""
    found = hashlib.sha256()
    for command in commands:
        found.update(msgspec.json.encode(command) + b"\n")
    return found.hexdigest()


def check(case: Case, shuffles: int) -> Found:
    """The hashes of a case, and whether arrival or speed change them."""
    ordered = case.events if case.resumed else arriving(case.events, [0] * len(case.events))
    given: list[Command] = []
    state = hashlib.sha256()
    for core, found in orders(case.layout, ordered, case.end_ns):
        given += found
        if found:  # what the ledger keeps with a decision: weights with all their bits
            state.update(core.store.state())
    plain = digest(given)
    differing = ["as lived"] if case.lived not in ("", plain) else []
    for name, pace, seed, stamped in [] if case.resumed else _ways(case, shuffles):
        if digest(flat(orders(case.layout, stamped, case.end_ns, pace, seed))) != plain:
            differing.append(name)
    return Found(plain, state.hexdigest(), differing)


def _ways(case: Case, shuffles: int) -> Iterator[tuple[str, Pace, str, list[Event]]]:
    """Arrivals inside the window: as captured at every speed, in bursts with the newest first, and shuffled."""
    whole = len(case.events)
    room_ns = max(1, case.layout.policy.ordering_window_ns - SPARE_NS)
    for name, pace in PACES.items():
        if pace is not flat_out:
            yield name, pace, name, arriving(case.events, [0] * whole)
    burst_ns = max(1, room_ns // 2)
    held = [-event.captured_ns % burst_ns for event in case.events]
    yield "in bursts", as_live, "", arriving(case.events, held, turned=True)
    for number in range(shuffles):
        chance = random.Random(f"{case.name} {number}")
        name, pace = list(PACES.items())[number % len(PACES)]
        delays = [chance.randrange(room_ns) for _ in range(whole)]
        yield f"shuffle {number} {name}", pace, f"{case.name} {number}", arriving(case.events, delays)


def arriving(known: Sequence[Event], delays_ns: Sequence[int], turned: bool = False) -> list[Event]:
    """The events, each that much later than captured, stamped anew by arrival. `turned`: of equals the last first.

    What one device says twice about one thing at one moment stays together in its order: no link turns that round.
    """
    first: dict[tuple[object, ...], int] = {}
    leaders = [first.setdefault(_thing(event), k) for k, event in enumerate(known)]
    due_ns = [known[k].captured_ns + delays_ns[k] for k in leaders]
    order = sorted(range(len(known)), key=lambda k: (due_ns[k], -leaders[k] if turned else leaders[k], k))
    return [msgspec.structs.replace(known[k], seq=number, received_ns=due_ns[k]) for number, k in enumerate(order, 1)]


def _thing(event: Event) -> tuple[object, ...]:
    return event.captured_ns, type(event), event.source, *(getattr(event, name, None) for name in NAMED)


def read(path: Path) -> Iterator[Case]:
    """The cases of a file, one JSON document a line."""
    decoder = msgspec.json.Decoder(Case)
    with path.open("rb") as file:
        for line in file:
            yield decoder.decode(line)


def main(arguments: Sequence[str] | None = None) -> int:
    """Hash what the files hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.carts.orders", description=__doc__)
    parser.add_argument("--shuffles", type=int, default=3, help="orders of arrival drawn for each case")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    print(platform.machine(), platform.python_implementation(), platform.python_version(), file=sys.stderr)
    wrong = 0
    for path in asked.files:
        for case in read(path):
            found = check(case, asked.shuffles)
            wrong += bool(found.differing)
            print(case.name, found.orders, found.state, ", ".join(found.differing) or "same")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
