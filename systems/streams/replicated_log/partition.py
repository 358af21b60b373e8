"""One partition as a broker has it: entries, what they say of producers, and what is committed.

An entry is ``(epoch, producer, producer's epoch, sequence, kind, key, value)``. Its epoch is that
of the leader that appended it; its kind is `DATA`, `OPEN` for data of a transaction, or `COMMIT` or
`ABORT`: markers that end a transaction. The position of an entry is its offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

DATA, OPEN, COMMIT, ABORT = "data", "open", "commit", "abort"


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
        cuts: how often entries were cut off: an offset may then mean another entry than before.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.durable = 0
        self.high_watermark = 0
        self.aborted: set[int] = set()
        self.cuts = 0
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
        self._producers.clear()
        self._spans.clear()
        for offset, entry in enumerate(self.entries):
            self._learn(offset, entry)

    def _learn(self, offset: int, entry: Entry) -> None:
        producer = self._producers.get(entry.producer)
        if producer is None or producer.epoch < entry.producer_epoch:
            producer = self._producers[entry.producer] = Producer(entry.producer_epoch)
        if entry.kind in (DATA, OPEN):
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
