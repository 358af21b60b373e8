"""What Raft servers say to each other and to their clients: immutable tuples, kind first.

The sender is not part of a message: the network tells it. Indices count log entries from 1; terms
count from 1; 0 means "before the first". Names follow figure 2 and figure 13 of the Raft paper.

Clients ask (`splitbrain.systems.consensus.asking`) for these, too::

    ("transfer", server)                          have this server lead
    ("members",)                                  who is a member: voters, outgoing, learners
    ("change", voters, learners)                  have these be the members
"""

from __future__ import annotations

from typing import Any, NamedTuple

from splitbrain.systems.consensus.raft.configuration import Configuration

REQUEST_VOTE = "request-vote"
VOTE = "vote"
PRE_VOTE = "pre-vote"
WOULD_VOTE = "would-vote"
TIMEOUT_NOW = "timeout-now"
APPEND = "append"
APPENDED = "appended"
REJECTED = "rejected"
SNAPSHOT = "snapshot"
RECEIVED = "received"


class Entry(NamedTuple):
    """A log entry. The command is None for the no-op that opens a leader's term."""

    term: int
    command: Any


class RequestVote(NamedTuple):
    """A candidate asks for a vote (5.2); `last_*` describe the end of its log (5.4.1).

    `transfer`: the leader itself wants it to lead (thesis 3.10), so nobody need protect the leader.
    """

    kind: str
    term: int
    last_index: int
    last_term: int
    transfer: bool = False


class Vote(NamedTuple):
    """The answer to `RequestVote`."""

    kind: str
    term: int
    granted: bool


class PreVote(NamedTuple):
    """Who would vote for the sender in the term after `term`, which is its present one (9.6)?"""

    kind: str
    term: int
    last_index: int
    last_term: int


class WouldVote(NamedTuple):
    """The answer to a `PreVote` that was asked in term `asked`."""

    kind: str
    term: int
    granted: bool
    asked: int


class TimeoutNow(NamedTuple):
    """The leader wants the receiver to campaign at once (thesis 3.10)."""

    kind: str
    term: int


class AppendEntries(NamedTuple):
    """The leader replicates `entries` after `previous_index`; without entries, a heartbeat (5.3).

    `number` counts the messages that this leader has sent in its term. The answer returns it, so
    answers to older messages are known as such, and reads can tell what was sent after they came.
    """

    kind: str
    term: int
    previous_index: int
    previous_term: int
    entries: tuple[Entry, ...]
    commit: int
    number: int


class Appended(NamedTuple):
    """The sender's durable log equals the leader's up to and including `match`."""

    kind: str
    term: int
    match: int
    number: int


class Rejected(NamedTuple):
    """The sender has no entry at `previous_index` of the term that the leader named there.

    `conflict_term` is the term it has there instead, and `conflict_index` the first index of that
    term in its log; a log that is too short says term 0 and its end plus one (5.3, last part).
    """

    kind: str
    term: int
    previous_index: int
    conflict_index: int
    conflict_term: int
    number: int


class InstallSnapshot(NamedTuple):
    """A piece of the state after applying every entry up to `last_index` (section 7, figure 13).

    `data` begins at byte `offset`; `done`: it is the last piece. `members` are those by then.
    """

    kind: str
    term: int
    last_index: int
    last_term: int
    members: Configuration
    offset: int
    data: bytes
    done: bool
    number: int


class Received(NamedTuple):
    """The sender has the first `offset` bytes of the snapshot up to `last_index`."""

    kind: str
    term: int
    last_index: int
    offset: int
    number: int
