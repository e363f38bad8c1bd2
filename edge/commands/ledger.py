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
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge.ledger import Ledger

Db = Annotated[Path, typer.Argument(metavar="DB", help="the ledger, e.g. state/ledger.db")]
KeyFile = Annotated[Path | None, typer.Option("--key-file", help="its key; default: ledger.key beside it")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]


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
    with _inspect(db, key_file) as ledger:
        problems = ledger.verify()
        counts = {} if problems else ledger.counts()
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
    """Print all sales. `--json` gives the EPCIS document."""
    with _inspect(db, key_file) as ledger:
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
    """Copy the ledger and check the copy. The key is not copied: keep it somewhere else."""
    from edge.ledger import load_key
    from edge.ledger.backup import backup as copy

    counts = copy(db, load_key(_key_file(db, key_file)), target)
    if as_json:
        print(json.dumps({"ok": True, "copy": str(target), "counts": counts}))
    else:
        print(f"{target}: checked copy of {db} with {counts['events']} events; keep its key apart from it")


def stats(db: Db, key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """How much is in the books and how far the hub has confirmed them."""
    with _inspect(db, key_file) as ledger:
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
    from edge.ledger.errors import WrongKey

    if not db.is_file():
        raise WrongKey(str(db), "there is no such file; give the path of a ledger, e.g. state/ledger.db")
    ledger = Ledger.inspect(db, load_key(_key_file(db, key_file)))
    try:
        yield ledger
    finally:
        ledger.close()


def _key_file(db: Path, key_file: Path | None) -> Path:
    return key_file if key_file is not None else db.with_name("ledger.key")
