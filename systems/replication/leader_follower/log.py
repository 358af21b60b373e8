"""The replicated log in memory, and the records from which it is rebuilt.

Beside its entries a log has a *label*: the epoch whose leader last made it its own. All logs with
one label are prefixes of one another, so (label, length) orders logs by how much they know.
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
        command: what to do: ``("write", key, value)``, ``("add", element)`` or
            ``("cas", key, old, new)``.
    """

    epoch: int
    session: int
    sequence: int
    command: tuple[Any, ...]


class Promise(NamedTuple):
    """Record: nothing from before `epoch` is accepted any more."""

    epoch: int


class Adopt(NamedTuple):
    """Record: the log is cut to `keep` entries, continued with `entries`, and labelled `epoch`."""

    epoch: int
    keep: int
    entries: tuple[Entry, ...]


class Extend(NamedTuple):
    """Record: `entries` follow, under the label that the log has."""

    entries: tuple[Entry, ...]


Record = Promise | Adopt | Extend


class Log:
    """A sequence of entries with a label.

    Attributes:
        entries: the entries; entry i is at place i, counted from 0.
        label: see the module.
        history: its shape, see `EpochHistory`.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.label = 0
        self.history: EpochHistory = ()

    def __len__(self) -> int:
        return len(self.entries)

    def extend(self, entries: Iterable[Entry]) -> None:
        """Append entries."""
        ends = dict(self.history)
        for entry in entries:
            self.entries.append(entry)
            ends[entry.epoch] = len(self.entries)
        self.history = tuple(ends.items())

    def adopt(self, label: int, keep: int, entries: Iterable[Entry]) -> None:
        """Replace all after the first `keep` entries, and change the label."""
        del self.entries[keep:]
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
        return tuple(self.entries[start:] if limit is None else self.entries[start : start + limit])


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
                case Adopt(epoch, keep, entries):
                    durable.epoch = epoch
                    durable.log.adopt(epoch, keep, entries)
                case Extend(entries):
                    durable.log.extend(entries)
        return durable
