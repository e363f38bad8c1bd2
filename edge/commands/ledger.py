"""`muin ledger verify|export|backup|stats DB`: look at the books, also while the daemon writes them.

Must not: write to a ledger. Heavy imports happen inside the commands.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.ledger import Ledger

Db = Annotated[Path, typer.Argument(metavar="DB", help="the ledger, e.g. state/ledger.db")]
KeyFile = Annotated[Path | None, typer.Option("--key-file", help="its key; default: ledger.key beside it")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]
MOST_TOLD: Final = 3


class Form(StrEnum):
    """What `export` writes."""

    csv = "csv"
    epcis = "epcis"


def register(app: typer.Typer) -> None:
    """Add `ledger` with its sub-commands to the table."""
    group = typer.Typer(help="Check, export and copy the books.", no_args_is_help=True)
    group.command()(verify)
    group.command()(export)
    group.command()(backup)
    group.command()(stats)
    app.add_typer(group, name="ledger")


def verify(db: Db, key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """Check every invariant. Exit 1 and the list when something is wrong, 2 for a wrong key or another file."""
    from edge.ledger.errors import LedgerDamaged

    try:
        with _inspect(db, key_file) as ledger:
            problems = ledger.verify()
            counts = {} if problems else ledger.counts()
    except LedgerDamaged as error:
        problems, counts = [_what(error)], {}
    if as_json:
        print(json.dumps({"ok": not problems, "problems": problems, "counts": counts}))
    elif problems:
        print("\n".join(problems))
    else:
        print(f"{db}: clean, {counts['events']} events, {counts['closed_visits']} closed visits")
    sys.exit(1 if problems else 0)


def export(
    db: Db,
    form: Annotated[Form, typer.Option("--format", help="csv, or EPCIS 2.0 JSON-LD")] = Form.csv,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Print all sales. `--json` gives the EPCIS document. Exit 1 and no figure where `verify` finds damage."""
    with _sound(db, key_file, as_json) as ledger:
        if form is Form.csv and not as_json:
            print(ledger.export_csv(), end="")
        else:
            print(json.dumps(ledger.export_epcis(), indent=None if as_json else 2))


def backup(
    db: Db,
    target: Annotated[Path, typer.Argument(metavar="COPY", help="the new file; it must not exist")],
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Copy the ledger and check the copy. The key is not copied: keep it somewhere else. Exit 1 for damaged books."""
    from edge.ledger import load_key
    from edge.ledger.backup import backup as copy
    from edge.ledger.errors import LedgerDamaged

    _there(db)
    try:
        counts = copy(db, load_key(_key_file(db, key_file)), target)
    except LedgerDamaged as error:
        _refuse(db, [_what(error)], as_json)
    if as_json:
        print(json.dumps({"ok": True, "copy": str(target), "counts": counts}))
    else:
        print(f"{target}: checked copy of {db} with {counts['events']} events; keep its key apart from it")


def stats(db: Db, key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """How much is in the books and how far the hub has confirmed them. Exit 1 where `verify` finds damage."""
    with _sound(db, key_file, as_json) as ledger:
        seq, head = ledger.head()
        found: dict[str, Any] = {"device": ledger.device, "currency": ledger.currency, "epoch": ledger.epoch}
        found |= {"head": seq, "hash": head.hex(), "command_cursor": ledger.command_cursor()} | ledger.counts()
    if as_json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:18} {value}" for name, value in found.items()))


@contextmanager
def _inspect(db: Path, key_file: Path | None) -> Iterator[Ledger]:
    from edge.ledger import Ledger, load_key

    _there(db)
    ledger = Ledger.inspect(db, load_key(_key_file(db, key_file)))
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def _sound(db: Path, key_file: Path | None, as_json: bool) -> Iterator[Ledger]:
    """As `_inspect`, for figures that somebody will rely on: damaged books give none, and the exit code 1."""
    from edge.ledger.errors import LedgerDamaged

    try:
        with _inspect(db, key_file) as ledger:
            problems = ledger.verify()
            if problems:
                _refuse(db, problems, as_json)
            yield ledger
    except LedgerDamaged as error:
        _refuse(db, [_what(error)], as_json)


def _what(error: BadInput) -> str:
    """What is wrong without its cure."""
    return f"pages: {error.text.partition('; ')[0]}"


def _refuse(db: Path, problems: list[str], as_json: bool) -> NoReturn:
    if as_json:
        print(json.dumps({"ok": False, "problems": problems}))
    more = f" and {len(problems) - MOST_TOLD} more" if len(problems) > MOST_TOLD else ""
    cure = f"keep it and its -wal, `muin ledger verify {db}` lists all; then restore the last backup"
    print(f"muin: {db}: is damaged: {'; '.join(problems[:MOST_TOLD])}{more}; {cure}", file=sys.stderr)
    sys.exit(1)


def _there(db: Path) -> None:
    if not db.is_file():
        what = "is a folder" if db.is_dir() else "there is no such file"
        raise BadInput(str(db), f"{what}; give the path of a ledger, e.g. state/ledger.db")


def _key_file(db: Path, key_file: Path | None) -> Path:
    return key_file if key_file is not None else db.with_name("ledger.key")
