"""`muin demo`: the bundled shop on embedded parts. Nothing to install, nothing to configure."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edge.config import StoreConfig


def register(app: typer.Typer) -> None:
    """Add `demo` to the table."""
    app.command()(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="play one day at full speed, print the receipts, end")] = False,
    record: Annotated[Path | None, typer.Option(help="also write a recording to this new folder")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="port of the page on 127.0.0.1; 0 = any free one")] = 8080,
    state: Annotated[Path | None, typer.Option(help="where ledger and keys of the demo live")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="change one setting")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout (with --once)")] = False,
) -> None:
    """Run the bundled shop: real pipeline, simulated devices, embedded broker and hub, page on 127.0.0.1:8080."""
    from edge.commands import demo_live, demo_parts

    found = demo_parts.shop_config(set_ or [])
    if once:
        _once(found, record, as_json)
        return
    from edge import logs

    logs.set_up()
    folder = state or _home()
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(demo_live.serve(found, folder, record, port))


def _once(found: StoreConfig, record: Path | None, as_json: bool) -> None:
    from edge.commands import demo_once
    from edge.commands.imports import whole_or_nothing

    with ExitStack() as folders:
        fresh = None if record is None else folders.enter_context(whole_or_nothing(record))
        state = folders.enter_context(tempfile.TemporaryDirectory(prefix="muin-demo-"))
        document = asyncio.run(demo_once.play(found, Path(state), fresh))
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return
    for visit in document["visits"]:
        lines = ", ".join(f"{line['quantity']} x {line['sku']} ({line['status']})" for line in visit["lines"])
        print(f"{visit['shopper']}: {visit['outcome']} {visit['total_minor']} {found.store.currency}: {lines or '-'}")
    for alarm in document["alarms"]:
        print(f"alarm {alarm['kind']} at {alarm['t_s']} s: {alarm['detail']}")


def _home() -> Path:
    """The XDG place for state (https://specifications.freedesktop.org/basedir-spec/)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "muin" / "demo"
