"""`muin models list|pull|verify`: which networks muin knows, and which of them are on this box, whole and unchanged.

Must not: change store.toml, or fetch anything by itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.config import Models
    from vision.models.manifest import Model, ModelFile

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="models; `muin models list` names all")]
Config = Annotated[Path | None, typer.Option("--config", help="the store.toml whose [models] counts")]
Folder = Annotated[
    Path | None, typer.Option("--models", envvar="MUIN_MODELS", help="models folder, instead of the configured one")
]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]

group = typer.Typer(help="The networks: list, pull, verify.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `models` to the table."""
    app.add_typer(group, name="models")


@group.command("list")
def list_(config: Config = None, models: Folder = None, as_json: AsJson = False) -> None:
    """Every network that muin knows: what it is for, its licence, its source, and whether it is on this box."""
    from vision.models import all_models
    from vision.models.network import available_providers

    settings = _settings(config, models)
    rows = [_row(model, settings) for model in all_models().values()]
    if as_json:
        print(json.dumps({"folder": settings.folder, "providers": available_providers(), "models": rows}))
        return
    print(f"models folder: {settings.folder or '(none)'}; onnxruntime offers: {', '.join(available_providers())}\n")
    for row in rows:
        size = sum(file["bytes"] for file in row["files"]) / 1e6
        print(f"{row['name']:<26}{row['state']:<9}{size:5.1f} MB  {row['licence']:<11} {row['use']}")
    print("\n--json tells more: files, SHA-256, sources, form of inputs and outputs, and what to know before using one")


@group.command()
def pull(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="every model of the manifest")] = False,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FOLDER", help="take the files from this folder, not the network")
    ] = None,
    config: Config = None,
    models: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Bring models into the models folder. Exit 1 where one could not be had; the others are brought all the same."""
    from vision.models.fetch import Fetcher

    chosen, settings = _chosen(names, everything), _settings(config, models)
    if settings.folder is None:
        raise BadInput("models folder", "is not named; give --models FOLDER, or --config with folder under [models]")
    rows: list[dict[str, Any]] = []
    with Fetcher(Path(settings.folder), source, _tell) as fetcher:
        for model in chosen:
            fetcher.note(model)
            for file in model.file:
                rows.append({"model": model.name, "part": file.part, "file": file.file, "detail": ""})
                try:
                    rows[-1]["state"] = fetcher.pull(model, file)
                except BadInput as error:
                    rows[-1] |= {"state": "failed", "detail": str(error)}
    _finish({"folder": settings.folder, "files": rows}, rows, as_json)


@group.command()
def verify(names: Names = None, config: Config = None, models: Folder = None, as_json: AsJson = False) -> None:
    """Compare the files of this box with their SHA-256, and load what can be loaded. Exit 1 where one is wrong.

    Without names, models that are not on this box are no fault; a named one that is missing is.
    """
    from vision.models.verify import check

    settings = _settings(config, models)
    rows = [check(model, file, settings) for model in _chosen(names, not names) for file in model.file]
    for row in rows:
        if names and row["state"] == "absent":
            row["state"] = "failed"
    _finish({"folder": settings.folder, "files": rows}, rows, as_json)


def _settings(config: Path | None, folder: Path | None) -> Models:
    from edge.config import Models, load
    from vision.models.places import check_own

    settings = load(config).models if config is not None else Models()
    if folder is not None:
        settings = settings.model_copy(update={"folder": str(folder)})
    check_own(settings)
    return settings


def _chosen(names: list[str] | None, everything: bool) -> list[Model]:
    from vision.models import all_models, model_named

    if everything:
        return list(all_models().values())
    if not names:
        raise BadInput("NAME", "name the models to pull, or give --all; `muin models list` names them")
    return [model_named(name) for name in dict.fromkeys(names)]


def _row(model: Model, settings: Models) -> dict[str, Any]:
    files = [_file(model, file, settings) for file in model.file]
    states = [file["state"] for file in files]
    state = next((word for word in ("bad", "absent") if word in states), states[0])
    about = {key: getattr(model, key) for key in ("use", "runtime", "licence", "origin", "note")}
    return {"name": model.name, "state": state, **about, "files": files}


def _file(model: Model, file: ModelFile, settings: Models) -> dict[str, Any]:
    import msgspec

    from vision.models.places import ModelAbsent, ModelBad, verified

    row: dict[str, Any] = {**msgspec.to_builtins(file), "path": None, "detail": ""}
    try:
        place = verified(model, file, settings)
    except ModelAbsent as error:
        return row | {"state": "absent", "detail": str(error)}
    except ModelBad as error:
        return row | {"state": "bad", "path": error.place, "detail": error.text}
    words = {"own": "own", "folder": "present", "package": "present"}
    return row | {"state": words[place.whose], "path": str(place.path), "sha256": place.sha256}


def _tell(line: str) -> None:
    print(f"muin: {line}", file=sys.stderr)


def _finish(document: dict[str, Any], rows: list[dict[str, Any]], as_json: bool) -> None:
    ok = all(row["state"] != "failed" for row in rows)
    if as_json:
        print(json.dumps({"ok": ok, **document}))
    else:
        for row in rows:
            name = f"{row['model']}/{row['part']}" if row["part"] else row["model"]
            print(f"{name:<32}{row['state']:<11}{row['file']}")
    for row in rows:
        if row["state"] == "failed":
            print(f"muin: {row['detail']}", file=sys.stderr)
    if not ok:
        sys.exit(1)
