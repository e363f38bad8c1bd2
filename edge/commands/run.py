"""`muin run`: the daemon of a real shop, until it is told to stop."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge import config
from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.daemon import Daemon
    from edge.recorder import Recorder


def register(app: typer.Typer) -> None:
    """Add `run` to the table."""
    app.command()(run)


def run(
    file: Annotated[Path, typer.Option("--config", help="the store.toml of the shop")],
    state: Annotated[
        Path | None, typer.Option(help="where ledger and keys live; default: state/ beside store.toml")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="also write a recording to this new folder")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="change one setting")] = None,
) -> None:
    """Run the daemon of a real shop. SIGTERM or Ctrl-C stops it; open visits go on after the next start."""
    from edge import logs

    logs.set_up()
    found = config.load(file, config.parse_set(set_ or []))
    asyncio.run(_serve(found, file.read_text(encoding="utf-8"), state or file.parent / "state", record))


async def _serve(found: config.StoreConfig, text: str, state: Path, record: Path | None) -> None:
    told = listen()
    from edge import wiring
    from edge.clock import SystemClock
    from edge.daemon import Daemon

    daemon = Daemon(found, state)  # a ledger or a port in use is told before anything is written or runs
    saved = daemon.saved
    cloud = wiring.Cloud(daemon, state)
    page = wiring.LivePage(daemon, cloud, found.web.host, found.web.port)
    daemon.record(new_recorder(found, text, record))
    daemon.use_clock(SystemClock(saved.origin_wall_ns, saved.lived_ns + 1) if saved else SystemClock())
    await daemon.start()
    try:
        daemon.begin(saved.run_id if saved else new_run_id())
        wiring.plug_scales(daemon)
        wiring.plug_gates(daemon)
        wiring.plug_readers(daemon)
        for camera in wiring.cameras(daemon, state):
            daemon.plug(camera)
        wiring.plug_retention(daemon, state)
        await cloud.start()
        page.start()
        daemon.keep_time()
        print(f"muin: shop {found.store.id} runs, page at {page.page.url}", flush=True)
        await until_told(daemon, told)
    finally:
        try:
            await daemon.stop()
        finally:
            await cloud.stop()


def new_recorder(found: config.StoreConfig, text: str, folder: Path | None) -> Recorder | None:
    """A recorder for a new folder, or None. Raises BadInput, and leaves nothing, where it cannot be begun."""
    if folder is None:
        return None
    from edge.clock import rfc3339, wall_now_ns
    from edge.recorder import Recorder as Writer

    fresh = not folder.exists()
    try:
        return Writer(folder, store_id=found.store.id, config_text=text, started_at=rfc3339(wall_now_ns()))
    except OSError as error:
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        cure = "free space, or choose another place"
        raise BadInput(str(folder), f"cannot be written ({error.strerror}); {cure}") from None


def new_run_id() -> str:
    """Chance enters here and nowhere else: a live run's id is random, recorded as its first event."""
    import secrets

    return secrets.token_hex(6)


def listen() -> asyncio.Event:
    """Set when SIGTERM or SIGINT comes. First thing in a run: a signal during the start must end it cleanly too."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    return told


async def until_told(daemon: Daemon, told: asyncio.Event) -> None:
    """Wait for the signal. Raises what ended the daemon if it ends first."""
    from edge.supervisor import notify

    notify("READY=1")
    waiting = asyncio.create_task(told.wait())
    assert daemon.failed is not None
    ends: list[asyncio.Future[Any]] = [waiting, daemon.failed]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    notify("STOPPING=1")
    if daemon.failed.done():
        daemon.failed.result()
