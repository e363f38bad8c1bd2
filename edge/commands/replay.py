"""`muin replay`: runs a recording at full speed and prints the receipts, or compares with what was recorded."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.config import StoreConfig
    from edge.recording import Recording


class Start(StrEnum):
    """Where a replay begins."""

    SENSORS = "sensors"
    EVENTS = "events"


def register(app: typer.Typer) -> None:
    """Add `replay` to the table."""
    app.command()(replay)


def replay(
    recording: Annotated[Path, typer.Argument(metavar="REC", help="folder of a recording")],
    start: Annotated[
        Start | None, typer.Option("--from", help="raw streams or recorded events; default: raw where they exist")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="change one setting")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="a store.toml in place of the recorded one")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="replay from events, compare with the commands recorded; exit 1 = differ")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Run a recording through the shop again and print the receipts."""
    from edge.commands import playback
    from edge.config import parse_set
    from edge.core.receipts import receipts
    from edge.receipt_diff import as_lines

    if verify and start is Start.SENSORS:
        raise BadInput("--from sensors", "--verify compares what the recorded events give; leave --from out")
    overrides = parse_set(set_ or [])
    opened = playback.open_recording(recording)
    store = playback.config_of(opened, config, overrides)
    if verify:
        sys.exit(_verify(opened, store, as_json))
    document = receipts(playback.play(opened, store, start.value if start else None), opened.start_ns)
    if as_json:
        print(json.dumps(playback.with_notices(document, opened), ensure_ascii=False))
        return
    print("\n".join(as_lines(document)) or "nobody came in")


def _verify(opened: Recording, store: StoreConfig, as_json: bool) -> int:
    from edge.config import to_layout
    from edge.receipt_diff import diff
    from edge.replay import verify

    equal, replayed = verify(opened, to_layout(store))
    changes = [] if equal else diff(list(opened.commands()), replayed, opened.start_ns)
    if as_json:
        print(json.dumps({"equal": equal, "commands": opened.counts["commands"], "diff": changes}, ensure_ascii=False))
    elif equal:
        print(f"equal: {opened.counts['events']} events give the {opened.counts['commands']} commands recorded")
    else:
        print("\n".join(changes))
    return 0 if equal else 1
