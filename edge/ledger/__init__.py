"""The books: an encrypted SQLite file with a hash-chained log, double-entry money and what follows from them.

`Ledger` is used by one thread, in the daemon by `LedgerWriter`'s. Must not: import a sense, a device or the uplink.
"""

from edge.ledger.errors import FactRefused, ForkFound, LedgerBusy, LedgerDamaged, LedgerFull, WrongKey
from edge.ledger.keys import load_key, load_or_create_key
from edge.ledger.ledger import Ledger
from edge.ledger.rows import InboxRow, OutboxRow, Saved
from edge.ledger.writer import LedgerWriter

__all__ = [
    "FactRefused",
    "ForkFound",
    "InboxRow",
    "Ledger",
    "LedgerBusy",
    "LedgerDamaged",
    "LedgerFull",
    "LedgerWriter",
    "OutboxRow",
    "Saved",
    "WrongKey",
    "load_key",
    "load_or_create_key",
]
