"""Payload bytes <-> checked structs: size, compression, depth, strict types, in that order.

Whatever arrives is hostile until it has passed here. Must not: let any exception but BadInput escape, or decode
more than `MAX_PLAIN_BYTES`.
"""

from __future__ import annotations

import gzip
import re
import zlib
from typing import Final, TypeVar

import msgspec

from edge.core.errors import BadInput

MAX_WIRE_BYTES: Final = 128 * 1024
MAX_PLAIN_BYTES: Final = 1024 * 1024
GZIP_ABOVE_BYTES: Final = 4 * 1024
MAX_DEPTH: Final = 16

_GZIP_MAGIC = b"\x1f\x8b"
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)  # the closing quote is optional: an open text must not cost n * n
_BRACKET = re.compile(rb"[\[\]{}]")
_T = TypeVar("_T")


def pack(message: object, place: str) -> bytes:
    """JSON bytes of a message, gzipped above `GZIP_ABOVE_BYTES`. Raises BadInput where it is too large to send."""
    plain = msgspec.json.encode(message)
    if len(plain) > MAX_PLAIN_BYTES:
        raise BadInput(place, f"is {len(plain)} bytes, more than {MAX_PLAIN_BYTES}; send less at once")
    payload = plain if len(plain) <= GZIP_ABOVE_BYTES else gzip.compress(plain, compresslevel=6, mtime=0)
    if len(payload) > MAX_WIRE_BYTES:
        raise BadInput(place, f"is {len(payload)} bytes packed, more than {MAX_WIRE_BYTES}; send less at once")
    return payload


def unpack(payload: bytes, kind: type[_T], place: str) -> _T:
    """The message in `payload`. Raises BadInput that says what is wrong; never anything else."""
    plain = _plain(payload, place)
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(place, "is not UTF-8 text") from None
    if _depth(plain) > MAX_DEPTH:
        raise BadInput(place, f"is nested deeper than {MAX_DEPTH}")
    try:
        return msgspec.json.decode(plain, type=kind, strict=True)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise BadInput(place, f"is not a {kind.__name__}: {str(error)[:200]}") from None


def _plain(payload: bytes, place: str) -> bytes:
    if len(payload) > MAX_WIRE_BYTES:
        raise BadInput(place, f"is {len(payload)} bytes, more than {MAX_WIRE_BYTES}")
    if not payload.startswith(_GZIP_MAGIC):
        return payload
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(payload, MAX_PLAIN_BYTES)
    except zlib.error as error:
        raise BadInput(place, f"is a broken gzip stream: {error}") from None
    if unpacker.unconsumed_tail:
        raise BadInput(place, f"unpacks to more than {MAX_PLAIN_BYTES} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise BadInput(place, "is a cut or padded gzip stream")
    return plain


def _depth(plain: bytes) -> int:
    """Deepest nesting of brackets outside of texts. Linear, and safe on bytes that are not JSON."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(_TEXT.sub(b"", plain)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
