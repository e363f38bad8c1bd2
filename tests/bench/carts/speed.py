"""`python -m tests.bench.carts.speed`: how fast the core replays a busy shop from events, and whether a day slows it.

CPU time of this process inside `Store.handle` alone; making the events is not counted. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from edge import config
from edge.clock import cpu_now_ns
from edge.core.commands import CloseVisit
from edge.core.events import Event
from edge.core.store import Store
from tests.bench.carts.crowd import Crowd, Rates, shop

THIN: Final = Rates(people=3, frames=1.0, tags=0.5, steady_s=1_200.0)
SHOWN_H: Final = (1, 2, 4, 6, 9, 12, 15, 18, 21, 24)


class Cost(NamedTuple):
    """What some events cost."""

    events: int
    cpu_s: float
    bills: int

    @property
    def each_us(self) -> float:
        """Mean cost of an event in microseconds."""
        return 1e6 * self.cpu_s / max(1, self.events)


def main(arguments: list[str] | None = None) -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.carts.speed", description=__doc__)
    parser.add_argument("--minutes", type=int, default=10, help="of the busy shop; 0 = none")
    parser.add_argument("--hours", type=int, default=24, help="of the thin day; 0 = none")
    asked = parser.parse_args(arguments)
    if asked.minutes:
        busy(asked.minutes)
    if asked.hours:
        day(asked.hours)


def busy(minutes: int) -> None:
    """20 people with hands at 15 frames/s and about 45 other events/s, 30 shelves of 12 plates."""
    store, crowd = Store(config.to_layout(shop())), Crowd(Rates())
    costs = [handle(store, [crowd.start()])]
    kinds: Counter[str] = Counter()
    for number in range(minutes):
        made = crowd.minute(number)
        kinds.update(type(event).__name__ for event in made)
        costs.append(handle(store, made))
        _progress(f"minute {number + 1}: {60 / costs[-1].cpu_s:.0f} x real time")
    total = _sum(costs)
    others = (total.events - 1 - kinds["TracksSeen"]) / (60 * minutes)
    print(
        f"busy shop, {minutes} min: {total.events} events ({others:.0f}/s beside tracker frames), {total.bills} bills"
    )
    print(f"  {60 * minutes / total.cpu_s:.0f} x real time ({total.cpu_s:.2f} s CPU, {total.each_us:.0f} us an event)")
    print(f"  slowest minute {60 / max(cost.cpu_s for cost in costs):.0f} x; state {len(store.state())} bytes")
    print(f"  {dict(kinds)}")


def day(hours: int) -> None:
    """The same shop, thinned, hour by hour: an event must not cost more in the evening."""
    store, crowd = Store(config.to_layout(shop())), Crowd(THIN)
    costs = [handle(store, [crowd.start()])]
    print(f"thin day ({THIN.people} people, {THIN.frames:.0f} frame/s): cost of an event in the hour before")
    for hour in range(1, hours + 1):
        cost = _sum([handle(store, crowd.minute(number)) for number in range(60 * (hour - 1), 60 * hour)])
        costs.append(cost)
        _progress(f"hour {hour}: {cost.each_us:.0f} us")
        if hour in SHOWN_H:
            sofar = _sum(costs)
            size = len(store.state())
            print(f"  {hour:2} h: {cost.each_us:6.1f} us an event, {sofar.events} so far, state {size} bytes")


def handle(store: Store, made: Iterable[Event]) -> Cost:
    """Feed a store and count."""
    events, bills = 0, 0
    began_ns = cpu_now_ns()
    for event in made:
        events += 1
        for command in store.handle(event):
            bills += isinstance(command, CloseVisit)
    return Cost(events, (cpu_now_ns() - began_ns) / 1e9, bills)


def _sum(costs: Iterable[Cost]) -> Cost:
    rows = list(costs)
    return Cost(sum(row.events for row in rows), sum(row.cpu_s for row in rows), sum(row.bills for row in rows))


def _progress(text: str) -> None:
    print(f"\r{text}\x1b[K\r", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
