"""Proof of an erasure: looks through files for pieces of what was destroyed, in every form it may have been written in.

Compressed files are opened (vision.opened); what else a box encrypts, its owner opens (`openers`: the ledger does).
Must not: change a file, or say "clean" of a file it could not read.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from vision import opened
from vision.faces.quality import Template

PIECE_BYTES: Final = 16
KEY: Final = slice(4, 8)  # of a piece; its first bytes may be zeros (doubles made from floats), of which disks are full
BLOCK_BYTES: Final = 1 << 20
NOT_FILES: Final = ("proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "mqueue", "debugfs", "tracefs", "bpf")
PICTURES: Final = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".jpg", ".jpeg", ".png")

Owner = TypeVar("Owner", bound=Hashable)
Opener = Callable[[Path], Iterator[bytes] | None]


@dataclass(frozen=True, slots=True)
class Search(Generic[Owner]):
    """What a search found.

    `left` are, for each owner of needles, the files that hold a piece of theirs; `unread` those that could not be
    read; `pictures` how many of the files read are pictures or video: they hold no template, but may show a person.
    """

    left: dict[Owner, list[str]]
    unread: list[str]
    scanned_files: int
    pictures: int


def search(
    needles: Mapping[Owner, Sequence[bytes]], places: Iterable[Path], openers: Sequence[Opener] = ()
) -> Search[Owner]:
    """Look for pieces of everybody's needles in files and folders, each file once."""
    everybody = Pieces([needle for own in needles.values() for needle in own])
    one_by_one = {owner: Pieces(own) for owner, own in needles.items()}
    left: dict[Owner, list[str]] = {owner: [] for owner in needles}
    unread, scanned, pictures = [], 0, 0
    for path in dict.fromkeys(files_below(places)):
        try:
            if _holds(path, everybody, openers):
                for owner, own in one_by_one.items():
                    left[owner] += [str(path)] if _holds(path, own, openers) else []
            scanned += 1
            pictures += path.suffix.lower() in PICTURES
        except (OSError, BadInput):
            unread.append(str(path))
    return Search(left, unread, scanned, pictures)


def _holds(path: Path, pieces: Pieces, openers: Sequence[Opener]) -> bool:
    return any(pieces.in_stream(content) for content in contents(path, openers))


def files_below(places: Iterable[Path]) -> Iterator[Path]:
    """The files themselves and those of folders, in a fixed order; what the kernel only pretends is left out."""
    pretended = _pretended()
    for place in places:
        if not place.is_dir():
            yield place
            continue
        waiting = [place]
        while waiting:
            folder = waiting.pop()
            if str(folder.absolute()) in pretended:
                continue
            inside = sorted(folder.iterdir())
            waiting += [path for path in reversed(inside) if path.is_dir() and not path.is_symlink()]
            yield from (path for path in inside if path.is_file() and not path.is_symlink())


def contents(path: Path, openers: Sequence[Opener] = ()) -> Iterator[Iterator[bytes]]:
    """The file as it lies there, then whatever is inside of it. Raises OSError or BadInput where it cannot be read."""
    yield _blocks(path)
    for opener in (*openers, opened.unpacked):
        inside = opener(path)
        if inside is not None:
            yield inside


def forms_of(template: Template) -> list[bytes]:
    """The ways in which software writes 128 numbers: 4 and 8 byte floats, hex and base64 of them, decimal digits."""
    found = []
    for raw in (template.astype("<f4").tobytes(), template.astype("<f8").tobytes()):
        found += [raw, raw.hex().encode(), raw.hex().upper().encode(), *_base64_forms(raw)]
    return [*found, *(repr(float(value)).encode() for value in template)]


def _base64_forms(raw: bytes) -> list[bytes]:
    """Base64 at each of the three places where the bytes may stand in a longer text; ends that depend on it cut off."""
    return [base64.b64encode(bytes(lead) + raw)[4 if lead else 0 : -4] for lead in range(3)]


class Pieces:
    """16-byte pieces of needles: a copy that lost its head is found too. Pieces of one repeated byte say nothing."""

    def __init__(self, needles: Sequence[bytes]) -> None:
        self._whole = {
            needle[start : start + PIECE_BYTES]
            for needle in needles
            for start in range(0, len(needle) - PIECE_BYTES + 1, PIECE_BYTES)
            if len(set(needle[start : start + PIECE_BYTES])) > 1
        }
        keys = sorted({int.from_bytes(piece[KEY], "little") for piece in self._whole})
        self._keys = np.array(keys, np.uint32)
        self._starts = np.zeros(1 << 16, bool)
        self._starts[self._keys & 0xFFFF] = True

    def in_stream(self, blocks: Iterable[bytes]) -> bool:
        """Whether a stream of blocks holds one of the pieces, also across two blocks."""
        before = b""
        for block in blocks:
            window = before + block
            if self.in_bytes(window):
                return True
            before = window[-(PIECE_BYTES - 1) :]
        return False

    def in_bytes(self, content: bytes) -> bool:
        """Whether some bytes hold one of the pieces: by two bytes of its key, then all four, then all sixteen."""
        if not self._whole or len(content) < PIECE_BYTES:
            return False
        places = np.flatnonzero(self._starts[_words(content, np.uint16)])
        keys = _words(content, np.uint32)
        places = places[places < len(keys)]
        places = places[np.isin(keys[places], self._keys)] - KEY.start
        return any(content[place : place + PIECE_BYTES] in self._whole for place in places.tolist() if place >= 0)


def _words(content: bytes, kind: type[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
    """The number at every byte of some content, not only at the aligned ones."""
    width = np.dtype(kind).itemsize
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(content, np.uint8), width)
    total = windows[:, 0].astype(kind)
    for byte in range(1, width):
        total |= windows[:, byte].astype(kind) << kind(8 * byte)
    return total


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _pretended() -> set[str]:
    """Mount points that hold no files of a disk: /proc, /sys and their like."""
    try:
        rows = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return set()
    return {row[1] for row in rows if len(row) > 2 and row[2] in NOT_FILES}
