"""The hash chain: each event carries the hash of the one before it.

`hash = BLAKE2b-256(prev || "seq|id|type|v|subject|body")` in UTF-8, `prev` of the first event is 32 zero bytes.
None of the hashed fields before `body` may contain "|", which the schema enforces, so the text has one reading.
Must not: know what an event means.
"""

from __future__ import annotations

import hashlib

GENESIS = bytes(32)


def link(prev: bytes, seq: int, id: str, type: str, v: int, subject: str, body: str) -> bytes:
    """The 32-byte hash of one event."""
    text = f"{seq}|{id}|{type}|{v}|{subject}|{body}"
    return hashlib.blake2b(prev + text.encode(), digest_size=32).digest()


def word(text: str) -> str:
    """`text` as it may stand in a hashed field: "|" would make two readings possible."""
    return text.replace("%", "%25").replace("|", "%7C")
