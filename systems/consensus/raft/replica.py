"""One server's copy of the data: the log, the snapshot behind it, and the machine that it feeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from splitbrain.systems.consensus.raft.configuration import (
    CONFIGURATION,
    Configuration,
    configuration_of,
)
from splitbrain.systems.consensus.raft.effects import Snapshot, Stored
from splitbrain.systems.consensus.raft.log import Log


class Machine(Protocol):
    """What the log is applied to; it must be deterministic. Results are (status, value).

    Attributes:
        queries: how many queries it has answered.
    """

    queries: int

    def apply(self, index: int, command: Any) -> tuple[str, Any]:
        """Apply the command at this log index (None for a no-op) and return its result."""
        ...

    def query(self, operation: Any) -> tuple[str, Any]:
        """The result of an operation that changes nothing."""
        ...

    def state(self) -> Any:
        """The applied state as an immutable value, for inspection."""
        ...

    def snapshot(self) -> bytes:
        """All of the state; equal states give equal bytes."""
        ...

    def restore(self, data: bytes) -> None:
        """Become the state that `snapshot` described."""
        ...


class Replica:
    """Log, snapshot and machine. It sends nothing and saves nothing: that is its callers' part.

    Attributes:
        log: the entries after its base, which is never past the snapshot.
        snapshot: the last that was taken or installed; never past `applied`.
        machine: what committed entries are applied to, in order, each once.
        commit: the greatest index known to be committed; at most the log's last, never decreases.
        applied: how far the machine is; at most `commit`, and equal between stimuli.
        configurations: those of the log and the one before, with their indices, which increase; the
            last one counts.
    """

    __slots__ = ("applied", "commit", "configurations", "log", "machine", "snapshot")

    def __init__(self, machine: Machine, stored: Stored, members: Configuration) -> None:
        self.machine = machine
        self.snapshot = stored.snapshot
        self.log = Log(stored.log.base_index, stored.log.base_term, stored.log.entries)
        self.commit = self.applied = 0
        self.configurations = [(0, members)]
        if stored.snapshot is not None:
            machine.restore(stored.snapshot.data)
            self.commit = self.applied = stored.snapshot.last_index
            self.configurations = [(stored.snapshot.last_index, stored.snapshot.members)]
        self.note(self.log.base_index + 1)

    @property
    def members(self) -> Configuration:
        """The configuration that counts: the last in the log, committed or not (thesis 4.1)."""
        return self.configurations[-1][1]

    @property
    def settled(self) -> bool:
        """Whether it is committed."""
        return self.configurations[-1][0] <= self.commit

    def note(self, first: int) -> None:
        """The log was replaced from `first` on: so are its configurations."""
        known, log = self.configurations, self.log
        while len(known) > 1 and known[-1][0] >= first:
            known.pop()
        first = max(first, known[-1][0] + 1, log.base_index + 1)
        for index, entry in enumerate(log.entries[first - log.base_index - 1 :], first):
            found = configuration_of(entry.command)
            if found is not None:
                known.append((index, found))

    def members_at(self, index: int) -> Configuration:
        """Who were the members when the log ended at `index`, which is not before its snapshot."""
        return [members for since, members in self.configurations if since <= index][-1]

    def apply(self) -> Iterator[tuple[int, str, Any]]:
        """Apply committed entries in order; the index and the result of each."""
        assert self.commit <= self.log.last_index
        while self.applied < self.commit:
            index = self.applied + 1
            command = self.log.entry(index).command
            if command is not None and command[0] == CONFIGURATION:
                command = None  # the machine need not know of the cluster
            status, value = self.machine.apply(index, command)
            self.applied = index
            yield index, status, value

    def compact(self, keep: int) -> Snapshot:
        """Take a snapshot of what is applied; forget all entries before it but the last `keep`."""
        log = self.log
        term = log.term(self.applied)
        log.compact(max(log.base_index, self.applied - keep))
        members = self.members_at(self.applied)
        self.snapshot = Snapshot(self.applied, term, self.machine.snapshot(), members)
        later = [(since, known) for since, known in self.configurations if since > self.applied]
        self.configurations = [(self.applied, members), *later]
        return self.snapshot

    def install(self, snapshot: Snapshot) -> None:
        """Become a leader's snapshot; keep the log only if it continues it (figure 13)."""
        if self.log.term(snapshot.last_index) == snapshot.last_term:
            self.log.compact(snapshot.last_index)
        else:
            self.log = Log(snapshot.last_index, snapshot.last_term, ())
        self.machine.restore(snapshot.data)
        self.commit = self.applied = snapshot.last_index
        self.snapshot = snapshot
        self.configurations = [(snapshot.last_index, snapshot.members)]
        self.note(snapshot.last_index + 1)
