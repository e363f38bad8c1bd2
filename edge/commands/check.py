"""`muin check`: all problems of a store.toml at once, or the JSON schema of the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from edge import config
from edge.core.errors import BadInput


def register(app: typer.Typer) -> None:
    """Add `check` to the table."""
    app.command()(check)


def check(
    file: Annotated[Path | None, typer.Argument(help="the store.toml to check")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="print the JSON schema of the file")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Check a store.toml: every problem with its place and cure. Exit 2 when there is one."""
    if schema:
        print(json.dumps(config.StoreConfig.model_json_schema(), indent=2))
        return
    if file is None:
        raise BadInput("FILE", "give the path of a store.toml, or --schema")
    from vision.models.places import own_problems

    try:
        found = config.load(file)
        unknown = [*own_problems(found.models), *_broker_problems(found)]
        if unknown:
            raise config.ConfigError(str(file), unknown)
    except config.ConfigError as error:
        if as_json:
            print(json.dumps({"ok": False, "problems": [{"place": p, "text": t} for p, t in error.problems]}))
        raise
    if as_json:
        print(json.dumps({"ok": True, "problems": [], "store_id": found.store.id}))
    else:
        print(
            f"{file}: ok, shop {found.store.id}: {len(found.product)} products, {len(found.camera)} cameras, "
            f"{len(found.slot)} slots, {len(found.plate)} plates"
        )


def _broker_problems(found: config.StoreConfig) -> list[tuple[str, str]]:
    """The link's own reading of cloud.broker."""
    from cloud_sync.address import parse_addresses

    try:
        if found.cloud.broker is not None:
            parse_addresses(found.cloud.broker)
    except BadInput as error:
        return [("cloud.broker", error.text)]
    return []
