"""Reads the files of a case: JSON lines, plain or gzipped. Every fault is named with file and line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from edge.core.errors import BadInput
from edge.nanostore.forms import Form

F = TypeVar("F", bound=Form)
GZIP_MAGIC = b"\x1f\x8b"


class Line(NamedTuple):
    """Where a row came from, for messages."""

    file: Path
    number: int

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"


def find(folder: Path, name: str) -> Path | None:
    """The file NAME.jsonl or NAME.jsonl.gz of a case, None where there is neither."""
    for suffix in (".jsonl", ".jsonl.gz"):
        path = folder / f"{name}{suffix}"
        if path.is_file():
            return path
    return None


def need(folder: Path, name: str) -> Path:
    """As `find`. Raises BadInput where the file is missing."""
    path = find(folder, name)
    if path is None:
        raise BadInput(str(folder / f"{name}.jsonl"), "is missing; a case needs it (it may be gzipped, .jsonl.gz)")
    return path


def doubled(folder: Path, names: Iterable[str]) -> Iterator[str]:
    """A notice for each file that is there plain and gzipped: the plain one counts."""
    for name in names:
        plain, packed = folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"
        if plain.is_file() and packed.is_file():
            yield f"{plain} is read; {packed.name} beside it is left aside, remove the one that is not wanted"


def rows(path: Path, form: type[F], broken: list[str] | None = None) -> Iterator[tuple[Line, F]]:
    """All rows of a file in order. Raises BadInput for an empty, cut or corrupt file, with the line.

    With `broken`, a line that is JSON but not in the form is put there, so that the others are looked at as well.
    """
    decode = msgspec.json.Decoder(form).decode
    number = seen = 0
    for number, text in _texts(path):
        if not text.strip():
            continue
        seen += 1
        try:
            yield Line(path, number), decode(text)
        except msgspec.ValidationError as error:
            wrong = BadInput(f"{path}:{number}", f"does not have the form of this file ({error})")
            if broken is None:
                raise wrong from None
            broken.append(str(wrong))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            cut = "" if text.endswith(b"\n") else "; the file seems to be cut here"
            raise BadInput(f"{path}:{number}", f"is not a line of JSON ({error}){cut}; fetch the file again") from None
    if not seen:
        raise BadInput(str(path), "is empty; fetch the file again, or remove it where the case has no such data")


def _texts(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == GZIP_MAGIC
            plain.seek(0)
            source = gzip.GzipFile(fileobj=plain) if packed else plain
            for number, text in enumerate(source, start=1):
                yield number, text
    except EOFError:
        raise BadInput(f"{path}:{number + 1}", "the gzip file is cut here; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{path}:{number + 1}", f"the gzip file is corrupt here ({error}); fetch it again") from None
    except OSError as error:
        raise BadInput(str(path), f"cannot be read ({error.strerror or error})") from None
