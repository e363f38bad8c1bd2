"""A small shop for replay tests: two plates, a raw take, and a live run of it that is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from edge import config
from edge.core import events
from edge.core.commands import Command
from edge.core.events import Event, Person, RunStarted, TracksSeen
from edge.core.signals import PlateSamples, Signal
from edge.core.store import Store
from edge.recorder import Recorder

MS = 1_000_000
SECOND = 1_000_000_000
CONFIG = """
[store]
id = "s1"
currency = "KRW"
[[product]]
sku = "tea"
name = "Tea"
price_minor = 900
weight_mg = 350000
[[product]]
sku = "water"
name = "Water"
price_minor = 500
weight_mg = 620000
[[plate]]
id = "p1"
index = 0
skus = ["tea"]
position_mm = [1000, 0, 1000]
[[plate]]
id = "p2"
index = 8
skus = ["water"]
position_mm = [3000, 0, 1000]
"""
TAKES_S = 8.0
LEAVES_S = 16.0
ENDS_S = 26.0


def parsed() -> config.StoreConfig:
    """The checked configuration."""
    return config.parse(CONFIG)


def tracks() -> list[Event]:
    """One person before plate p1 until LEAVES_S, then empty frames; ten frames a second."""
    found: list[Event] = [RunStarted(captured_ns=0, source="test", run_id="r1")]
    for number in range(round(ENDS_S * 10)):
        at_ns = number * SECOND // 10
        hand = (1000, 50, 1000) if abs(at_ns / SECOND - TAKES_S) < 1 else (1000, 900, 1200)
        person = Person(track="7", place_mm=(1000, 600), head_mm=(1000, 600, 1700), hands_mm=(hand,))
        people = (person,) if at_ns < LEAVES_S * SECOND else ()
        found.append(TracksSeen(captured_ns=at_ns, source="tracker", people=people))
    return found


def samples() -> list[Signal]:
    """Both plates at 60 Hz; a tea leaves p1 at TAKES_S."""
    noise = np.random.default_rng(7)
    found: list[Signal] = []
    for block in range(round(ENDS_S * 5)):
        at_s = block / 5 + np.arange(12) / 60
        grams = np.stack([np.where(at_s < TAKES_S, 3500.0, 3150.0), np.full(12, 6200.0)], axis=1)
        grams += noise.normal(0, 0.8, grams.shape)
        found.append(
            PlateSamples(
                captured_ns=block * SECOND // 5,
                source="g1",
                rate_hz=60.0,
                plates=("p1", "p2"),
                grams=grams.astype("<f4").tobytes(),
            )
        )
    return found


def record(folder: Path, items: Iterable[Event | Signal | Command], config_text: str = CONFIG) -> Path:
    """Write items as they are and seal."""
    recorder = Recorder(folder, store_id="s1", config_text=config_text, started_at="2026-01-02T03:04:05.000Z")
    for item in items:
        recorder.write(item)
    recorder.close()
    return folder


def in_time_order(*streams: Iterable[Event | Signal]) -> list[Event | Signal]:
    """Streams merged by captured time."""
    return sorted((item for stream in streams for item in stream), key=lambda item: item.captured_ns)


def live(arrivals: Iterable[tuple[int, Event]], until_ns: int, finish: bool = True) -> list[Event | Command]:
    """What a daemon's inbox records: each event stamped before it is handled, ticks when the core asked for them."""
    store = Store(config.to_layout(parsed()))
    written: list[Event | Command] = []
    for number, (received_ns, event) in enumerate(arrivals, 1):
        written += _ticks(store, received_ns)
        stamped = msgspec.structs.replace(event, seq=number, received_ns=received_ns)
        written += [stamped, *store.handle(stamped)]
    written += _ticks(store, until_ns)
    return [*written, *(store.finish() if finish else ())]


def _ticks(store: Store, until_ns: int) -> list[Command]:
    found: list[Command] = []
    while (wake_ns := store.wake_at_ns) is not None and wake_ns <= until_ns:
        found += store.handle(events.Tick(captured_ns=wake_ns, source="test"))
    return found
