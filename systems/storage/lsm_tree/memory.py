"""What is in memory alone: keys with their newest values, deleted ones too."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from splitbrain.systems.storage.engine import Batch
from splitbrain.systems.storage.lsm_tree.tables import Entry


class Memory:
    """A memtable.

    Attributes:
        entries: the value of each key; None is a tombstone.
        bytes: how much it holds.
    """

    def __init__(self, entries: dict[bytes, bytes | None] | None = None) -> None:
        self.entries: dict[bytes, bytes | None] = {}
        self.bytes = 0
        self._keys: list[bytes] | None = None
        self.apply(list((entries or {}).items()))

    def apply(self, batch: Batch) -> None:
        """Do the writes of a batch."""
        for key, value in batch:
            self.entries[key] = value
            self.bytes += len(key) + len(value or b"")
        self._keys = None

    def after(self, key: bytes | None) -> Iterator[Entry]:
        """The entries behind a key (None: all), in order."""
        if self._keys is None:
            self._keys = sorted(self.entries)
        keys = self._keys
        start = 0 if key is None else bisect_right(keys, key)
        return ((k, self.entries[k]) for k in keys[start:])
