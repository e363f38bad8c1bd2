"""Go-back-N: what was sent on this connection and what the hub has receipted.

Pure. Source: sliding-window ARQ with cumulative acknowledgement; the unit is a batch, numbers are those of events.
Must not: know brokers, time or a database.
"""

from __future__ import annotations

from collections import deque


class Window:
    """State of one connection. After a loss a new one is made from the receipted number: everything goes again."""

    def __init__(self, acked: int, size: int) -> None:
        self.acked = acked
        self.sent_upto = acked
        self.size = size
        self._batches: deque[int] = deque()

    @property
    def in_flight(self) -> int:
        """Batches sent and not receipted."""
        return len(self._batches)

    @property
    def has_room(self) -> bool:
        """Whether another batch may be sent."""
        return len(self._batches) < self.size

    def sent(self, upto: int) -> None:
        """A batch ending with `upto` was handed to the broker."""
        self._batches.append(upto)
        self.sent_upto = upto

    def receipted(self, upto: int) -> bool:
        """A receipt came. True where it moved something; an old or repeated one does not."""
        if upto <= self.acked:
            return False
        self.acked = upto
        self.sent_upto = max(self.sent_upto, upto)
        while self._batches and self._batches[0] <= upto:
            self._batches.popleft()
        return True
