"""Plays a tape as the appliance would live it: samples through the step filter, stamping, the core, its orders.

A gate without a device answers for itself. Must not: score, or show the core anything of the truth.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec
import numpy as np

from devices.shelf_scale.steps import StepFilter
from edge import config
from edge.config import StoreConfig
from edge.core import events
from edge.core.commands import CloseVisit, Command, GrantPassage
from edge.core.errors import BadInput
from edge.core.events import Event
from edge.core.signals import PlateSamples
from tests.bench.carts.orders import MS, Core
from tests.bench.carts.tape import Reading, Tape

ANSWER_NS: Final = 40 * MS  # a door board answers within so long
LOSABLE: Final = (
    events.TracksSeen, events.WeightStep, events.PlateSteady, events.ShelfChanged, events.ShelfReached,
    events.TagRead, events.LineCrossed, events.PassageCounted,
)  # fmt: skip  # what is asked and answered is repeated by its link, what a sensor reports is not


class Played(NamedTuple):
    """`events` as the core took them in; `orders` with the moment at which each came out; `late` events.

    `end_ns` is the last tick; orders that the end of the recording forced out have the moment -1.
    """

    events: list[Event]
    orders: list[tuple[int, Command]]
    late: int
    end_ns: int

    @property
    def commands(self) -> list[Command]:
        """The orders alone."""
        return [command for _, command in self.orders]


def play(tape: Tape) -> Played:
    """Run a whole tape. Deterministic: the same tape gives the same orders."""
    run = _Run(tape)
    for due_ns, reading in run.arrivals():
        run.take(due_ns, reading)
    return run.finish()


def receipt_delays_s(played: Played, shop: StoreConfig) -> list[float]:
    """How long after the time that the policy asks for a bill came out, for each bill of the running shop.

    The policy asks for `gone_after_ms` without a sight of the shopper and then `settle_ms` for slow evidence.
    """
    asked_ns = (shop.visits.gone_after_ms + shop.visits.settle_ms) * MS
    return [
        (at_ns - command.left_ns - asked_ns) / 1e9
        for at_ns, command in played.orders
        if isinstance(command, CloseVisit) and command.left_ns is not None and at_ns >= 0
    ]


class _Box:
    """The part of the appliance that a power cut takes away: core and step filters."""

    def __init__(self, shop: StoreConfig) -> None:
        self._shop = shop
        self.core = Core(config.to_layout(shop))
        self.scales = self._filters()

    def handle(self, event: Event) -> tuple[Command, ...]:
        """One stamped event; a resumed start loads what the ledger had kept."""
        if isinstance(event, events.RunStarted) and event.resumed:
            self.scales = self._filters()
        return self.core.handle(event)

    def sense(self, samples: PlateSamples) -> list[Event]:
        """Steps of a gondola; a block that contradicts itself is told, not used."""
        gondola = next((row.gondola for row in self._shop.plate if samples.plates and row.id == samples.plates[0]), "")
        if gondola not in self.scales:
            return []
        try:
            return self.scales[gondola].feed(samples)
        except BadInput as error:
            told = events.InputRejected(
                captured_ns=samples.captured_ns, source=samples.source, device=error.place, detail=error.text
            )
            return [told]

    def _filters(self) -> dict[str, StepFilter]:
        shop = self._shop
        return {
            gondola: StepFilter.from_config(shop.scales, [row for row in shop.plate if row.gondola == gondola])
            for gondola in sorted({row.gondola for row in shop.plate})
        }


class _Run:
    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._box = _Box(tape.config)
        self._rng = np.random.Generator(np.random.PCG64([tape.seed, *b"lost"]))
        self._answers: list[tuple[int, int, Event]] = []
        self._answered = any(isinstance(reading, events.GrantAnswered) for _, reading in tape.readings)
        self._now_ns = 0
        self._seq = 0
        self.events: list[Event] = []
        self.orders: list[tuple[int, Command]] = []

    def arrivals(self) -> Iterator[tuple[int, Reading]]:
        """Readings by the time at which they are complete, with the gate's answers where they fall due."""
        first = self._tape.readings[0][1]
        if not isinstance(first, events.RunStarted):
            start_ns = self._tape.start_ns
            yield start_ns, events.RunStarted(captured_ns=start_ns, source="box", run_id=f"bench-{self._tape.seed}")
        for due_ns, reading in self._tape.readings:
            while self._answers and self._answers[0][0] <= due_ns:
                answer_ns, _, answer = heapq.heappop(self._answers)
                yield answer_ns, answer
            yield due_ns, reading

    def take(self, due_ns: int, reading: Reading) -> None:
        """Whatever arrives, at the moment it arrives."""
        self._now_ns = max(self._now_ns, due_ns)
        for event in self._box.sense(reading) if isinstance(reading, PlateSamples) else [reading]:
            if not self._is_lost(event):
                self._handle(event)

    def finish(self) -> Played:
        """The last steps of the scales, the time that the window needs, and the end of the recording."""
        for scale in self._box.scales.values():
            for event in scale.flush():
                self._handle(event)
        self._now_ns = max(self._now_ns, self._tape.end_ns) + self._tape.config.ordering.window_ms * MS
        self._order(self._box.handle(events.Tick(captured_ns=self._now_ns, source="end")))
        self.orders += [(-1, command) for command in self._box.core.store.finish()]
        return Played(self.events, self.orders, self._box.core.late, self._now_ns)

    def _is_lost(self, event: Event) -> bool:
        share = self._tape.lost_share
        return share > 0 and isinstance(event, LOSABLE) and bool(self._rng.random() < share)

    def _handle(self, event: Event) -> None:
        self._seq += 1
        captured_ns = max(0, min(event.captured_ns, self._now_ns))
        stamped = msgspec.structs.replace(event, seq=self._seq, received_ns=self._now_ns, captured_ns=captured_ns)
        self.events.append(stamped)
        self._order(self._box.handle(stamped))

    def _order(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self.orders.append((self._now_ns, command))
            if isinstance(command, GrantPassage) and not self._answered:
                self._answer(command)

    def _answer(self, command: GrantPassage) -> None:
        at_ns = self._now_ns + ANSWER_NS
        answer = events.GrantAnswered(
            captured_ns=at_ns, source=command.gate, gate=command.gate, request=command.request, ok=True
        )
        heapq.heappush(self._answers, (at_ns, len(self.orders), answer))
