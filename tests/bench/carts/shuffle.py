"""Does arrival matter? The same facts in another order of arrival must give the same orders, byte for byte.

Every event is handed over again with a delay of its own, drawn up to just below the ordering window, so that none is
late; ticks fall where they like. Must not: change what an event says or when it was captured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from edge.core import events
from edge.core.commands import Command
from edge.core.events import Event
from tests.bench.carts.play import MS, Played, replay
from tests.bench.carts.tape import Tape

SPARE_NS: Final = 20 * MS
TICK_CHANCE: Final = 0.02


def digest(commands: Iterable[Command]) -> str:
    """SHA-256 over the JSON of all orders, one a line."""
    found = hashlib.sha256()
    for command in commands:
        found.update(msgspec.json.encode(command) + b"\n")
    return found.hexdigest()


def different(tape: Tape, played: Played, times: int) -> list[int]:
    """Numbers of the shuffles whose orders differ from those of arrival in order, of `times` tried.

    A visit without late events must also have had the same orders as it was played; -1 stands for that comparison.
    A resumed run is not shuffled over its restart: the events of a dead process never arrive.
    """
    if any(isinstance(event, events.RunStarted) and event.resumed for event in played.events):
        return []
    window_ns = tape.config.ordering.window_ms * MS
    plain = digest(replay(tape.config, _arriving(played.events, [0] * len(played.events)), played.end_ns))
    rng = np.random.Generator(np.random.PCG64([tape.seed, *b"shuffle"]))
    found = [-1] if not played.late and digest(played.commands) != plain else []
    for number in range(times):
        delays = rng.integers(0, max(1, window_ns - SPARE_NS), len(played.events))
        arriving = _with_ticks(_arriving(played.events, delays.tolist()), rng)
        if digest(replay(tape.config, arriving, played.end_ns)) != plain:
            found.append(number)
    return found


def _arriving(known: Sequence[Event], delays_ns: Sequence[int]) -> list[Event]:
    """Stamped anew, by arrival."""
    order = sorted(range(len(known)), key=lambda k: (known[k].captured_ns + delays_ns[k], k))
    return [
        msgspec.structs.replace(known[k], seq=number, received_ns=known[k].captured_ns + delays_ns[k])
        for number, k in enumerate(order, 1)
    ]


def _with_ticks(stamped: Sequence[Event], rng: np.random.Generator) -> Iterable[Event]:
    for event in stamped:
        if rng.random() < TICK_CHANCE:
            yield events.Tick(captured_ns=event.received_ns, source="shuffle")
        yield event
