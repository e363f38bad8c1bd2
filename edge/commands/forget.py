"""`muin forget`: a shopper's face and codes are erased, and every file that the search reaches proves it.

Must not: say that something is erased which a file still holds, or pass over a file that it could not read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.commands.people import AsJson, Config, State, show
from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.config import StoreConfig
    from vision.gallery import Erased

Scan = Annotated[
    list[Path] | None, typer.Option("--scan", help="also look for remains in this file or folder; may be repeated")
]


def register(app: typer.Typer) -> None:
    """Add `forget` to the table."""
    app.command()(forget)


def forget(
    config: Config,
    shopper: Annotated[list[str], typer.Option("--shopper", help="the shopper's id; may be repeated")],
    scan: Scan = None,
    whole_box: Annotated[bool, typer.Option("--whole-box", help="look for remains in every file of this box")] = False,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Erase shoppers' faces and codes and prove it. Exit 1: nothing was there, or something is left.

    Searched are the state folder, the places of faces.search in store.toml, and --scan.
    """
    from edge.clock import wall_now_ns
    from edge.config import load
    from vision import gallery

    found = load(config)
    for name in shopper:
        gallery.check_shopper(name)
    places = [*(scan or []), *([Path("/")] if whole_box else [])]
    check_places(places)
    folder = state or config.parent / "state"
    if not folder.is_dir():
        raise BadInput(str(folder), "is no state folder; nobody was enrolled there")
    store = gallery.Gallery(folder)
    done = store.forget_all(shopper, [*places, *search_places(found, config)], ledger_openers(found, folder))
    expired = store.expire(gallery.day_of(wall_now_ns()))
    rows = [row(one) for one in done]
    document = rows[0] if len(rows) == 1 else {"shoppers": rows}
    show(document | {"expired": [one.shopper for one in expired]}, as_json)
    for one in done:
        if not one.clean or not (one.faces or one.codes):
            print(f"muin: {one.shopper}: {_why_not(one)}", file=sys.stderr)
    if any(not one.clean or not (one.faces or one.codes) for one in done):
        sys.exit(1)


def check_places(places: list[Path]) -> None:
    """Raises BadInput for a place that cannot be searched."""
    for place in places:
        if not place.is_file() and not place.is_dir():
            what = "is neither a file nor a folder" if place.exists() else "is not there to be searched"
            raise BadInput(str(place), f"{what}; correct --scan")


def search_places(found: StoreConfig, config: Path) -> list[Path]:
    """The places of faces.search that are there, relative ones from the folder of store.toml."""
    places = [config.parent / place for place in found.faces.search]
    return [place for place in places if place.exists()]


def ledger_openers(found: StoreConfig, state: Path) -> list[Any]:
    """What reads the pages of the encrypted ledger and of its backups; nothing where there is no key."""
    from edge.ledger.keys import load_key
    from edge.ledger.raw_pages import opener

    key_file = state / found.ledger.key_file
    return [opener(load_key(key_file))] if key_file.exists() else []


def row(one: Erased) -> dict[str, Any]:
    """One erasure as it is printed and kept."""
    return {
        "shopper": one.shopper,
        "erased": bool(one.faces or one.codes) and one.clean,
        "faces": one.faces,
        "codes": one.codes,
        "scanned_files": one.scanned_files,
        "pictures": one.pictures,
        "left": one.left,
        "sealed_copies": one.sealed_copies,
        "unread": one.unread,
    }


def _why_not(one: Erased) -> str:
    if one.left:
        return f"remains are left in {', '.join(one.left)}; destroy these files"
    if one.unread:
        return f"could not search {', '.join(one.unread)}; make them readable and run again"
    return "nothing was kept of this shopper"
