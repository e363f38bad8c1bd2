"""`muin evaluate products`: how well products are told apart on labelled pictures.

Must not: touch a shop's catalogue.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

Csv = Annotated[Path, typer.Option("--catalogue", metavar="CSV", help="path,sku: pictures to enrol")]
Config = Annotated[Path | None, typer.Option("--config", help="the store.toml whose [models] counts")]
Models = Annotated[Path | None, typer.Option("--models", envvar="MUIN_MODELS", help="folder with optional weights")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]
Plain = Annotated[bool, typer.Option("--no-network", help="colour and texture alone, as on a box without networks")]


def register(group: typer.Typer) -> None:
    """Add the sub-command to the group `evaluate`."""
    group.command()(products)


def products(
    catalogue: Csv,
    probe: Annotated[Path, typer.Option("--probe", metavar="CSV", help="path,sku; no sku = a product not enrolled")],
    config: Config = None,
    models: Models = None,
    no_network: Plain = False,
    as_json: AsJson = False,
) -> None:
    """How often the right product comes first, or among five; what is mistaken for what; who is refused."""
    from edge.clock import cpu_now_ns
    from edge.commands.evaluate import show
    from edge.commands.products import settings_of
    from edge.evaluate_products import Bench, report
    from edge.labelled_products import read_lists
    from vision.products.embedding import ColourTexture, Embedder, open_embedder

    settings = settings_of(config, models)
    enrolled, probes = read_lists(catalogue, probe)
    embedder: Embedder = ColourTexture() if no_network else open_embedder(settings)
    bench = Bench(embedder, cpu_now_ns, say)
    fitted = bench.learn(enrolled)
    document = report(probes, bench.name(fitted, probes))
    document |= {
        "ms_per_image": round(bench.spent_ns / 1e6 / max(1, bench.probes), 3),
        "cost_ratio": None if (ratio := bench.cost_ratio()) is None else round(ratio, 3),
        "catalogue": len(fitted.space.skus),
        "catalogue_pictures": len(enrolled),
        "threshold": round(fitted.rule.limit, 4),
        "embedding": bench.embedder.kind,
    }
    show(document, [bench.embedder.describe()], as_json)


def say(line: str) -> None:
    """One line on stderr: how far the work is."""
    print(f"muin: {line}", file=sys.stderr, flush=True)
