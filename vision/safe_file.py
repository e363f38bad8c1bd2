"""Files that are whole or absent, readable by the appliance alone, and removed after being overwritten.

Must not: know what is in them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

OWNER_ONLY = 0o600
OWNER_FOLDER = 0o700


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the target, flush to disk, then rename: a reader sees the old or the new file, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def destroy(path: Path) -> None:
    """Take the name away, overwrite in place, flush, remove: nobody reads half-overwritten content under its name.

    Who is killed meanwhile leaves a file with a dot before its name, for the next one to sweep. What a flash disk
    keeps of it is harmless: the content is encrypted.
    """
    going = path if path.name.startswith(".") else path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.replace(going)
    except FileNotFoundError:
        return
    with going.open("r+b") as file:
        file.write(secrets.token_bytes(going.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    going.unlink()
    _flush_folder(path.parent)


@contextlib.contextmanager
def one_writer(lock: Path) -> Iterator[None]:
    """Hold the lock file while changing what it guards; another process waits."""
    lock.parent.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
