"""Ids that derive from facts, so that a replay, on any machine and in any arrival order, gives the same ids.

The facts are the run id, the source and the captured time of what began the thing, not the arrival number:
arrival differs between two runs of the same day. Must not: use chance or a clock.
"""

from __future__ import annotations

import hashlib


def fact_id(prefix: str, *facts: str | int) -> str:
    """`prefix-` and 20 hex digits (80 bits) of BLAKE2b over the facts, each with its length so none can merge."""
    digest = hashlib.blake2b(digest_size=10)
    for fact in facts:
        text = str(fact).encode()
        digest.update(f"{len(text)}:".encode())
        digest.update(text)
    return f"{prefix}-{digest.hexdigest()}"
