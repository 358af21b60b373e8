"""The replicated log in memory: the entries after a base that compaction moves forward.

::

    index     1 .. 40 | 41 42 43 44
              compacted  entries[0..3]          base_index = 40

Invariant: ``base_index + len(entries) == last_index``, and terms never decrease along the log.
"""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.systems.consensus.raft.messages import Entry


class Log:
    """Log entries by index. The entry at the base is gone, but its term is remembered."""

    __slots__ = ("base_index", "base_term", "entries", "last_index", "last_term")

    def __init__(self, base_index: int, base_term: int, entries: Iterable[Entry]) -> None:
        self.base_index = base_index
        self.base_term = base_term
        self.entries: list[Entry] = []
        self.last_index = base_index
        self.last_term = base_term
        self.extend(entries)

    def term(self, index: int) -> int:
        """The term of the entry at `index`, or -1 if the log doesn't know it."""
        position = index - self.base_index
        if 0 < position <= len(self.entries):
            return self.entries[position - 1].term
        return self.base_term if position == 0 else -1

    def entry(self, index: int) -> Entry:
        """The entry at `index`, which must be after the base."""
        assert self.base_index < index <= self.last_index, f"no entry {index}"
        return self.entries[index - self.base_index - 1]

    def after(self, index: int, limit: int) -> tuple[Entry, ...]:
        """At most `limit` entries that follow `index`, which must not be before the base."""
        start = index - self.base_index
        assert start >= 0, f"entries after {index} were compacted up to {self.base_index}"
        return tuple(self.entries[start : start + limit])

    def tail(self, first: int) -> tuple[Entry, ...]:
        """All entries from `first` on, which must be after the base."""
        return tuple(self.entries[first - self.base_index - 1 :])

    def extend(self, entries: Iterable[Entry]) -> None:
        """Put entries at the end."""
        for entry in entries:
            assert entry.term >= self.last_term, "terms decrease along the log"
            self.entries.append(entry)
            self.last_index += 1
            self.last_term = entry.term

    def truncate(self, index: int) -> None:
        """Remove the entry at `index` and all after it."""
        assert self.base_index < index <= self.last_index, f"nothing to truncate at {index}"
        del self.entries[index - self.base_index - 1 :]
        self.last_index = index - 1
        self.last_term = self.term(index - 1)

    def compact(self, index: int) -> None:
        """Forget the entries up to and including `index`."""
        assert self.base_index <= index <= self.last_index
        term = self.term(index)
        del self.entries[: index - self.base_index]
        self.base_index, self.base_term = index, term

    def first_of_term(self, index: int) -> int:
        """The first index of the run of entries that have the same term as the one at `index`."""
        term = self.term(index)
        while index - 1 > self.base_index and self.term(index - 1) == term:
            index -= 1
        return index

    def last_of_term(self, term: int, before: int) -> int:
        """The last index under `before` with an entry of `term`, or 0 if there is none."""
        for index in range(min(before - 1, self.last_index), self.base_index, -1):
            found = self.term(index)
            if found == term:
                return index
            if found < term:  # terms never decrease: it can't come any more
                break
        return 0
