"""`muin evaluate face-engines`: every way to recognise faces on this box, side by side in one run.

Must not: choose one for the shop; it prints, people decide.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from edge.commands.evaluate_faces import (
    AsJson,
    Config,
    Enrol,
    Models,
    Set,
    figures,
    open_for,
    open_liveness_for,
    shop_of,
    warn,
)
from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.config import StoreConfig

# name -> (faces.engine, with the models folder)
WAYS: Final = {
    "face_recognition, HOG": ("dlib", False),
    "face_recognition, BlazeFace": ("dlib", True),
    "YuNet + MobileFaceNet": ("onnx", True),
}
HEAD: Final = (
    "| way | limit | wrong names | refused | EER | ms a face | detect | align | quality | embed | match | liveness |"
)


def register(group: typer.Typer) -> None:
    """Add the sub-command to the group `evaluate`."""
    group.command("face-engines")(face_engines)


def face_engines(
    enrol: Enrol,
    probe: Annotated[Path, typer.Option("--probe", metavar="CSV", help="path,identity; no identity = a stranger")],
    config: Config = None,
    models: Models = None,
    as_json: AsJson = False,
    sets: Set = None,
) -> None:
    """One table: who is named rightly, wrongly or not at all, and the CPU of each stage, for every engine there is."""
    from edge.labelled_faces import read

    enrolled, probes = read(enrol, strangers=False), read(probe, strangers=True)
    rows: dict[str, Any] = {}
    for way, (engine, with_folder) in WAYS.items():
        shop = shop_of(config, engine, models, sets)
        try:
            rows[way] = _one(shop, with_folder, enrolled, probes)
        except BadInput as problem:
            warn(f"{way}: left out: {problem}")
    if as_json:
        print(json.dumps({"engines": rows}, ensure_ascii=False))
        return
    print(HEAD, "|---" * HEAD.count(" | ") + "|---|", *(_line(way, found) for way, found in rows.items()), sep="\n")


def _one(shop: StoreConfig, with_folder: bool, enrolled: list[Any], probes: list[Any]) -> dict[str, Any]:
    from vision.faces.dlib_engine import DlibEngine

    bare = shop if with_folder else shop.model_copy(update={"models": shop.models.model_copy(update={"folder": None})})
    engine = open_for(bare)
    try:
        if with_folder and isinstance(engine, DlibEngine) and "found by MediaPipe" not in engine.describe():
            raise BadInput("face_recognition, BlazeFace", "its weights are not here")
        return figures(engine, shop, enrolled, probes, open_liveness_for(shop))
    finally:
        engine.close()


def _line(way: str, found: dict[str, Any]) -> str:
    stages = found["stages_ms"]
    cells = [
        way,
        found["threshold"],
        f"{found['wrong_names']} of {found['probes'] + found['strangers']}",
        f"{found['refused']} of {found['probes']}",
        found["eer"],
        found["ms_per_face"],
        *(stages[name] for name in ("detect", "align", "quality", "embed", "match", "liveness")),
    ]
    return "| " + " | ".join("-" if cell is None else str(cell) for cell in cells) + " |"
