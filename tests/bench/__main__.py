"""`make bench`: speed as ratios against a named peer or limit, measured in one run. `python -m tests.bench`.

Prints one table row per figure. Nothing is asserted here: figures on shared machines are noisy. Each is the median of
paired runs; the peer is run between ours, so that a slow minute slows both.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.clock import cpu_now_ns
from tests.conftest import ROOT

DEMO = ROOT / "edge" / "demo_shop"
PAIRS = 5


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one call."""
    began = cpu_now_ns()
    work()
    return (cpu_now_ns() - began) / 1e9


def paired(ours: Callable[[], object], peer: Callable[[], object]) -> tuple[float, float, float]:
    """Medians of ours and of the peer, and the median of the ratios pair by pair."""
    rows = [(seconds(ours), seconds(peer)) for _ in range(PAIRS)]
    return (
        statistics.median(row[0] for row in rows),
        statistics.median(row[1] for row in rows),
        statistics.median(row[0] / row[1] for row in rows),
    )


def row(name: str, figure: str, meaning: str) -> None:
    """One line of the table."""
    print(f"| {name} | {figure} | {meaning} |", flush=True)


def replay_rows() -> None:
    """The core from events, and the step filter, as multiples of real time."""
    from devices.shelf_scale.steps import StepFilter
    from edge import config
    from edge.core.signals import PlateSamples
    from edge.recording import Recording
    from edge.replay import run_events

    day = Recording.open(DEMO)
    found = config.load(DEMO / "store.toml")
    layout = config.to_layout(found)
    length_s = (day.end_ns - day.start_ns) / 1e9
    events = list(day.events())
    took = statistics.median(seconds(lambda: run_events(layout, events)) for _ in range(PAIRS))
    row("core, from events", f"{length_s / took:,.0f} x real time", "demo day, tracker frames and tags; limit 50 x")
    blocks = [item for item in day.signals() if isinstance(item, PlateSamples)]

    def filter_all() -> None:
        senses = {name: StepFilter.from_config(found.scales, found.plate) for name in {b.source for b in blocks}}
        for block in blocks:
            senses[block.source].feed(block)

    took = statistics.median(seconds(filter_all) for _ in range(PAIRS))
    row("step filter", f"{length_s / took:,.0f} x real time", "48 plates at 60 Hz on one core")


def vision_rows() -> None:
    """Slot watch beside bare decoding of the same clip."""
    from edge import config
    from edge.core.signals import VideoFrame
    from edge.recorded_video import Pictures
    from edge.recording import Recording
    from vision.slots import SlotWatch

    day = Recording.open(DEMO)
    found = config.load(DEMO / "store.toml")
    frames = [item for item in day.signals() if isinstance(item, VideoFrame) and item.camera == "cam-g1"]

    def pictures() -> Iterator[tuple[VideoFrame, object]]:
        clip = Pictures(day.videos()["cam-g1"])
        for frame in frames:
            yield frame, clip.at(frame.pts)
        clip.close()

    def watch() -> None:
        sense = SlotWatch.from_config(found, "cam-g1")
        for frame, picture in pictures():
            sense.see(picture, frame.captured_ns)

    ours, bare, ratio = paired(watch, lambda: [None for _ in pictures()])
    count = len(frames)
    row(
        "slot watch",
        f"{1000 * ours / count:.2f} ms/frame",
        f"{ratio:.1f} x bare decode ({1000 * bare / count:.2f} ms), 24 slots",
    )


def ledger_rows() -> None:
    """A durable decision beside the same number of bare durable inserts by the same driver."""
    import sqlcipher3.dbapi2 as sqlcipher

    from edge.core.commands import OpenVisit
    from edge.ledger.ledger import Ledger

    count = 300
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(Path(folder) / "a.db", b"k" * 32, device="bench", currency="KRW")
        ledger.begin(run_id="r", origin_wall_ns=0)
        bare = sqlcipher.connect(str(Path(folder) / "b.db"), isolation_level=None)
        bare.execute(f"PRAGMA key = \"x'{'6b' * 32}'\"")
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        bare.execute("CREATE TABLE t(id TEXT PRIMARY KEY, body TEXT)")
        number = iter(range(10**9))

        def ours() -> None:
            for _ in range(count):
                k = next(number)
                order = OpenVisit(issued_ns=k, visit=f"v-{k}", shopper="p", method="qr")
                ledger.commit([order], state=b"{}" * 1000, seq=k, mono_ns=k, wall_ns=k)

        def peer() -> None:
            for _ in range(count):
                bare.execute("INSERT INTO t VALUES(?,?)", [str(next(number)), "{}" * 1000])

        mine, plain, ratio = paired(ours, peer)
        ledger.close()
        bare.close()
    row(
        "ledger decision",
        f"{1e6 * mine / count:.0f} us CPU",
        f"{ratio:.1f} x a bare durable insert ({1e6 * plain / count:.0f} us)",
    )


def model_rows() -> None:
    """Networks opened by name, beside bare onnxruntime; the weights are not part of the repository."""
    from tests.bench import models

    if models.FOLDER.is_dir():
        models.rows(row, paired)
    else:
        print("(no networks: ../shared/models is not on this machine)", file=sys.stderr)


def main() -> None:
    """All rows."""
    print("| what | figure | beside |\n|---|---|---|")
    for part in (replay_rows, vision_rows, ledger_rows, model_rows):
        part()
    print("(CPU seconds, medians of 5 paired runs)", file=sys.stderr)


if __name__ == "__main__":
    main()
