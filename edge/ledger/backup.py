"""A whole, checked copy of the ledger while the daemon goes on writing.

`VACUUM INTO` reads one moment and never starts over, unlike the backup interface, which begins again on every
foreign write. Must not: leave an unchecked or half-written copy under the name that was asked for.
"""

from __future__ import annotations

import os
from pathlib import Path

from edge.core.errors import BadInput
from edge.ledger import connection
from edge.ledger.errors import LedgerDamaged, LedgerFull
from edge.ledger.keys import sync_folder
from edge.ledger.ledger import Ledger


def backup(source: Path, key: bytes, target: Path) -> dict[str, int]:
    """Copy `source` to `target` (which must not exist) under the same key; the copy's counts.

    Raises BadInput for a target that cannot be written, LedgerDamaged when the copy does not verify.
    """
    if target.exists():
        raise BadInput(str(target), "it exists already and a backup never writes over a file; give a new name")
    if not target.parent.is_dir():
        raise BadInput(str(target), "its folder does not exist; make it first")
    draft = target.with_name(f".{target.name}.draft")
    try:
        draft.unlink(missing_ok=True)
        _copy(source, key, draft)
        counts = _prove(source, draft, key)
        os.replace(draft, target)
        sync_folder(target.parent)
        return counts
    except LedgerFull as error:
        raise LedgerFull(str(target), error.text) from error
    except OSError as error:
        cure = "free space, or choose another place"
        raise BadInput(str(target), f"the copy cannot be written ({error.strerror}); {cure}") from None
    finally:
        for left in ("", "-journal", "-wal", "-shm"):
            draft.with_name(draft.name + left).unlink(missing_ok=True)


def _copy(source: Path, key: bytes, draft: Path) -> None:
    database = connection.connect_reader(source, key)
    try:
        with connection.translated(draft):
            database.conn.execute("VACUUM INTO ?", [str(draft)])
    except LedgerDamaged as error:
        raise LedgerDamaged(str(source), error.text) from error  # what cannot be read is not the copy
    finally:
        database.close()
    os.chmod(draft, 0o600)
    handle = os.open(draft, os.O_RDONLY)  # no connection of this process has the copy open
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prove(source: Path, draft: Path, key: bytes) -> dict[str, int]:
    copy = Ledger.inspect(draft, key)
    try:
        found = copy.verify()
        if found:
            text = f"its copy does not verify ({'; '.join(found[:5])}); run `muin ledger verify` on the ledger itself"
            raise LedgerDamaged(str(source), text)
        return copy.counts()
    finally:
        copy.close()
