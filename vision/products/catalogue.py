"""The enrolled products of a shop: their pictures, the vectors of these, and the classifier fitted on them.

    pictures/SKU/HASH.jpg     what was enrolled, at most 512 pixels; a change of networks needs no new picture
    vectors-KIND.npz          by HASH and view; only a saving of time
    classifier-KIND.npz       what the shelf cameras load
    colours.npz               beside it, of any kind of vectors

Every file is whole or absent. Must not: keep a picture of a person knowingly, or let two kinds of vectors meet.
"""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from vision import safe_file
from vision.products import classifier
from vision.products.classifier import Classifier
from vision.products.colours import Colours, fit_colours
from vision.products.embedding import Embedder, Picture, Vector
from vision.products.pictures import read_picture, scaled_down, views
from vision.products.space import Space
from vision.products.strangers import Rule

LONGEST_PX: Final = 512
JPEG_QUALITY: Final = 92
VIEWS_OF_ONE: Final = 6  # of a product with a single picture; with more pictures, fewer views of each
FORM: Final = 2
COLOURS: Final = "colours.npz"
DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Sample:
    """One enrolled picture."""

    sku: str
    path: Path

    @property
    def key(self) -> str:
        """What its content hashes to."""
        return self.path.stem


class Catalogue:
    """A folder of products."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def samples(self) -> list[Sample]:
        """All enrolled pictures, in a fixed order. Raises BadInput where the folder cannot be read."""
        place = self.folder / "pictures"
        try:
            if not place.is_dir():
                return []
            return [Sample(path.parent.name, path) for path in sorted(place.glob("*/*.jpg"))]
        except OSError as error:
            raise BadInput(str(place), f"cannot be read ({error.strerror}); correct its rights") from None

    def add(self, sku: str, pictures: Sequence[Picture]) -> int:
        """Keep pictures of a product; returns how many are new. Call `fit` afterwards."""
        new = 0
        for picture in pictures:
            small = scaled_down(picture, LONGEST_PX)
            content = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
            path = self.folder / "pictures" / sku / f"{hashlib.sha256(content).hexdigest()[:16]}.jpg"
            if not path.exists():
                _write(path, content)
                new += 1
        return new

    def remove(self, sku: str) -> int:
        """Forget a product; returns how many pictures it had. Call `fit` afterwards."""
        mine = [sample.path for sample in self.samples() if sample.sku == sku]
        for path in mine:
            path.unlink()
        if mine:
            mine[0].parent.rmdir()
        return len(mine)

    def fit(self, embedder: Embedder) -> Classifier | None:
        """Embed what is new, fit the classifier anew and keep it; None (and none kept) with fewer than two products."""
        samples = self.samples()
        target = self._classifier_file(embedder.kind)
        if len({sample.sku for sample in samples}) < 2:
            target.unlink(missing_ok=True)
            (self.folder / COLOURS).unlink(missing_ok=True)
            return None
        rows, owners, pictures = self.vectors(embedder)
        fitted = classifier.fit(rows, owners, pictures)
        _write(target, _packed(fitted))
        self._fit_colours(samples)
        return fitted

    def _fit_colours(self, samples: Sequence[Sample]) -> None:
        found = fit_colours((read_picture(sample.path) for sample in samples), [sample.sku for sample in samples])
        arrays = {"skus": np.array(found.skus), "known": found.known, "table": found.table.astype(np.float16)}
        _write(self.folder / COLOURS, _archive(arrays))

    def colours(self) -> Colours | None:
        """The colours of the products; None where none that can be read were fitted: they are a second cue only."""
        arrays = _read_vectors(self.folder / COLOURS)
        if set(arrays) != {"skus", "known", "table"}:
            return None
        return Colours(
            tuple(str(sku) for sku in arrays["skus"]),
            np.asarray(arrays["known"], np.int64),
            np.asarray(arrays["table"], np.float32),
        )

    def vectors(self, embedder: Embedder) -> tuple[NDArray[np.float32], list[str], list[int]]:
        """Vectors [n, d] of all views of all pictures, their products and the numbers of their pictures."""
        samples = self.samples()
        file = self.folder / f"vectors-{embedder.kind}.npz"
        known = _read_vectors(file)
        wanted = views_wanted([sample.sku for sample in samples])
        kept = {
            sample.key: _enough(known.get(sample.key), count, sample, embedder)
            for sample, count in zip(samples, wanted, strict=True)
        }
        if any(kept[key] is not known.get(key) for key in kept) or set(known) - set(kept):
            _write(file, _archive(kept))
        rows = [kept[sample.key][:count] for sample, count in zip(samples, wanted, strict=True)]
        owners = [sample.sku for sample, count in zip(samples, wanted, strict=True) for _ in range(count)]
        pictures = [number for number, count in enumerate(wanted) for _ in range(count)]
        return np.concatenate(rows).astype(np.float32), owners, pictures

    def classifier(self, kind: str) -> Classifier:
        """The fitted classifier for one kind of vectors. Raises BadInput where there is none, or it is damaged."""
        file = self._classifier_file(kind)
        cure = "run `muin products fit --config store.toml`"
        try:
            return _unpacked(file.read_bytes())
        except FileNotFoundError:
            found = sorted(path.name for path in self.folder.glob("classifier-*.npz")) if self.folder.is_dir() else []
            why = f"only {', '.join(found)}, made with other networks" if found else "no fitted catalogue"
            raise BadInput(str(self.folder), f"has {why}; {cure}") from None
        except DAMAGED as error:
            raise BadInput(str(file), f"is damaged ({error}); {cure}") from None

    def _classifier_file(self, kind: str) -> Path:
        return self.folder / f"classifier-{kind}.npz"


def views_wanted(owners: Sequence[str]) -> list[int]:
    """How many views of each picture are embedded: products with few pictures get more of each."""
    counts = dict.fromkeys(owners, 0)
    for owner in owners:
        counts[owner] += 1
    return [max(1, math.ceil(VIEWS_OF_ONE / counts[owner])) for owner in owners]


def embed_views(picture: Picture, count: int, embedder: Embedder) -> NDArray[np.float32]:
    """Vectors [count, d] of the first `count` views of a picture."""
    return np.stack([embedder.embed(view) for view in views(picture, count)])


def _enough(known: Any, count: int, sample: Sample, embedder: Embedder) -> Any:
    if known is not None and len(known) >= count and known.shape[1] == sum(embedder.widths):
        return known
    return embed_views(read_picture(sample.path), count, embedder).astype(np.float16)


def _write(path: Path, content: bytes) -> None:
    try:
        safe_file.write_whole(path, content)
    except OSError as error:
        raise BadInput(str(path), f"cannot be written ({error.strerror}); choose another place or make room") from None


def _archive(arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _read_vectors(file: Path) -> dict[str, Any]:
    """What is kept of earlier work; nothing where it is absent or damaged, then it is done again."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except DAMAGED:
        return {}


def _packed(fitted: Classifier) -> bytes:
    space = fitted.space
    return _archive(
        {
            "form": np.array(FORM),
            "skus": np.array(space.skus),
            "centre": space.centre,
            "directions": space.directions,
            "origin": space.origin,
            "means": space.means,
            "weights": fitted.rule.weights,
            "offsets": fitted.rule.offsets,
            "limit": np.array(fitted.rule.limit),
            "scale": np.array(fitted.scale),
            "alike": np.array(fitted.alike),
        }
    )


def _unpacked(content: bytes) -> Classifier:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        if int(archive["form"]) != FORM:
            raise ValueError(f"it has form {int(archive['form'])}, this release reads {FORM}")
        rows: dict[str, Vector] = {
            name: np.asarray(archive[name], np.float32) for name in ("centre", "directions", "origin", "means")
        }
        space = Space(tuple(str(sku) for sku in archive["skus"]), **rows)
        weights, offsets = (np.asarray(archive[name], np.float64) for name in ("weights", "offsets"))
        rule = Rule(weights, offsets, float(archive["limit"]))
        fitted = Classifier(space, rule, float(archive["scale"]), float(archive["alike"]))
    width, kept = space.directions.shape
    products = len(space.skus)
    if space.centre.shape != (width,) or space.origin.shape != (kept,) or space.means.shape != (products, kept):
        raise ValueError("its tables do not fit together")
    if rule.weights.shape != (3,) or rule.offsets.shape != (products,):
        raise ValueError("its tables do not fit together")
    return fitted
