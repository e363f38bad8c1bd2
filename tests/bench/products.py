"""`python -m tests.bench.products [FOLDER]`: who gets a name and who does not, on a grocery data set.

The train pictures are enrolled and the val pictures are probes: all products, and then a random 60 of the 81 with the
rest as strangers, five times. Strangers are probed by their val pictures, and by their train pictures as well.
Vectors are kept in FOLDER (embedding takes minutes). Needs ../shared/data. Must not: let a probe reach the fitting.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.config import Models
from tests.conftest import ROOT
from vision.products.catalogue import embed_views, views_wanted
from vision.products.classifier import Classifier, fit
from vision.products.embedding import open_embedder
from vision.products.pictures import read_picture

GROCERY = ROOT.parent / "shared" / "data" / "products" / "grocery"
SPLITS, ENROLLED = 5, 60


@dataclass(frozen=True)
class Pictures:
    """Vectors, their products and the numbers of their pictures."""

    rows: NDArray[np.float32]
    owners: NDArray[Any]
    numbers: NDArray[Any]

    def of(self, chosen: NDArray[np.bool_]) -> Pictures:
        """Some of them."""
        return Pictures(self.rows[chosen], self.owners[chosen], self.numbers[chosen])

    def fitted(self) -> Classifier:
        """The classifier of a catalogue of them."""
        return fit(self.rows, self.owners.tolist(), self.numbers.tolist())


def embedded(name: str, folder: Path, with_views: bool = True) -> Pictures:
    """The pictures of a list, as `muin evaluate products` sees them."""
    kept = folder / f"{name}.npz"
    if not kept.exists():
        with (GROCERY / f"{name}-sku.csv").open(encoding="utf-8") as file:
            listed = [(GROCERY / row["path"], row["sku"]) for row in csv.DictReader(file)]
        counts = views_wanted([sku for _, sku in listed]) if with_views else [1] * len(listed)
        embedder = open_embedder(Models())
        rows = [embed_views(read_picture(path), n, embedder) for (path, _), n in zip(listed, counts, strict=True)]
        owners = np.repeat([sku for _, sku in listed], counts)
        np.savez(kept, V=np.concatenate(rows), O=owners, P=np.repeat(np.arange(len(listed)), counts))
    with np.load(kept) as archive:
        return Pictures(archive["V"], archive["O"], archive["P"])


def tell(what: str, fitted: Classifier, probes: Pictures, enrolled_so: Pictures | None = None) -> None:
    """One row: shares of the known probes, then of the strangers."""
    answers = fitted.answers(probes.rows)
    first = np.array([answer.ranked[0][0] for answer in answers]) == probes.owners
    named = np.array([answer.sku is not None for answer in answers])
    known = np.isin(probes.owners, fitted.space.skus)
    by_cosine = fitted.space.scores(probes.rows).max(axis=1) >= fitted.alike
    strangers, again = share(named[~known]), None
    if enrolled_so is not None:
        again = share(np.array([answer.sku is not None for answer in fitted.answers(enrolled_so.rows)]))
    right = share(first[known & named])
    print(f"{what} | {share(first[known])} | {share(named[known])} | {right} | {strangers} | {again} | "
          f"{share(by_cosine[known])} | {share(by_cosine[~known])}", flush=True)  # fmt: skip


def share(hits: NDArray[np.bool_]) -> float | None:
    """Of how many."""
    return round(float(hits.mean()), 3) if len(hits) else None


def main(folder: Path) -> None:
    """The table."""
    train, probes = embedded("train", folder), embedded("val", folder, with_views=False)
    print("enrolled | top-1 | named | right of named | strangers named | their train pictures | "
          "by cosine alone: named | strangers named")  # fmt: skip
    tell("one studio picture of each", embedded("iconic", folder).fitted(), probes)
    tell("all 81", train.fitted(), probes)
    chance = np.random.default_rng(1)
    skus = np.unique(train.owners)
    for number in range(SPLITS):
        ours = np.isin(train.owners, chance.permutation(skus)[:ENROLLED])
        tell(f"60, split {number + 1}", train.of(ours).fitted(), probes, train.of(~ours))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(Path(place))
