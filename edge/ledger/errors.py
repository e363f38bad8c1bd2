"""What can go wrong with the books, each with its place and cure.

Must not: hide a cause. Nothing here ever means "start with an empty ledger instead".
"""

from __future__ import annotations

from edge.core.errors import BadInput


class LedgerDamaged(BadInput):
    """The file's content is not what was written: a bad page, a broken chain link, a missing table."""


class WrongKey(BadInput):
    """The file does not open with this key: another key, not a ledger, or a damaged first page."""


class LedgerBusy(BadInput):
    """Another process writes this ledger."""


class LedgerFull(BadInput):
    """The disk takes no more: nothing of this transaction was written, everything before it is intact."""


class ForkFound(BadInput):
    """The hub and this box know different histories: a cloned box or a restored backup, on one side."""


class FactRefused(Exception):
    """A decision that the books cannot take: the same id with other content, or a sum that does not add up.

    It names our own mistake (or a hub that changed its mind), so it is not a BadInput. Nothing of the decision
    was written.
    """

    def __init__(self, fact: str, text: str) -> None:
        self.fact = fact
        self.text = text
        super().__init__(f"{fact}: {text}")
