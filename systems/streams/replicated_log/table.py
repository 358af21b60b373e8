"""A table that a consumer makes of the compacted topic: what each key is, up to a position.

It reads on where it was, however long that is ago. What compaction has taken away meanwhile it need
not know, with two exceptions. A value that was overtaken may be gone before the table has read what
overtook it, so the table is right once it is where compaction was. And a tombstone may be gone that
would have told of a key which the table still has: then it begins anew.
"""

from __future__ import annotations

from typing import Any

from splitbrain.systems.streams.replicated_log.partition import Change


class Table:
    """Keys and values of the topic's changes before a position.

    Invariants: there is no key whose tombstone was taken away unread.

    Attributes:
        position: the offset of the next change.
        values: by key.
    """

    def __init__(self) -> None:
        self.position = 0
        self.values: dict[str, Any] = {}
        self._horizon = 0
        self._cleaned = 0

    def take(self, upto: int, cleaned: int, horizon: int, changes: tuple[Change, ...]) -> None:
        """Take what a broker has from the position on; see `Partition.changes`."""
        if self.misses(horizon):
            self.position = self._horizon = self._cleaned = 0
            self.values.clear()
            return
        for key, value in changes:
            self.values.pop(key, None)
            if value is not None:
                self.values[key] = value
        self.position = max(self.position, upto)
        self._horizon = max(self._horizon, horizon)
        self._cleaned = max(self._cleaned, cleaned)

    def misses(self, horizon: int) -> bool:
        """Whether tombstones are gone, since it began, that it has not read. What was gone before
        had gone together with all that it told of."""
        return 0 < self.position < horizon and self._horizon < horizon

    def is_at(self, position: int) -> bool:
        """Whether it has all changes before a position, and is right."""
        return self.position >= max(position, self._cleaned)
