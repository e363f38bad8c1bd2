"""Figures of `muin evaluate shelf`: changes told by the shelf cameras against truth.json.

Must not: let truth reach the sense. A match is one to one in time order: same slot, same kind, in the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from edge import truth as truths
from edge.commands import playback
from edge.commands.watched import watch
from edge.core.errors import BadInput
from edge.core.events import ShelfChanged, ShelfReached

Pair: TypeAlias = tuple[truths.Change, ShelfChanged, float]  # what happened, what was told, how late in s
EARLY_S = 0.3  # hand-made truth is that exact


def evaluate_shelf(folder: Path, overrides: dict[str, Any], late_s: float) -> tuple[dict[str, Any], list[str]]:
    """The document, and what was told in words. Raises BadInput where there is no shelf video or no truth."""
    truth = truths.load(folder)
    recording = playback.open_recording(folder)
    config = playback.config_of(recording, None, overrides)
    playback.tell_gaps(recording, config)
    shelves = {row.id for row in config.camera if row.role == "shelf"}
    senses = {name: sense for name, sense in playback.picture_senses(recording, config).items() if name in shelves}
    if not senses:
        raise BadInput(str(folder), "has no video of a shelf camera with slots; add [[camera]] and [[slot]] tables")
    found = watch(recording, senses)
    zero_ns = recording.start_ns
    told = [event for event in found.events if isinstance(event, ShelfChanged)]
    found_pairs = pairs(truth.events, [(event, (event.captured_ns - zero_ns) / 1e9) for event in told], late_s)
    delays = [delay_s for _, _, delay_s in found_pairs]
    document = {
        "events": len(truth.events),
        "precision": round(len(delays) / len(told), 4) if told else 1.0,
        "recall": round(len(delays) / len(truth.events), 4) if truth.events else 1.0,
        "delay_s_p50": percentile(delays, 0.5),
        "delay_s_p90": percentile(delays, 0.9),
        "sku_top1": sku_top1(found_pairs, {slot.id: slot.sku for slot in config.slot}),
        "ms_per_frame": found.ms_per_frame(),
        "reaches": [
            {
                "slot": event.slot,
                "t_s": _seconds(event.began_ns, zero_ns),
                "until_s": _seconds(event.ended_ns, zero_ns),
                "by": event.by,
                "track": event.track,
            }
            for event in found.events
            if isinstance(event, ShelfReached)
        ],
    }
    return document, [_words(event, zero_ns) for event in told]


def pairs(known: Sequence[truths.Change], told: Sequence[tuple[ShelfChanged, float]], late_s: float) -> list[Pair]:
    """Truth events that were told, -0.3 s to `late_s` after they happened. One to one, in time order."""
    left = sorted(told, key=lambda pair: pair[1])
    found: list[Pair] = []
    for change in sorted(known, key=lambda item: item.t_s):
        for pair in left:
            event, at_s = pair
            same = event.change == change.kind and change.slot in (None, event.slot)
            if same and -EARLY_S <= at_s - change.t_s <= late_s:
                found.append((change, event, at_s - change.t_s))
                left.remove(pair)
                break
    return found


def sku_top1(found: Sequence[Pair], planogram: Mapping[str, str]) -> float | None:
    """Share of the told events whose product is right; a camera that names none means that of the slot."""
    named = [(change.sku, event.sku or planogram.get(event.slot)) for change, event, _ in found if change.sku]
    return round(sum(one == other for one, other in named) / len(named), 4) if named else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` of the values lie (nearest rank); None for none."""
    if not values:
        return None
    rank = min(len(values) - 1, max(0, -(-share * len(values) // 1) - 1))
    return round(sorted(values)[int(rank)], 3)


def _words(event: ShelfChanged, zero_ns: int) -> str:
    at_s, sure = _seconds(event.captured_ns, zero_ns), event.confidence_ppm / 1_000_000
    return f"{at_s:8.2f} s  {event.change} {event.quantity} at {event.slot} (confidence {sure:.3f})"


def _seconds(at_ns: int, zero_ns: int) -> float:
    return round((at_ns - zero_ns) / 1e9, 3)
