"""`muin evaluate ...`: how well the senses do on labelled data, for installers and for us.

Must not: let truth reach a sense, or change a recording. Face, gate and product evaluations are modules of their own.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Annotated, Any

import typer

SHELF_LATE_S = 5.0
MORE = (
    "evaluate_faces",
    "evaluate_face_engines",
    "evaluate_liveness",
    "evaluate_gate",
    "evaluate_products",
)  # each has register(group)

group = typer.Typer(help="Measure the senses on labelled data.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="REC", help="a recording with truth.json")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="override one configuration key")]


def register(app: typer.Typer) -> None:
    """Add the group `evaluate` to the table, with what neighbours add to it."""
    for name in MORE:
        if importlib.util.find_spec(f"edge.commands.{name}") is not None:
            importlib.import_module(f"edge.commands.{name}").register(group)
    app.add_typer(group, name="evaluate")


@group.callback()
def about() -> None:
    """Measure the senses on labelled data."""


@group.command()
def shelf(
    rec: Folder,
    as_json: AsJson = False,
    sets: Set = None,
    late_s: Annotated[
        float, typer.Option("--late-s", min=0, help="how late a change may be told; 20 suits rendered clips")
    ] = SHELF_LATE_S,
) -> None:
    """Takes and put-backs that the shelf cameras saw, against those that happened."""
    from edge.commands.evaluate_shelf import evaluate_shelf
    from edge.config import parse_set

    show(*evaluate_shelf(rec, parse_set(sets or []), late_s), as_json)


@group.command()
def people(
    rec: Folder,
    as_json: AsJson = False,
    sets: Set = None,
    models: Annotated[
        Path | None, typer.Option("--models", envvar="MUIN_MODELS", help="folder with optional weights")
    ] = None,
) -> None:
    """People that the floor cameras saw, against those that were there."""
    from edge.commands.evaluate_faces import models_folder
    from edge.commands.evaluate_people import evaluate_people
    from edge.config import parse_set

    show(*evaluate_people(rec, {**models_folder(models), **parse_set(sets or [])}), as_json)


def show(document: dict[str, Any], words: list[str], as_json: bool) -> None:
    """Print the figures: one JSON document, or `words` and one figure a line."""
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return
    print(*words, sep="\n")
    for name, value in document.items():
        if isinstance(value, list):
            print(f"{name}:", *(json.dumps(row, ensure_ascii=False) for row in value), sep="\n  ")
        else:
            print(f"{name:14} {'-' if value is None else value}")
