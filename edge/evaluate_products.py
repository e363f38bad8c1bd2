"""Accuracy of product identities on labelled pictures: how often the right one is first, or among five.

Must not: let a probe's label, or a probe, reach the classifier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.labelled_products import Listed
from vision.products.catalogue import embed_views, views_wanted
from vision.products.classifier import Answer, Classifier, fit
from vision.products.embedding import Embedder, LiteEmbedder, Picture, looks
from vision.products.pictures import read_picture

FIVE: Final = 5
RATIO_PICTURES: Final = 20
TELL_EVERY: Final = 500


@dataclass(slots=True)
class Bench:
    """An embedder at work on lists, the CPU time that its embedding took, and who hears how far it is."""

    embedder: Embedder
    cpu_ns: Callable[[], int]
    say: Callable[[str], None] = lambda line: None
    spent_ns: int = 0
    probes: int = 0
    _bare: list[Picture] = field(default_factory=list)

    def learn(self, rows: Sequence[Listed]) -> Classifier:
        """A classifier of the pictures of a list."""
        found, owners, pictures = [], [], []
        for number, (row, count) in enumerate(zip(rows, views_wanted([row.sku for row in rows]), strict=True)):
            found.append(embed_views(read_picture(row.path), count, self.embedder))
            owners += [row.sku] * count
            pictures += [number] * count
            if (number + 1) % TELL_EVERY == 0:
                self.say(f"{number + 1} of {len(rows)} pictures enrolled")
        return fit(np.concatenate(found), owners, pictures)

    def name(self, fitted: Classifier, rows: Sequence[Listed]) -> list[Answer]:
        """The answer for each picture of a list."""
        answers = []
        for row in rows:
            picture = read_picture(row.path)
            before = self.cpu_ns()
            answers.append(fitted.answer(self.embedder.embed(picture)))
            self.spent_ns += self.cpu_ns() - before
            self.probes += 1
            if len(self._bare) < RATIO_PICTURES:
                self._bare.append(picture)
        return answers

    def cost_ratio(self) -> float | None:
        """CPU time of `embed` over that of the networks alone, on inputs made before; None without a network."""
        if not isinstance(self.embedder, LiteEmbedder) or not self._bare:
            return None
        whole = bare = 0
        for picture in self._bare:
            inputs = [(network, looks(picture, side)) for network, side in self.embedder.networks]
            start = self.cpu_ns()
            self.embedder.embed(picture)
            between = self.cpu_ns()
            for network, array in inputs:
                network.session.run(None, {network.inputs[0]: array})
            whole, bare = whole + between - start, bare + self.cpu_ns() - between
        return whole / bare


def report(rows: Sequence[Listed], answers: Sequence[Answer]) -> dict[str, Any]:
    """The figures of `muin evaluate products`; shares are null where nothing was there to be measured."""
    known = [(row.sku, answer) for row, answer in zip(rows, answers, strict=True) if row.sku]
    strangers = [answer for row, answer in zip(rows, answers, strict=True) if not row.sku]
    ranks = [_rank(sku, answer) for sku, answer in known]
    confused = Counter((sku, answer.ranked[0][0]) for sku, answer in known if answer.ranked[0][0] != sku)
    return {
        "top1": _share([rank == 0 for rank in ranks]),
        "top5": _share([rank < FIVE for rank in ranks]),
        "ms_per_image": None,
        "confused": [[*pair, count] for pair, count in sorted(confused.items(), key=lambda item: (-item[1], item[0]))],
        "probes": len(known),
        "named_rightly": _share([answer.sku == sku for sku, answer in known]),
        "named_wrongly": _share([answer.sku not in (None, sku) for sku, answer in known]),
        "none_of_these": _share([answer.sku is None for _, answer in known]),
        "strangers": len(strangers),
        "strangers_named": _share([answer.sku is not None for answer in strangers]),
    }


def _rank(sku: str, answer: Answer) -> int:
    return next(place for place, (other, _) in enumerate(answer.ranked) if other == sku)


def _share(hits: Sequence[bool] | NDArray[np.bool_]) -> float | None:
    return round(float(np.mean(hits)), 4) if len(hits) else None
