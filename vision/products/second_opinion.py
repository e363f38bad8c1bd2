"""What the print on a pack says it is: bar codes (zxing-cpp), and the words of the label (RapidOCR).

Takes a second and more of CPU, so it belongs off the hot path: enrolment, review of an unclear line, an installer's
question. Must not: run for every changed slot, or overrule by words what a code says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Final

import numpy as np
import zxingcpp

from edge.config import Models, Product
from vision.models import ModelAbsent, resolve
from vision.products.embedding import Picture

FORMATS: Final[Any] = zxingcpp.barcode_formats_from_str("EAN13,EAN8,UPCA,UPCE,Code128,DataBar")
TEXT: Final = "ppocr_v4"
SAME_WORD: Final = 0.8  # similarity of two words that differ by an OCR error
LEAST_LETTERS: Final = 3
LEAST_SHARE: Final = 0.5  # of a name's weight that must be read


@dataclass(frozen=True)
class Opinion:
    """`sku` is None where neither a code nor enough words name a product; `by` says what did."""

    sku: str | None
    by: str
    codes: tuple[str, ...]
    words: tuple[str, ...]

    def as_row(self) -> dict[str, Any]:
        """For people and JSON."""
        return asdict(self)


class SecondOpinion:
    """Reads packs of the products of one shop."""

    def __init__(self, products: Sequence[Product], models: Models) -> None:
        self._codes = {code: row.sku for row in products for code in codes_of(row)}
        self._names = {row.sku: words_of(row.name) for row in products}
        self._reader = _open_reader(models)

    @property
    def reads_text(self) -> bool:
        """Whether the text networks are on this box."""
        return self._reader is not None

    def of(self, picture: Picture) -> Opinion:
        """What is printed on the pack in a BGR picture."""
        codes = read_codes(picture)
        named = {self._codes[code] for code in codes if code in self._codes}
        if len(named) == 1:
            return Opinion(named.pop(), "code", codes, ())
        words = tuple(words_of(" ".join(self._lines(picture))))
        sku = best_name(words, self._names)
        return Opinion(sku, "words" if sku else "", codes, words)

    def _lines(self, picture: Picture) -> list[str]:
        if self._reader is None:
            return []
        found, _ = self._reader(np.ascontiguousarray(picture))
        return [str(text) for _, text, _ in found or ()]


def codes_of(product: Product) -> list[str]:
    """The codes that stand for a product: its own, and its sku where that is one. Leading zeros do not count."""
    given = [product.barcode] if isinstance(product.barcode, str) else list(product.barcode or ())
    return [code.lstrip("0") for code in [*given, product.sku] if code.lstrip("0")]


def read_codes(picture: Picture) -> tuple[str, ...]:
    """Texts of the bar codes in a BGR picture, sorted, without leading zeros (UPC-A is EAN-13 with one more)."""
    found = zxingcpp.read_barcodes(np.ascontiguousarray(picture), formats=FORMATS)
    return tuple(sorted({code.text.lstrip("0") for code in found if code.valid and code.text.lstrip("0")}))


def words_of(text: str) -> list[str]:
    """Words in small letters without accents; too short ones are left out."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return [word for word in re.findall(r"\w+", plain) if len(word) >= LEAST_LETTERS or not word.isascii()]


def best_name(read: Sequence[str], names: Mapping[str, Sequence[str]]) -> str | None:
    """The product whose name was read, None where too little of it was, or where what was read fits another name too.

    Each word of a name counts by how few names have it, so that a brand that all share decides nothing.
    """
    if not read:
        return None
    having: dict[str, int] = {}
    for words in names.values():
        for word in set(words):
            having[word] = having.get(word, 0) + 1
    seen = {word for word in having if max(SequenceMatcher(None, word, other).ratio() for other in read) >= SAME_WORD}
    shares = sorted(((_share(words, having, seen), sku) for sku, words in names.items() if words), reverse=True)
    if not shares or shares[0][0] < LEAST_SHARE:
        return None
    best = shares[0][1]
    matched = seen & set(names[best])
    return None if any(matched <= set(words) for sku, words in names.items() if sku != best) else best


def _share(words: Sequence[str], having: Mapping[str, int], seen: set[str]) -> float:
    weight = sum(1 / having[word] for word in words)
    return sum(1 / having[word] for word in words if word in seen) / weight


def _open_reader(models: Models) -> Any:
    """RapidOCR on verified files, None where they are not on this box. Raises ModelBad for damaged ones."""
    try:
        found = resolve(TEXT, models)
    except ModelAbsent:
        return None
    from rapidocr_onnxruntime import RapidOCR

    return RapidOCR(
        det_model_path=str(found.of("det").path),
        rec_model_path=str(found.of("rec").path),
        cls_model_path=str(found.of("cls").path),
        intra_op_num_threads=1,
        inter_op_num_threads=1,
    )
