"""`muin evaluate gate`: what a gate camera would have made of a clip.

Must not: do the work itself, that is edge.evaluate_gate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.commands.evaluate_faces import (
    AsJson,
    Config,
    Engine,
    Enrol,
    Models,
    Set,
    open_for,
    open_liveness_for,
    shop_of,
    warn,
)


def register(group: typer.Typer) -> None:
    """Add the sub-command to the group `evaluate`."""
    group.command()(gate)


def gate(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help="a video of a gate camera")],
    enrol: Enrol,
    config: Config = None,
    engine: Engine = None,
    models: Models = None,
    as_json: AsJson = False,
    sets: Set = None,
) -> None:
    """Whom the gate camera names in a clip, and how many faces stay unknown."""
    from edge.clock import cpu_now_ns
    from edge.commands.evaluate import show
    from edge.evaluate_faces import Bench
    from edge.evaluate_gate import watch_clip
    from edge.labelled_faces import read
    from vision.enrolment import check_clip, clip_pictures

    check_clip(clip)
    enrolled = read(enrol, strangers=False)
    shop = shop_of(config, engine, models, sets)
    with_engine = open_for(shop)
    alive = open_liveness_for(shop)
    bench = Bench(with_engine, cpu_now_ns, warn)
    document = watch_clip(clip_pictures(clip), with_engine, bench.enrol(enrolled), shop.faces, cpu_now_ns, alive)
    document |= {"engine": with_engine.name, "unreadable": bench.unusable}
    with_engine.close()
    show(document, [with_engine.describe()], as_json)
