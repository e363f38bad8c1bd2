"""Claims at a gate: somebody said who they are, so for some seconds a face is compared with those few alone.

A claim opens nothing. It lies in a small file of the state folder, because who takes the digits (a keypad, a page) is
another process than the one that watches the gate. Must not: keep the digits, or say whether they fitted anybody.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import msgspec

from edge.core.errors import BadInput
from vision import safe_file

MINUTE_NS = 60_000_000_000
CLAIMS_A_MINUTE = 6  # guessing four digits would take days


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who may stand at a gate, between two moments of the wall clock (Unix ns)."""

    shoppers: tuple[str, ...]
    by: Literal["digits", "code"]
    made_ns: int
    until_ns: int


class _File(msgspec.Struct, frozen=True, kw_only=True):
    claims: dict[str, list[Claim]]
    format: Literal[1] = 1


class Claims:
    """The claims of all gates, newest last; those older than a minute are gone. Read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._claims: dict[str, list[Claim]] = {}

    def at(self, gate: str, wall_ns: int) -> Claim | None:
        """The claim in force at a gate, None where there is none."""
        made = self._read().get(gate, [])
        return next((one for one in reversed(made) if one.made_ns <= wall_ns < one.until_ns), None)

    def make(self, gate: str, claim: Claim) -> None:
        """Add a claim. Raises BadInput where there were too many in the last minute."""
        fresh = {name: [one for one in made if claim.made_ns - one.made_ns < MINUTE_NS or one.until_ns > claim.made_ns]
                 for name, made in self._read().items()}  # fmt: skip
        before = fresh.get(gate, [])
        if sum(claim.made_ns - one.made_ns < MINUTE_NS for one in before) >= CLAIMS_A_MINUTE:
            raise BadInput(f"gate {gate}", f"{CLAIMS_A_MINUTE} claims in a minute; wait, or show a code or card")
        self._write({name: made for name, made in fresh.items() if made} | {gate: [*before, claim]})

    def drop(self, shopper: str) -> None:
        """Take every claim away that names a shopper."""
        kept = {gate: [one for one in made if shopper not in one.shoppers] for gate, made in self._read().items()}
        if kept != self._claims:
            self._write({gate: made for gate, made in kept.items() if made})

    def _read(self) -> dict[str, list[Claim]]:
        try:
            stat = self._path.stat()
        except OSError:
            self._seen, self._claims = None, {}
            return self._claims
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen != self._seen:
            self._seen, self._claims = seen, {}
            with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):  # a claim lost is made again
                self._claims = msgspec.json.decode(self._path.read_bytes(), type=_File).claims
        return self._claims

    def _write(self, claims: dict[str, list[Claim]]) -> None:
        safe_file.write_whole(self._path, msgspec.json.encode(_File(claims=claims)))
