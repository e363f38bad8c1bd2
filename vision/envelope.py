"""Encryption of face templates at rest: one data key per shopper, wrapped by the key of the device.

AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces; the additional data bind a text to its shopper and purpose,
so that rows cannot be swapped. Destroying the wrapped key makes every copy of the text unreadable, backups included.
Must not: touch a file other than the device key, or keep a key longer than its caller.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.core.errors import BadInput
from vision import safe_file

KEY_BYTES = 32
NONCE_BYTES = 12


def new_key() -> bytes:
    """A random AES-256 key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plain: bytes, bound_to: dict[str, Any]) -> bytes:
    """Nonce and cipher text; `bound_to` must be the same when it is opened."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, _bytes(bound_to))


def unseal(key: bytes, sealed: bytes, bound_to: dict[str, Any], place: str) -> bytes:
    """The plain text. Raises BadInput where the text, the key or what it is bound to is not the one sealed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bytes(bound_to))
    except (InvalidTag, ValueError):
        cure = "it was damaged, swapped or sealed by another device; enrol this shopper again"
        raise BadInput(place, f"cannot be decrypted: {cure}") from None


def device_key(path: Path, create: bool = False) -> bytes:
    """The key of this device. Made when `create` and there is none; refused when others can read it."""
    if create and not path.exists():
        safe_file.write_whole(path, new_key())
    try:
        mode, key = stat.S_IMODE(path.stat().st_mode), path.read_bytes()
    except OSError as error:
        raise BadInput(str(path), f"the device key cannot be read ({error}); restore it or enrol again") from None
    if mode & 0o077:
        raise BadInput(str(path), f"the device key is open to others (mode {mode:o}); run: chmod 600 {path}")
    if len(key) != KEY_BYTES:
        raise BadInput(str(path), f"is not a device key ({len(key)} bytes, not {KEY_BYTES}); restore it or enrol again")
    return key


def _bytes(bound_to: dict[str, Any]) -> bytes:
    return json.dumps(bound_to, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
