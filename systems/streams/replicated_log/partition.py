"""One partition as a broker has it: entries, what they say of producers, and what is committed.

An entry is ``(epoch, producer, producer's epoch, sequence, kind, key, value)``. Its epoch is that
of the leader that appended it; its kind is `DATA`, `OPEN` for data of a transaction, or `COMMIT` or
`ABORT`: markers that end a transaction. The position of an entry is its offset.

One topic is compacted: of each of its keys the newest value matters alone, and null, a tombstone,
says that the key is gone. What is overtaken becomes `GONE`: its header and key stay, so that
offsets, epochs and sequences are what they were, and its value is the offset of what overtook it.
That of a tombstone that is taken away, too, is its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

DATA, OPEN, COMMIT, ABORT, GONE = "data", "open", "commit", "abort", "gone"

COMPACTED = "changes/"
"""What the keys of the compacted topic begin with."""

Change = tuple[str, Any]
"""A key of the compacted topic, and what it is now; null if it is gone."""

Buried = tuple[int, int]
"""The offset of an entry that is gone, and of what overtook it."""


class Entry(NamedTuple):
    """See the module."""

    epoch: int
    producer: str
    producer_epoch: int
    sequence: int
    kind: str
    key: str
    value: Any


@dataclass(slots=True)
class Producer:
    """What the entries say of a producer.

    Attributes:
        epoch: its newest; for a transactional one, the number of its transaction.
        sequence: that of its last entry.
        offset: where that is.
        ended: whether its transaction of this epoch has its marker.
        opened: offsets of its transaction without marker, in order.
    """

    epoch: int
    sequence: int = -1
    offset: int = -1
    ended: bool = False
    opened: list[int] | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A transaction: the offsets of its first entry and of its marker."""

    first: int
    marker: int


class Partition:
    """The entries of one partition, in memory.

    Attributes:
        entries: all of them.
        durable: how many of them are on disk.
        high_watermark: how many are known to be committed: all in-sync replicas have them.
        aborted: offsets of entries of transactions that were aborted.
        cleaned: compaction has looked at what is before it: of that, overtaken values may be gone.
        horizon: of what is before it, tombstones may be gone.
        cuts: how often entries were cut off: an offset may then mean another entry than before.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.durable = 0
        self.high_watermark = 0
        self.aborted: set[int] = set()
        self.cleaned = 0
        self.horizon = 0
        self.cuts = 0
        self._live: dict[str, list[int]] = {}
        self._producers: dict[str, Producer] = {}
        self._spans: list[Span] = []

    @property
    def end(self) -> int:
        """The offset of the next entry."""
        return len(self.entries)

    def epoch_before(self, end: int) -> int:
        """The epoch of the entry before an offset; 0 if that is the first."""
        return self.entries[end - 1].epoch if end else 0

    def agrees(self, end: int, last_epoch: int) -> bool:
        """Whether another replica's entries, which end so, are the first of ours: one leader's
        entries at one offset are the same everywhere, and so is all before them."""
        return end <= self.end and self.epoch_before(end) == last_epoch

    def end_of_epoch(self, epoch: int) -> int:
        """Where the entries of an epoch and of those before it end."""
        end = self.end
        while end and self.entries[end - 1].epoch > epoch:
            end -= 1
        return end

    def append(self, entry: Entry) -> int:
        """Put an entry at the end; its offset."""
        self.entries.append(entry)
        self._learn(self.end - 1, entry)
        return self.end - 1

    def cut(self, end: int) -> None:
        """Forget the entries from an offset on, and what they said."""
        del self.entries[end:]
        self.cuts += 1
        self.durable = min(self.durable, end)
        self.high_watermark = min(self.high_watermark, end)
        self.aborted.clear()
        self.cleaned = self.horizon = 0
        self._live.clear()
        self._producers.clear()
        self._spans.clear()
        for offset, entry in enumerate(self.entries):
            self._learn(offset, entry)

    def _learn(self, offset: int, entry: Entry) -> None:
        producer = self._producers.get(entry.producer)
        if producer is None or producer.epoch < entry.producer_epoch:
            producer = self._producers[entry.producer] = Producer(entry.producer_epoch)
        if entry.kind == DATA and entry.key.startswith(COMPACTED):
            self._live.setdefault(entry.key, []).append(offset)
        elif entry.kind == GONE:
            self.learn_gone(offset, entry)
        if entry.kind in (DATA, OPEN, GONE):
            producer.sequence, producer.offset = entry.sequence, offset
            producer.ended = False
        if entry.kind == OPEN:
            producer.opened = [*(producer.opened or ()), offset]
        elif entry.kind in (COMMIT, ABORT):
            opened, producer.opened = producer.opened, None
            producer.ended = True
            if opened:
                self._spans.append(Span(opened[0], offset))
                self.aborted.update(opened if entry.kind == ABORT else ())

    # Compaction

    def learn_gone(self, offset: int, entry: Entry) -> None:
        """An entry comes that is gone at the leader: so is what it had overtaken, which we may have
        from before."""
        self.cleaned = max(self.cleaned, entry.value + 1)
        if entry.value == offset:
            self.horizon = max(self.horizon, offset + 1)
        self.bury([(earlier, offset) for earlier in self._live.get(entry.key, ())])

    def overtaken(self, kept: int) -> list[Buried]:
        """What is to be gone: values that stable ones have overtaken, and tombstones that nothing
        has, if they are before `kept`."""
        found: list[Buried] = []
        upto = self.settled
        for offsets in self._live.values():
            stable = [offset for offset in offsets if offset < upto]
            found += pairwise(stable)
            if stable and stable[-1] < kept and self.entries[stable[-1]].value is None:
                found.append((stable[-1], stable[-1]))
        return found

    @property
    def settled(self) -> int:
        """What is before it stays, and may overtake."""
        return self.last_stable if self._live else 0

    def bury(self, gone: Sequence[Buried]) -> None:
        """Take these away."""
        for offset, by in gone:
            entry = self.entries[offset]
            self.entries[offset] = entry._replace(kind=GONE, value=by)
            self._live[entry.key].remove(offset)
            self.cleaned = max(self.cleaned, by + 1)
            if by == offset:
                self.horizon = max(self.horizon, offset + 1)

    def changes(self, offset: int, most: int) -> tuple[int, int, int, tuple[Change, ...]]:
        """Changes of the compacted topic from an offset on: where to go on, up to where overtaken
        values may be gone, up to where tombstones may, and what there is."""
        found: list[Change] = []
        upto = self.last_stable
        while offset < upto and len(found) < most:
            entry = self.entries[offset]
            if entry.kind == DATA and entry.key.startswith(COMPACTED):
                found.append((entry.key.removeprefix(COMPACTED), entry.value))
            offset += 1
        return offset, self.cleaned, self.horizon, tuple(found)

    # Producers

    def known(self, producer: str, epoch: int, sequence: int) -> int | None:
        """Where the entry of a request is that came before; None if it is new."""
        found = self._producers.get(producer)
        same = found is not None and (found.epoch, found.sequence) == (epoch, sequence)
        return found.offset if found is not None and same else None

    def refuses(self, producer: str, epoch: int, sequence: int) -> bool:
        """Whether a request is of a time that is over: of an older epoch, of a transaction that has
        ended, or overtaken by a later one."""
        found = self._producers.get(producer)
        if found is None or found.epoch < epoch:
            return False
        return found.epoch > epoch or found.ended or sequence <= found.sequence

    def marked(self, producer: str, epoch: int) -> bool:
        """Whether a transaction has its marker here."""
        found = self._producers.get(producer)
        return found is not None and (found.epoch > epoch or (found.epoch == epoch and found.ended))

    # Readers

    @property
    def last_stable(self) -> int:
        """Where what may be read ends: what is before it is committed, and each transaction in it
        has ended, by a marker that is committed, too."""
        end = self.high_watermark
        opened = [p.opened[0] for p in self._producers.values() if p.opened]
        ending = [span.first for span in self._spans if span.marker >= end]
        return min([end, *opened, *ending])

    def read(self, offset: int, most: int) -> tuple[int, tuple[tuple[int, str, Any], ...]]:
        """Data from an offset on: where to go on, and ``(offset, key, value)`` each."""
        upto = min(self.last_stable, offset + most)
        found = tuple(
            (at, self.entries[at].key, self.entries[at].value)
            for at in range(offset, upto)
            if self.entries[at].kind in (DATA, OPEN) and at not in self.aborted
        )
        return max(offset, upto), found
