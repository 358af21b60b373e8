"""What the core wants done: messages to send, things to make durable, news for the shell.

Effects come in order. The shell numbers the *saves* among them (`SaveState`, `SaveEntries`,
`SaveSnapshot`) from 1, makes them durable in that order, and reports each batch with `Raft.saved`.
A `Send` that is marked ``durable`` must not leave before every save that precedes it is durable;
the others may leave at once.
"""

from __future__ import annotations

from typing import NamedTuple

from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.messages import Entry
from splitbrain.systems.consensus.sending import Send


class SaveState(NamedTuple):
    """Make the current term and the vote cast in it durable (figure 2, persistent state)."""

    term: int
    vote: str | None


class SaveEntries(NamedTuple):
    """Make log entries durable; they replace whatever the log held from index `first` on."""

    first: int
    entries: tuple[Entry, ...]


class Snapshot(NamedTuple):
    """The state machine after applying every entry up to `last_index`, which is of `last_term`, and
    who were the members by then."""

    last_index: int
    last_term: int
    data: bytes
    members: Configuration


class LogImage(NamedTuple):
    """All that a compacted log starts again from: term, vote, where it begins, what it holds."""

    term: int
    vote: str | None
    base_index: int
    base_term: int
    entries: tuple[Entry, ...]


class SaveSnapshot(NamedTuple):
    """Make the snapshot durable, and after that (never before) replace the log by `log`."""

    snapshot: Snapshot
    log: LogImage


class RoleChanged(NamedTuple):
    """This server became `role` in `term`; it becomes leader of a term once at most."""

    role: str
    term: int


class SnapshotInstalled(NamedTuple):
    """The state machine was replaced by a leader's snapshot up to `last_index`."""

    last_index: int


Effect = Send | SaveState | SaveEntries | SaveSnapshot | RoleChanged | SnapshotInstalled


class Stored(NamedTuple):
    """What a server finds on its disk when it starts."""

    snapshot: Snapshot | None
    log: LogImage


NOTHING_STORED = Stored(None, LogImage(0, None, 0, 0, ()))
