"""Proof of an erasure: looks through files for pieces of what was destroyed.

Must not: change a file, or say "clean" of a file it could not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PIECE_BYTES = 16
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found: files that hold a piece, files that could not be read, and how many were read."""

    left: list[str]
    unread: list[str]
    scanned_files: int


def search(needles: Sequence[bytes], places: Iterable[Path]) -> Search:
    """Look for pieces of the needles in files and folders."""
    pieces = pieces_of(needles)
    left, unread, scanned = [], [], 0
    for path in files_below(places):
        try:
            if holds(path, pieces):
                left.append(str(path))
            scanned += 1
        except OSError:
            unread.append(str(path))
    return Search(left, unread, scanned)


def files_below(places: Iterable[Path]) -> Iterator[Path]:
    """The files themselves and those of folders, in a fixed order."""
    for place in places:
        if place.is_dir():
            yield from (path for path in sorted(place.rglob("*")) if path.is_file() and not path.is_symlink())
        else:
            yield place


def pieces_of(needles: Sequence[bytes]) -> list[bytes]:
    """16-byte pieces: a copy that lost its head is found too. Pieces of one repeated byte say nothing."""
    return sorted(
        {
            needle[start : start + PIECE_BYTES]
            for needle in needles
            for start in range(0, len(needle) - PIECE_BYTES + 1, PIECE_BYTES)
            if len(set(needle[start : start + PIECE_BYTES])) > 1
        }
    )


def holds(path: Path, pieces: Sequence[bytes]) -> bool:
    """Whether a file holds one of the pieces. Raises OSError where it cannot be read."""
    before = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            window = before + block
            if any(piece in window for piece in pieces):
                return True
            before = window[-(PIECE_BYTES - 1) :]
    return False
