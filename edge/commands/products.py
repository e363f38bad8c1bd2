"""`muin products ...`: which products the shelf cameras know by their looks.

Must not: change store.toml, or keep half of what was given: either every picture is usable or nothing is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.config import Models as ModelsTable
    from edge.config import StoreConfig
    from vision.products.catalogue import Catalogue
    from vision.products.embedding import Embedder, Picture

Config = Annotated[Path, typer.Option("--config", help="the store.toml of the shop")]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="the catalogue; default: [products] folder, else products/ in state/")
]
Models = Annotated[Path | None, typer.Option("--models", envvar="MUIN_MODELS", help="folder with optional weights")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]
Sku = Annotated[str, typer.Argument(metavar="SKU", help="a product of store.toml")]
Pictures = Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="pictures of it, the product alone")]

group = typer.Typer(help="Products by their looks: enrol, list, compare, ask.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `products` to the table."""
    app.add_typer(group, name="products")


@group.callback()
def about() -> None:
    """Products by their looks: enrol, list, compare, ask."""


@group.command()
def add(
    sku: Sku, picture: Pictures, config: Config, folder: Folder = None, models: Models = None, as_json: AsJson = False
) -> None:
    """Enrol a product: one catalogue picture is enough, a few crops of the shelf camera make it better."""
    shop = _shop(config)
    _check_sku(sku, shop, config)
    found = _read(picture)
    store, embedder = _store(shop, config, folder), _embedder(shop, models)
    new = store.add(sku, found)
    _tell_fit(store, embedder, {"sku": sku, "new": new, "already_there": len(found) - new}, shop, as_json)


@group.command()
def remove(sku: Sku, config: Config, folder: Folder = None, models: Models = None, as_json: AsJson = False) -> None:
    """Forget a product's pictures. Exit 1 where there were none."""
    shop = _shop(config)
    store = _store(shop, config, folder)
    gone = store.remove(sku)
    if not gone:
        print(f"muin: no picture of {sku} is enrolled in {store.folder}", file=sys.stderr)
        sys.exit(1)
    _tell_fit(store, _embedder(shop, models), {"sku": sku, "removed": gone}, shop, as_json)


@group.command()
def fit(config: Config, folder: Folder = None, models: Models = None, as_json: AsJson = False) -> None:
    """Fit the catalogue anew, after networks were changed or files were copied from another box."""
    shop = _shop(config)
    _tell_fit(_store(shop, config, folder), _embedder(shop, models), {}, shop, as_json)


@group.command("list")
def list_(config: Config, folder: Folder = None, as_json: AsJson = False) -> None:
    """Every product of store.toml and how many pictures of it are enrolled. Exit 1 where one has none."""
    shop = _shop(config)
    store = _store(shop, config, folder)
    counts = {product.sku: 0 for product in shop.product}
    unknown: dict[str, int] = {}
    for sample in store.samples():
        table = counts if sample.sku in counts else unknown
        table[sample.sku] = table.get(sample.sku, 0) + 1
    if as_json:
        print(json.dumps({"folder": str(store.folder), "products": counts, "not_in_store_toml": unknown}))
    else:
        rows = [*counts.items(), *((f"{sku} (not in store.toml)", count) for sku, count in unknown.items())]
        print(str(store.folder), *(f"{count:4} {sku}" for sku, count in rows), sep="\n")
    if not counts or min(counts.values()) == 0:
        sys.exit(1)


@group.command()
def confusable(config: Config, folder: Folder = None, models: Models = None, as_json: AsJson = False) -> None:
    """Pairs of enrolled products that may be mistaken for one another, the worst first."""
    from vision.products.classifier import fit as fit_rows
    from vision.products.confusable import confusable as compare

    shop = _shop(config)
    store = _store(shop, config, folder)
    rows, owners, pictures = _enough(store).vectors(_embedder(shop, models))
    fitted = fit_rows(rows, owners, pictures)
    pairs = compare(fitted, rows, owners, pictures)
    if as_json:
        table = [[pair.first, pair.second, pair.alike, pair.mistaken] for pair in pairs]
        print(json.dumps({"pairs": table, "products": len(fitted.space.skus), "views": len(rows)}))
        return
    print(f"{len(pairs)} pairs of {len(fitted.space.skus)} products; put such products apart, or on a scale")
    for pair in pairs:
        print(f"alike {pair.alike:6.3f}  mistaken {pair.mistaken:4}  {pair.first}  {pair.second}")


@group.command()
def identify(
    picture: Pictures,
    config: Config,
    folder: Folder = None,
    models: Models = None,
    second: Annotated[bool, typer.Option("--second-opinion", help="also read the label and bar codes")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask what a picture shows. Exit 1 where one of them shows none of the enrolled products."""
    shop = _shop(config)
    embedder = _embedder(shop, models)
    fitted = _store(shop, config, folder).classifier(embedder.kind)
    rows: list[dict[str, Any]] = []
    for path, image in zip(picture, _read(picture), strict=True):
        answer = fitted.answer(embedder.embed(image))
        likely = [[sku, round(share, 4)] for sku, share in answer.ranked[:5]]
        rows.append({"picture": str(path), "sku": answer.sku, "score": round(answer.score, 4), "likely": likely})
        if second:
            rows[-1]["second_opinion"] = _second_opinion(image, shop, models)
    if as_json:
        print(json.dumps({"pictures": rows, "threshold": round(fitted.rule.limit, 4)}, ensure_ascii=False))
    else:
        for row in rows:
            print(f"{row['picture']}: {row['sku'] or 'none of these'} ({row['score']}); likely {row['likely']}")
            if second:
                print(f"  {row['second_opinion']}")
    if any(row["sku"] is None for row in rows):
        sys.exit(1)


@group.command()
def count(
    picture: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="stills of the shelf, oldest first")],
    reference: Annotated[Path, typer.Option("--reference", help="the picture that the slots were drawn in")],
    camera: Annotated[str, typer.Option("--camera", help="the shelf camera whose slots count")],
    config: Config,
    as_json: AsJson = False,
) -> None:
    """Count facings in stills by the slots' crops of a reference picture, and say what changed between stills."""
    from vision.products.counting import change, counts, crops_of, facings
    from vision.slots import slots_of

    shop = _shop(config)
    if camera not in {row.id for row in shop.camera}:
        raise BadInput("--camera", f"{camera} is no [[camera]] of {config}; correct the name")
    base, *stills = _read([reference, *picture])
    crops = crops_of(base, slots_of(shop, camera))
    found = [counts(facings(still, crops)) for still in stills]
    rows = [{"picture": str(path), "counts": one} for path, one in zip(picture, found, strict=True)]
    changes = [change(one, two) for one, two in pairwise(found)]
    if as_json:
        print(json.dumps({"pictures": rows, "changes": changes}, ensure_ascii=False))
        return
    for number, row in enumerate(rows):
        print(f"{row['picture']}: {row['counts'] or 'nothing'}")
        if number < len(changes):
            print(f"  then {changes[number] or 'no change'}")


def settings_of(config: Path | None, models: Path | None) -> ModelsTable:
    """[models] of a configuration, or none, with the option's folder laid over it."""
    from edge.config import Models, load

    settings = load(config).models if config is not None else Models()
    return settings if models is None else settings.model_copy(update={"folder": str(models)})


def _shop(config: Path) -> StoreConfig:
    from edge.config import load

    return load(config)


def _store(shop: StoreConfig, config: Path, folder: Path | None) -> Catalogue:
    from vision.products.catalogue import Catalogue

    named = Path(shop.products.folder) if shop.products.folder else None
    return Catalogue(folder or named or config.parent / "state" / "products")


def _embedder(shop: StoreConfig, models: Path | None) -> Embedder:
    from vision.products.embedding import open_embedder

    settings = shop.models
    return open_embedder(settings if models is None else settings.model_copy(update={"folder": str(models)}))


def _check_sku(sku: str, shop: StoreConfig, config: Path) -> None:
    known = [product.sku for product in shop.product]
    if sku not in known:
        some = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
        raise BadInput(
            sku, f"is no product of {config} ({some or 'it has none'}); add a [[product]] or correct the sku"
        )


def _read(paths: Sequence[Path]) -> list[Picture]:
    """All pictures, or every problem of them at once. Raises ConfigError."""
    from edge.config import ConfigError
    from vision.products.pictures import read_picture

    found, problems = [], []
    for path in paths:
        try:
            found.append(read_picture(path))
        except BadInput as problem:
            problems.append((problem.place, problem.text))
    if problems:
        raise ConfigError("pictures", problems)
    return found


def _enough(store: Catalogue) -> Catalogue:
    if len({sample.sku for sample in store.samples()}) < 2:
        raise BadInput(str(store.folder), "has fewer than two products; enrol more with `muin products add`")
    return store


def _second_opinion(image: Picture, shop: StoreConfig, models: Path | None) -> dict[str, Any]:
    from vision.products.second_opinion import SecondOpinion

    settings = shop.models if models is None else shop.models.model_copy(update={"folder": str(models)})
    return SecondOpinion(shop.product, settings).of(image).as_row()


def _tell_fit(store: Catalogue, embedder: Embedder, done: dict[str, Any], shop: StoreConfig, as_json: bool) -> None:
    fitted = store.fit(embedder)
    samples = store.samples()
    document = done | {
        "folder": str(store.folder),
        "products": len({sample.sku for sample in samples}),
        "pictures": len(samples),
        "fitted": fitted is not None,
        "embedding": embedder.kind,
    }
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return
    for name, value in document.items():
        print(f"{name:14} {value}")
    print(embedder.describe())
    if fitted is None:
        print("two products are needed before any can be told apart; enrol more")
    if shop.products.folder is None:
        print(f'cameras use it once store.toml has: [products] folder = "{store.folder}"')
