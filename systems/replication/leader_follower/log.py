"""The replicated log in memory, and the records from which it is rebuilt.

Beside its entries a log has a *label*: the epoch whose leader last made it its own. All logs with
one label are prefixes of one another, so (label, length) orders logs by how much they know.

Of its beginning a log may have the effect alone, a *snapshot*: the state that the first so many
entries lead to. They are committed, so they are the beginning of every other log, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from splitbrain.systems.replication.leader_follower.epochs import EpochHistory


class Entry(NamedTuple):
    """One command of a client, at one place in the log.

    Attributes:
        epoch: the epoch in which a leader accepted it.
        session: which client asked.
        sequence: the client's number for it; a retry has the same.
        command: what to do (`machine`).
    """

    epoch: int
    session: int
    sequence: int
    command: tuple[Any, ...]


class Snapshot(NamedTuple):
    """What the first entries of a log lead to.

    Attributes:
        length: so many entries; 0 for the beginning of all.
        history: the shape of the log up to there.
        state: the replica's state there (`machine.Machine.state`).
    """

    length: int
    history: EpochHistory
    state: tuple[Any, ...]


NOTHING = Snapshot(0, (), ())
"""Before all entries."""


class Promise(NamedTuple):
    """Record: nothing from before `epoch` is accepted any more."""

    epoch: int


class Adopt(NamedTuple):
    """Record: the log is cut to `keep` entries, continued with `entries`, and labelled `epoch`.

    With a snapshot, `keep` is its length, and it is put in the place of what the log had.
    """

    epoch: int
    keep: int
    entries: tuple[Entry, ...]
    snapshot: Snapshot | None = None


class Extend(NamedTuple):
    """Record: `entries` follow, under the label that the log has."""

    entries: tuple[Entry, ...]


Record = Promise | Adopt | Extend


class Log:
    """A sequence of entries with a label.

    Attributes:
        base: the snapshot with which it begins.
        entries: the entries behind that; places are counted from 0, those in the snapshot, too.
        label: see the module.
        history: its shape, see `EpochHistory`.
    """

    def __init__(self) -> None:
        self.base = NOTHING
        self.entries: list[Entry] = []
        self.label = 0
        self.history: EpochHistory = ()

    def __len__(self) -> int:
        return self.base.length + len(self.entries)

    def extend(self, entries: Iterable[Entry]) -> None:
        """Append entries."""
        ends = dict(self.history)
        for entry in entries:
            self.entries.append(entry)
            ends[entry.epoch] = len(self)
        self.history = tuple(ends.items())

    def adopt(
        self, label: int, keep: int, entries: Iterable[Entry], snapshot: Snapshot | None = None
    ) -> None:
        """Replace all after the first `keep` entries, or all by a snapshot; change the label."""
        if snapshot is not None:
            self.base, self.history, self.entries = snapshot, snapshot.history, []
        del self.entries[keep - self.base.length :]
        kept: list[tuple[int, int]] = []
        for epoch, end in self.history:
            kept.append((epoch, min(end, keep)))
            if end >= keep:
                break
        self.history = tuple(kept) if keep else ()
        self.label = label
        self.extend(entries)

    def suffix(self, start: int, limit: int | None = None) -> tuple[Entry, ...]:
        """The entries from place `start` on, at most `limit` of them."""
        end = len(self) if limit is None else start + limit
        return tuple(self.entries[start - self.base.length : end - self.base.length])

    def from_place(self, start: int) -> tuple[int, Snapshot | None]:
        """From where on this log can tell its entries to one that lacks those from `start` on, and
        the snapshot of what is before, if that is later than `start`."""
        return (start, None) if start >= self.base.length else (self.base.length, self.base)

    def begin_with(self, state: tuple[Any, ...], length: int) -> None:
        """Keep of the first `length` entries only what they lead to."""
        history = [(epoch, min(end, length)) for epoch, end in self.history]
        within = next((n for n, (_, end) in enumerate(history, 1) if end == length), 0)
        del self.entries[: length - self.base.length]
        self.base = Snapshot(length, tuple(history[:within]), state)


@dataclass(slots=True)
class Durable:
    """What a server knows again after a crash.

    Attributes:
        epoch: the highest epoch that it promised.
        log: its log.
    """

    epoch: int = 0
    log: Log = field(default_factory=Log)

    @classmethod
    def replay(cls, records: Iterable[Record]) -> Durable:
        """The state that a sequence of records leads to."""
        durable = cls()
        for record in records:
            match record:
                case Promise(epoch):
                    durable.epoch = epoch
                case Adopt(epoch, keep, entries, snapshot):
                    durable.epoch = epoch
                    durable.log.adopt(epoch, keep, entries, snapshot)
                case Extend(entries):
                    durable.log.extend(entries)
        return durable
