"""The log as the two halves of a server see it: records, and what to do once they are on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from splitbrain.systems.transactions.log import Record


class Journal:
    """Numbers records on from those that are in the log already.

    Args:
        count: how many these are.

    Attributes:
        records: what is to be written, in order; whoever writes it takes it out.
    """

    def __init__(self, count: int) -> None:
        self.records: list[Record] = []
        self._number = count
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()

    def log(self, record: Record) -> int:
        """Add a record; its number."""
        self.records.append(record)
        self._number += 1
        return self._number

    def force(self, record: Record, then: Callable[[], None]) -> None:
        """Add a record, and call `then` when it is on disk."""
        self._waiting.append((self.log(record), then))

    def durable(self, number: int) -> None:
        """All records up to this number are on disk."""
        while self._waiting and self._waiting[0][0] <= number:
            self._waiting.popleft()[1]()
