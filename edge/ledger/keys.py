"""The database key: 32 random bytes in a file that only its owner can read.

Must not: print a key, weaken a file's mode, or write over a key that exists.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from edge.core.errors import BadInput

KEY_BYTES = 32


def load_or_create_key(path: Path, *, ledger: Path | None = None) -> bytes:
    """The key in `path`; made on the first start.

    `ledger` is the database that the key opens: where it exists and the key does not, no key is made, because
    a new one could never open it. Raises BadInput.
    """
    if path.exists():
        return load_key(path)
    if ledger is not None and ledger.exists():
        raise BadInput(str(path), f"the key is missing but {ledger} exists; put the key file back from its backup")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _create(path)
    except OSError as error:
        raise BadInput(str(path), f"the key cannot be written ({error}); make its folder writable") from None


def load_key(path: Path) -> bytes:
    """The 32 bytes of an existing key file. Raises BadInput when it is absent, open to others or malformed."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        key = path.read_bytes()
    except OSError as error:
        raise BadInput(str(path), f"the key cannot be read ({error}); give its path with --key-file") from None
    if mode & 0o077:
        raise BadInput(str(path), f"the key is open to others (mode {mode:04o}); run: chmod 600 {path}")
    if len(key) != KEY_BYTES:
        raise BadInput(str(path), f"a key has {KEY_BYTES} bytes, this file {len(key)}; put the right key file back")
    return key


def _create(path: Path) -> bytes:
    """Written beside and linked into place, so that a power cut leaves either no key or a whole one."""
    key = secrets.token_bytes(KEY_BYTES)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return load_key(path)  # another process was first: its key counts
    finally:
        draft.unlink()
    sync_folder(path.parent)
    return key


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
