"""`muin evaluate liveness`: living faces and pictures of faces, as the liveness networks see them.

Must not: do the work itself, that is edge.evaluate_liveness.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.commands.evaluate_faces import AsJson, Config, Engine, Models, Set, open_for, open_liveness_for, shop_of, warn
from edge.core.errors import BadInput


def register(group: typer.Typer) -> None:
    """Add the sub-command to the group `evaluate`."""
    group.command()(liveness)


def liveness(
    pictures: Annotated[Path, typer.Option("--pictures", metavar="CSV", help='path,kind; "live" or an attack\'s name')],
    config: Config = None,
    engine: Engine = None,
    models: Models = None,
    as_json: AsJson = False,
    sets: Set = None,
) -> None:
    """How alive the living and the attacks look, and how often the limit in force would be wrong. No certificate."""
    from edge.commands.evaluate import show
    from edge.evaluate_liveness import judge, read, report

    rows = read(pictures)
    shop = shop_of(config, engine, models, sets)
    networks = open_liveness_for(shop)
    if networks is None:
        cure = "give --models with minifasnet, and faces.liveness other than off"
        raise BadInput("faces.liveness", f"is not measured here; {cure}")
    with_engine = open_for(shop)
    document = report(judge(rows, with_engine, networks, warn), shop.faces.min_liveness)
    with_engine.close()
    kinds = [f"{kind}: {figures}" for kind, figures in document["kinds"].items()]
    show(document | {"engine": with_engine.name}, [with_engine.describe(), *kinds], as_json)
