"""What is inside of a compressed file: gzip, zip, zstd and the chunks of an MCAP recording, as streams of bytes.

Must not: write anything, or pass over a compressed file that it cannot open in silence.
"""

from __future__ import annotations

import contextlib
import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import zstandard

from edge.core.errors import BadInput
from edge.recording_chunks import Chunks, Damaged

BLOCK_BYTES: Final = 1 << 20
HEAD_BYTES: Final = 8
ZSTD: Final = b"\x28\xb5\x2f\xfd"


def unpacked(path: Path) -> Iterator[bytes] | None:
    """The content of a compressed file, None for any other. Raises OSError; BadInput, when read, for a damaged one."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    for magic, reader in READERS.items():
        if head.startswith(magic):
            return _told(path, reader)
    return None


def _told(path: Path, reader: Callable[[Path], Iterator[bytes]]) -> Iterator[bytes]:
    try:
        yield from reader(path)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, zstandard.ZstdError, RuntimeError) as error:
        raise BadInput(str(path), f"cannot be unpacked ({error}); it was not searched") from None


def _gzip(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _zip(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                while block := file.read(BLOCK_BYTES):
                    yield block


def _zstd(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def _mcap(path: Path) -> Iterator[bytes]:
    """All messages. A recording that was cut (its shop was killed) is read as far as its last chunk goes."""
    chunks = Chunks(path)
    for block in chunks.blocks:
        try:
            yield b"\0".join(data for _, data in chunks.messages(block))
        except Damaged as error:
            raise BadInput(str(path), f"{error}; it was not searched to its end") from None
    if chunks.damage:
        last = chunks.blocks[-1] if chunks.blocks else None
        with path.open("rb") as file:
            file.seek(last.offset + last.length if last else 0)
            yield from _cut(file.read(), path)


def _cut(tail: bytes, path: Path) -> Iterator[bytes]:
    """What can still be unpacked of a chunk that was cut. Raises BadInput afterwards: the rest was not searched."""
    place = tail.find(ZSTD)
    if place < 0:
        return  # cut between two chunks, or in what is not compressed and was searched as it lies there
    with contextlib.suppress(zstandard.ZstdError):
        yield zstandard.ZstdDecompressor().decompressobj().decompress(tail[place:])
    cure = "it was cut when the shop was killed; destroy this recording, or keep it and know that"
    raise BadInput(str(path), f"its last chunk cannot be unpacked: {cure}")


READERS: Final[dict[bytes, Callable[[Path], Iterator[bytes]]]] = {
    b"\x1f\x8b": _gzip,
    b"PK\x03\x04": _zip,
    ZSTD: _zstd,
    b"\x89MCAP0\r\n": _mcap,
}
