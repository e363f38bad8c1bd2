"""Codes and cards of shoppers: salted hashes of random tokens, in a file of their own.

It is apart from the face gallery on purpose: a damaged gallery must not stop the other way in. Must not: hold a
token in clear, or read a clock.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from edge.core.errors import BadInput
from vision import safe_file

SALT_BYTES = 16
Method: TypeAlias = Literal["qr", "card", "member"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One code. `valid_until` is the last day it is good for (YYYY-MM-DD, UTC), None = until revoked.

    A code of the method "member" only says who somebody claims to be; it opens nothing.
    """

    digest: str
    shopper: str
    method: Method = "qr"
    valid_until: str | None = None


class _File(msgspec.Struct, frozen=True, kw_only=True):
    salt: str
    codes: list[Entry]
    format: Literal[1] = 1


class Roster:
    """All codes of the shop. Reading costs one HMAC, whatever the number of shoppers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._adopt(_read(path))

    def find(self, token: str) -> Entry | None:
        """The entry of a token, None where there is none."""
        return self._by_digest.get(self._digest(token))

    def has(self, shopper: str) -> bool:
        """Whether the shopper has a code or card that opens."""
        return any(entry.shopper == shopper and entry.method != "member" for entry in self._file.codes)

    def issue(self, token: str, shopper: str, method: Method, valid_until: str | None) -> None:
        """Give a shopper a code. It takes the place of their older ones of this method (a lost phone)."""
        kept = [entry for entry in self._file.codes if (entry.shopper, entry.method) != (shopper, method)]
        entry = Entry(digest=self._digest(token), shopper=shopper, method=method, valid_until=valid_until)
        self._write([*kept, entry])

    def revoke(self, shopper: str) -> int:
        """Take all codes of a shopper away; says how many there were."""
        kept = [entry for entry in self._file.codes if entry.shopper != shopper]
        gone = len(self._file.codes) - len(kept)
        if gone:
            self._write(kept)
        return gone

    def _digest(self, token: str) -> str:
        return hmac.new(bytes.fromhex(self._file.salt), token.encode(), hashlib.sha256).hexdigest()

    def _write(self, codes: list[Entry]) -> None:
        changed = _File(salt=self._file.salt, codes=codes)
        safe_file.write_whole(self._path, msgspec.json.format(msgspec.json.encode(changed)))
        self._adopt(changed)

    def _adopt(self, file: _File) -> None:
        self._file = file
        self._by_digest = {entry.digest: entry for entry in file.codes}


def _read(path: Path) -> _File:
    if not path.exists():
        return _File(salt=secrets.token_hex(SALT_BYTES), codes=[])
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
        bytes.fromhex(found.salt)
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise BadInput(str(path), f"is damaged ({error}); restore it from a backup or issue the codes again") from None
    return found
