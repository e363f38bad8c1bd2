"""Every page of a ledger file in clear: used ones, free ones, and those that a write-ahead log still holds.

SQL shows rows; what was deleted may still lie in a free page or an old frame of the log. Somebody who must prove that
bytes are gone reads the pages themselves. Must not: change the file, or be used to read the books.

Page form after SQLCipher 4 (https://www.zetetic.net/sqlcipher/design/): 4096 bytes, of which the last 80 are the
initialisation vector (16) and a checksum (64); AES-256-CBC without padding; the first page begins with a salt of 16
bytes in clear. Log form after SQLite (https://www.sqlite.org/fileformat2.html#walformat): 32 bytes of header, then
frames of 24 bytes of header and one page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE_BYTES: Final = 4096
RESERVED_BYTES: Final = 80
VECTOR_BYTES: Final = 16
SALT_BYTES: Final = 16
LOG_MAGIC: Final = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
LOG_HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
# Bytes 16 and 17, and 20 to 23, of a database header that SQLCipher wrote: page size; reserved bytes and fractions.
SIZE: Final = PAGE_BYTES.to_bytes(2, "big")
RESERVED: Final = bytes([RESERVED_BYTES, 64, 32, 32])


def opener(key: bytes) -> Callable[[Path], Iterator[bytes] | None]:
    """A reader of files that this key opens: it gives their pages in clear, None for any other file."""

    def pages(path: Path) -> Iterator[bytes] | None:
        with path.open("rb") as file:
            first = file.read(PAGE_BYTES)
            if first[:4] in LOG_MAGIC:
                return _log_pages(path, key)
            if len(first) == PAGE_BYTES and _is_ours(_clear(key, first, SALT_BYTES)):
                return _database_pages(path, key)
        return None

    return pages


def _is_ours(first: bytes) -> bool:
    return first[:2] == SIZE and first[4:8] == RESERVED


def _database_pages(path: Path, key: bytes) -> Iterator[bytes]:
    with path.open("rb") as file:
        lead = SALT_BYTES
        while page := _whole_page(file):
            yield _clear(key, page, lead)
            lead = 0


def _log_pages(path: Path, key: bytes) -> Iterator[bytes]:
    """Frames of the log, old ones too; the first page of a database keeps its salt there as well, so both are tried."""
    with path.open("rb") as file:
        file.seek(LOG_HEADER_BYTES)
        while len(file.read(FRAME_HEADER_BYTES)) == FRAME_HEADER_BYTES and (page := _whole_page(file)):
            yield _clear(key, page, 0)
            yield _clear(key, page, SALT_BYTES)


def _whole_page(file: BinaryIO) -> bytes | None:
    page = file.read(PAGE_BYTES)
    return page if len(page) == PAGE_BYTES else None


def _clear(key: bytes, page: bytes, lead: int) -> bytes:
    end = PAGE_BYTES - RESERVED_BYTES
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(page[end : end + VECTOR_BYTES])).decryptor()
    return decryptor.update(page[lead:end]) + decryptor.finalize()
