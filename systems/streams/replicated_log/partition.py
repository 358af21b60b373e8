"""One partition as a broker has it: entries, what they say of producers, and what is committed.

An entry is ``(epoch, producer, producer's epoch, sequence, kind, key, value)``. Its epoch is that
of the leader that appended it; its kind is `DATA`, `OPEN` for data of a transaction, or `COMMIT` or
`ABORT`: markers that end a transaction. The position of an entry is its offset.

One topic is compacted: of each of its keys the newest value matters alone, and null, a tombstone,
says that the key is gone. What is overtaken becomes `GONE`: its header and key stay, so that
offsets, epochs and sequences are what they were, and its value is the offset of what overtook it.
That of a tombstone that is taken away, too, is its own.

Of other topics the oldest entries are forgotten, as `START` says, an entry like the others: once
it is committed, what is before the offset that it names is gone wherever it is known. So the start
of the log is the same for all who may lead, and never goes back. What the entries said of producers
stays, in a `Base`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

DATA, OPEN, COMMIT, ABORT, GONE = "data", "open", "commit", "abort", "gone"
START = "start"

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


Producers = dict[str, Producer]


class Base(NamedTuple):
    """What is left of the entries before the start of a log.

    Attributes:
        start: the offset of the first entry that is there.
        epoch: that of the entry before it.
        producers: name, epoch, sequence, offset of its last entry, and whether it had ended.
    """

    start: int = 0
    epoch: int = 0
    producers: tuple[tuple[str, int, int, int, bool], ...] = ()


class Forgetting(NamedTuple):
    """A `START` entry: where it is, the start that it names, and how many stable entries stay."""

    offset: int
    start: int
    keeps: int


@dataclass(frozen=True, slots=True)
class Span:
    """A transaction: the offsets of its first entry and of its marker."""

    first: int
    marker: int


class Partition:
    """The entries of one partition, in memory.

    Attributes:
        base: what is left of those that are forgotten.
        entries: all that are there.
        durable: the offset before which all are on disk.
        high_watermark: that before which all are committed: all in-sync replicas have them.
        aborted: offsets of entries of transactions that were aborted.
        cleaned: compaction has looked at what is before it: of that, overtaken values may be gone.
        horizon: of what is before it, tombstones may be gone.
        cuts: how often entries were cut off: an offset may then mean another entry than before.
    """

    def __init__(self) -> None:
        self.base = Base()
        self.entries: list[Entry] = []
        self.durable = 0
        self.high_watermark = 0
        self.aborted: set[int] = set()
        self.cleaned = 0
        self.horizon = 0
        self.cuts = 0
        self._live: dict[str, list[int]] = {}
        self._producers: Producers = {}
        self._spans: list[Span] = []
        self._forgettings: list[Forgetting] = []

    @property
    def start(self) -> int:
        """The offset of the first entry that is there."""
        return self.base.start

    @property
    def end(self) -> int:
        """The offset of the next entry."""
        return self.start + len(self.entries)

    def at(self, offset: int) -> Entry:
        """The entry at an offset."""
        return self.entries[offset - self.start]

    def between(self, first: int, end: int) -> tuple[Entry, ...]:
        """The entries from an offset on, before another one."""
        return tuple(self.entries[first - self.start : max(first, end) - self.start])

    def epoch_before(self, end: int) -> int:
        """The epoch of the entry before an offset; 0 if that is the first."""
        return self.at(end - 1).epoch if end > self.start else self.base.epoch

    def agrees(self, end: int, last_epoch: int) -> bool:
        """Whether another replica's entries, which end so, are the first of ours: one leader's
        entries at one offset are the same everywhere, and so is all before them."""
        return self.start <= end <= self.end and self.epoch_before(end) == last_epoch

    def end_of_epoch(self, epoch: int) -> int:
        """Where the entries of an epoch and of those before it end."""
        end = self.end
        while end > self.start and self.at(end - 1).epoch > epoch:
            end -= 1
        return end

    def append(self, entry: Entry) -> int:
        """Put an entry at the end; its offset."""
        self.entries.append(entry)
        self._learn(self.end - 1, entry)
        return self.end - 1

    def cut(self, end: int) -> None:
        """Forget the entries from an offset on, and what they said."""
        del self.entries[end - self.start :]
        self.durable = min(self.durable, end)
        self.high_watermark = min(self.high_watermark, end)
        self._learn_anew()

    def _learn_anew(self) -> None:
        self.cuts += 1
        self.aborted.clear()
        self.cleaned = self.horizon = 0
        self._live.clear()
        self._producers = _restored(self.base)
        self._spans.clear()
        self._forgettings.clear()
        for offset, entry in enumerate(self.entries, self.start):
            self._learn(offset, entry)

    def _learn(self, offset: int, entry: Entry) -> None:
        if entry.kind == START:
            self._forgettings.append(Forgetting(offset, *entry.value))
            return
        if entry.kind == DATA and entry.key.startswith(COMPACTED):
            self._live.setdefault(entry.key, []).append(offset)
        elif entry.kind == GONE:
            self.learn_gone(offset, entry)
        ended = _note(self._producers, offset, entry)
        if ended:
            self._spans.append(Span(ended[0], offset))
            self.aborted.update(ended if entry.kind == ABORT else ())

    # Retention

    @property
    def proposed(self) -> int:
        """The furthest start that any entry names, committed or not."""
        return max([self.start, *(each.start for each in self._forgettings)])

    @property
    def due(self) -> Forgetting | None:
        """What committed entries say to be forgotten, and isn't yet."""
        settled = [
            each
            for each in self._forgettings
            if each.offset < self.high_watermark and each.start > self.start
        ]
        return max(settled, key=lambda each: each.start, default=None)

    def forget(self, start: int) -> None:
        """Forget the entries before an offset; what they said of producers is kept."""
        producers = _restored(self.base)
        for offset in range(self.start, start):
            if self.at(offset).kind != START:
                _note(producers, offset, self.at(offset))
        kept = tuple(
            (name, p.epoch, p.sequence, p.offset, p.ended) for name, p in producers.items()
        )
        epoch = self.epoch_before(start)
        del self.entries[: start - self.start]
        self.base = Base(start, epoch, kept)
        self.durable = max(self.durable, start)
        self.high_watermark = max(self.high_watermark, start)
        self.aborted = {offset for offset in self.aborted if offset >= start}
        self._spans = [span for span in self._spans if span.marker >= start]
        self._forgettings = [each for each in self._forgettings if each.start > start]

    def restore(self, base: Base) -> None:
        """Begin where another replica's log does, with nothing behind that yet."""
        self.base = base
        self.entries.clear()
        self.durable = self.high_watermark = base.start
        self._learn_anew()

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
            if stable and stable[-1] < kept and self.at(stable[-1]).value is None:
                found.append((stable[-1], stable[-1]))
        return found

    @property
    def settled(self) -> int:
        """What is before it stays, and may overtake."""
        return self.last_stable if self._live else 0

    def bury(self, gone: Sequence[Buried]) -> None:
        """Take these away."""
        for offset, by in gone:
            entry = self.at(offset)
            self.entries[offset - self.start] = entry._replace(kind=GONE, value=by)
            self._live[entry.key].remove(offset)
            self.cleaned = max(self.cleaned, by + 1)
            if by == offset:
                self.horizon = max(self.horizon, offset + 1)

    def changes(self, offset: int, most: int) -> tuple[int, int, int, tuple[Change, ...]]:
        """Changes of the compacted topic from an offset on: where to go on, up to where overtaken
        values may be gone, up to where tombstones may, and what there is."""
        found: list[Change] = []
        upto = self.last_stable
        offset = max(offset, self.start)  # of this topic nothing is forgotten
        while offset < upto and len(found) < most:
            entry = self.at(offset)
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
            (at, self.at(at).key, self.at(at).value)
            for at in range(offset, upto)
            if self.at(at).kind in (DATA, OPEN) and at not in self.aborted
        )
        return max(offset, upto), found


def _note(producers: Producers, offset: int, entry: Entry) -> list[int] | None:
    """Learn what an entry says of its producer; if it ends a transaction, where the entries of that
    are."""
    producer = producers.get(entry.producer)
    if producer is None or producer.epoch < entry.producer_epoch:
        producer = producers[entry.producer] = Producer(entry.producer_epoch)
    if entry.kind in (DATA, OPEN, GONE):
        producer.sequence, producer.offset = entry.sequence, offset
        producer.ended = False
    if entry.kind == OPEN:
        producer.opened = [*(producer.opened or ()), offset]
    if entry.kind not in (COMMIT, ABORT):
        return None
    opened, producer.opened = producer.opened, None
    producer.ended = True
    return opened


def _restored(base: Base) -> Producers:
    return {
        name: Producer(epoch, sequence, offset, ended)
        for name, epoch, sequence, offset, ended in base.producers
    }
