"""`muin evaluate faces` and `muin evaluate face-threshold`: accuracy on pictures, and what a threshold rests on.

Must not: change the configuration; it prints, people decide.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.config import StoreConfig
    from edge.labelled_faces import Labelled
    from vision.faces.face import FaceEngine
    from vision.faces.liveness import Liveness

PLAIN_SHOP = '[store]\nid = "evaluation"\ncurrency = "XXX"\n'

Enrol = Annotated[Path, typer.Option("--enrol", metavar="CSV", help="path,identity: pictures or clips to enrol")]
Config = Annotated[Path | None, typer.Option("--config", help="the store.toml whose faces and models tables count")]
Engine = Annotated[str | None, typer.Option("--engine", help="dlib, onnx or auto, instead of the configured one")]
Models = Annotated[Path | None, typer.Option("--models", help="folder with optional weights")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="override one configuration key")]


def register(group: typer.Typer) -> None:
    """Add the sub-commands to the group `evaluate`."""
    group.command()(faces)
    group.command("face-threshold")(face_threshold)


def faces(
    enrol: Enrol,
    probe: Annotated[Path, typer.Option("--probe", metavar="CSV", help="path,identity; no identity = a stranger")],
    config: Config = None,
    engine: Engine = None,
    models: Models = None,
    as_json: AsJson = False,
    sets: Set = None,
) -> None:
    """Who is named rightly, wrongly or not at all at the threshold in force."""
    from edge.commands.evaluate import show
    from edge.labelled_faces import read

    enrolled, probes = read(enrol, strangers=False), read(probe, strangers=True)
    shop = shop_of(config, engine, models, sets)
    with_engine = open_for(shop)
    document = figures(with_engine, shop, enrolled, probes, open_liveness_for(shop))
    with_engine.close()
    show(document, [with_engine.describe()], as_json)


def figures(
    engine: FaceEngine,
    shop: StoreConfig,
    enrolled: Sequence[Labelled],
    probes: Sequence[Labelled],
    liveness: Liveness | None,
) -> dict[str, Any]:
    """The figures of one engine on one protocol, with the CPU time of every stage."""
    from edge.clock import cpu_now_ns
    from edge.evaluate_faces import Bench, judge, liveness_report, report
    from vision.faces.engines import rule_of

    bench = Bench(engine, cpu_now_ns, warn, liveness)
    known, rule = bench.enrol(enrolled), rule_of(engine, shop.faces)
    judged = judge(bench, known, probes, rule)
    return report(judged, known, rule) | {
        "ms_per_face": bench.ms_per_face,
        "stages_ms": bench.laps.per_run_ms(),
        "liveness": liveness_report(judged, shop.faces.min_liveness),
        "engine": engine.name,
        "unreadable": bench.unusable,
    }


def face_threshold(
    enrol: Enrol,
    config: Config = None,
    engine: Engine = None,
    models: Models = None,
    as_json: AsJson = False,
    sets: Set = None,
) -> None:
    """Distances between different people of one list: what thresholds rest on, for galleries of some sizes."""
    from edge.clock import cpu_now_ns
    from edge.commands.evaluate import show
    from edge.evaluate_faces import Bench, impostors, threshold_report
    from edge.labelled_faces import read
    from vision.faces.engines import rule_of

    enrolled = read(enrol, strangers=False)
    shop = shop_of(config, engine, models, sets)
    with_engine = open_for(shop)
    bench = Bench(with_engine, cpu_now_ns, warn)
    known = bench.enrol(enrolled)
    document: dict[str, Any] = threshold_report(impostors(with_engine, known), shop.faces.wrong_name_chance)
    in_force = round(rule_of(with_engine, shop.faces).limit(len(known.owners)), 4)
    document |= {"engine": with_engine.name, "threshold": in_force, "unreadable": bench.unusable}
    with_engine.close()
    show(document, [with_engine.describe()], as_json)


def shop_of(config: Path | None, engine: str | None, models: Path | None, sets: list[str] | None) -> StoreConfig:
    """The configuration in force: the given one or a plain shop, with the options laid over it."""
    from edge.config import load, parse, parse_set

    overrides = parse_set(sets or [])
    overrides |= {"faces.engine": engine} if engine else {}
    overrides |= models_folder(models)
    return load(config, overrides) if config else parse(PLAIN_SHOP, "options", overrides)


def models_folder(models: Path | None) -> dict[str, str]:
    """--models as a setting. Raises BadInput: weights that are asked for and not there must not fall away silently."""
    if models is not None and not models.is_dir():
        raise BadInput(str(models), "is not a folder; give the folder with the weights, or leave --models out")
    return {} if models is None else {"models.folder": str(models)}


def open_for(shop: StoreConfig) -> FaceEngine:
    """The face engine of a configuration."""
    from vision.faces.engines import open_engine

    return open_engine(shop.faces, shop.models)


def open_liveness_for(shop: StoreConfig) -> Liveness | None:
    """The liveness networks of a configuration, None where they are not there or not wanted."""
    from vision.faces.engines import open_liveness

    return open_liveness(shop.faces, shop.models)


def warn(text: str) -> None:
    """One line on stderr: something was left out."""
    print(f"muin: {text}", file=sys.stderr)
