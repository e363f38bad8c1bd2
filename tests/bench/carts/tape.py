"""What one simulated visit gives the benchmark: the shop, everything its sensors said, and what really happened.

Must not: play anything. A tape is cut or worsened (degrade.py) and then played (play.py) or read by the peer.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import msgspec

from edge import config, truth
from edge.config import StoreConfig
from edge.core.events import Event
from edge.core.signals import PlateSamples
from edge.simulation.play import Simulated
from edge.truth import Truth

Reading: TypeAlias = Event | PlateSamples
Timed: TypeAlias = tuple[int, Reading]


class Tape(NamedTuple):
    """`start_ns` is the zero of the truth's times; `lost_share` of what sensors report never arrives."""

    config: StoreConfig
    readings: list[Timed]
    truth: Truth
    start_ns: int
    end_ns: int
    lost_share: float = 0.0
    seed: int = 0


def tape_of(simulated: Simulated, seed: int, overrides: dict[str, Any] | None = None) -> Tape:
    """A tape of a simulated visit. Raises ConfigError or BadInput where shop or truth are not in our form."""
    readings: list[Timed] = list(simulated.readings)
    captured = [reading.captured_ns for _, reading in readings]
    return Tape(
        config=config.parse(simulated.config_text, "simulated store.toml", overrides),
        readings=readings,
        truth=truth.parse(msgspec.json.encode(simulated.truth), "simulated truth"),
        start_ns=min(captured),
        end_ns=max(max(captured), max(due for due, _ in readings)),
        seed=seed,
    )
