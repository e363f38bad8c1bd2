"""`python -m tests.bench.vision.rendered --folder DIR`: takes and put-backs in rendered clips, beside a baseline.

Renders what is not in the folder yet. Must not: change a threshold; it only prints what the shipped ones reach.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge import truth as truths
from edge.commands import playback
from edge.commands.evaluate_shelf import Pair, pairs, percentile, sku_top1
from edge.commands.watched import watch
from edge.config import StoreConfig
from edge.core.events import ShelfChanged
from edge.core.ports import PictureSense
from tests.bench.vision.mog2 import Mog2Watch
from tests.bench.vision.rendered_cases import FINAL, FRESH, HELD, LATER, TUNING, numbered, rendered
from tests.bench.vision.rendered_catalogue import catalogue
from tests.bench.vision.rendered_visible import Changes, seen_pixels
from vision.slots import SlotWatch

LATE_S = 20.0
Make = Callable[[StoreConfig, str], PictureSense]
METHODS: dict[str, Make] = {"muin": SlotWatch.from_config, "MOG2 per slot, 1 s": Mog2Watch}


@dataclass
class Tally:
    """Sums over clips."""

    known: int = 0
    told: int = 0
    found: list[Pair] = field(default_factory=list)
    right_sku: float = 0.0
    cpu_ns: int = 0
    pictures: int = 0
    by_kind: dict[str, list[int]] = field(default_factory=dict)
    visible: list[bool] = field(default_factory=list)  # for each event that a camera could see: was it told?

    def line(self) -> str:
        """One row of the table."""
        delays = [delay for _, _, delay in self.found]
        precision = len(self.found) / self.told if self.told else 1.0
        recall = len(self.found) / self.known if self.known else 1.0
        top1 = self.right_sku / len(self.found) if self.found else 0.0
        kinds = "; ".join(
            f"{kind} P {found}/{told} R {found}/{known}" for kind, (known, told, found) in sorted(self.by_kind.items())
        )
        return (
            f"{self.known} events | P {precision:.3f} ({len(self.found)}/{self.told}) | "
            f"R {recall:.3f} ({len(self.found)}/{self.known}), visible ones {sum(self.visible)}/{len(self.visible)} | "
            f"{kinds} | SKU top-1 {top1:.3f} | "
            f"delay p50 {percentile(delays, 0.5)} p90 {percentile(delays, 0.9)} s | "
            f"{self.cpu_ns / max(1, self.pictures) / 1e6:.1f} ms CPU a frame"
        )


def judge(folder: Path, make: Make, tally: Tally, seen_px: Changes, products: Path | None = None) -> str:
    """Add one recording, with a catalogue where there is one; returns what went wrong in it, in words."""
    truth = truths.load(folder)
    recording = playback.open_recording(folder)
    config = playback.config_of(recording, None, {} if products is None else {"products.folder": str(products)})
    cameras = [row.id for row in config.camera if row.role == "shelf"]
    seen = watch(recording, {name: make(config, name) for name in cameras})
    told = [event for event in seen.events if isinstance(event, ShelfChanged)]
    timed = [(event, (event.captured_ns - recording.start_ns) / 1e9) for event in told]
    found = pairs(truth.events, timed, LATE_S)
    top1 = sku_top1(found, {slot.id: slot.sku for slot in config.slot})
    tally.known += len(truth.events)
    tally.told += len(told)
    tally.found += found
    told_of = {id(change) for change, _, _ in found}
    visible = [row for row in truth.events if seen_px[row.t_s, row.kind, row.slot or ""]]
    tally.visible += [id(row) in told_of for row in visible]
    tally.right_sku += (top1 or 0.0) * len(found)
    tally.cpu_ns += seen.cpu_ns
    tally.pictures += seen.pictures
    for kind in ("take", "put"):
        row = tally.by_kind.setdefault(kind, [0, 0, 0])
        row[0] += sum(change.kind == kind for change in truth.events)
        row[1] += sum(event.change == kind for event in told)
        row[2] += sum(change.kind == kind for change, _, _ in found)
    return _wrong(truth.events, timed, found, {slot.id: slot.sku for slot in config.slot})


def _wrong(
    known: Sequence[truths.Change],
    timed: Sequence[tuple[ShelfChanged, float]],
    found: Sequence[Pair],
    planogram: Mapping[str, str],
) -> str:
    matched, hits = {id(change) for change, _, _ in found}, {id(event) for _, event, _ in found}
    missed = [f"missed {row.kind} {row.slot} at {row.t_s:.1f}" for row in known if id(row) not in matched]
    extra = [f"false {row.change} {row.slot} at {at_s:.1f}" for row, at_s in timed if id(row) not in hits]
    named = [(row, event.sku or planogram.get(event.slot)) for row, event, _ in found]
    misnamed = [f"{row.kind} {row.slot}: {sku} for {row.sku}" for row, sku in named if sku != row.sku]
    return "; ".join([*missed, *extra, *misnamed])


def main() -> None:
    """Entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the clips are kept, outside the repository")
    parser.add_argument("--set", choices=(TUNING, FINAL, FRESH, HELD, LATER), default=FINAL, dest="which")
    parser.add_argument("--only", choices=sorted(METHODS), help="leave out the other method")
    parser.add_argument("--unnamed", action="store_true", help="without a catalogue: all is what the planogram says")
    parser.add_argument("--json", type=Path, help="write the rows there too")
    options = parser.parse_args()
    tallies = {name: Tally() for name in METHODS if options.only in (None, name)}
    clips = 0
    for (case, _, seed), (planogram, folder) in zip(
        numbered(options.which), rendered(options.which, options.folder), strict=True
    ):
        clips += 1
        seen_px = seen_pixels(case, planogram, seed)
        for name, tally in tallies.items():
            products = None if options.unnamed or name != "muin" else catalogue(options.folder, planogram)
            wrong = judge(folder, METHODS[name], tally, seen_px, products)
            if wrong and name == "muin":
                print(f"{folder.name}: {wrong}", flush=True)
    for name, tally in tallies.items():
        print(f"{name} | {clips} clips | {tally.line()}")
    if options.json:
        rows = {name: tally.line() for name, tally in tallies.items()}
        options.json.write_text(json.dumps({"set": options.which, "clips": clips, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
