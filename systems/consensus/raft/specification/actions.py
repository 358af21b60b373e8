"""The published TLA+ specification of Raft: its actions as plain predicates over (state, state').

Ongaro, "Consensus: Bridging Theory and Practice", Stanford 2014, appendix B ("raft.tla"). The names
are the specification's, in this house's spelling: ``HandleRequestVoteRequest`` is
`handle_request_vote`. Written from the specification, and of none of the code that is held to it.

A state is one server's; what the specification keeps in ``messages``, ``votesGranted`` and
``matchIndex`` is in a `World`, noted when messages arrive. What is said of one entry there (an
AppendEntries has at most one) is said of several here, one after the other.

Where an implementation has to differ, and why it may:

* Writing to a disk takes time. A server that restarts has some ``currentTerm, votedFor, log`` that
  it had since it last was known to have saved; nobody was told of anything later. Its own log
  counts in `advance_commit` as far as it is saved.
* ``commitIndex`` may survive a restart, as far as a snapshot goes: the specification sets it to 0
  and would have it grow again. So may the rest: a leader that reaches no majority steps down, which
  is a `restart` that forgets less.
* A follower's ``commitIndex`` doesn't go back when a late message comes; the specification's does,
  and says that it doesn't matter.
* A vote that could be granted may be refused, as if the request had been lost and another, of a
  candidate that may not have it, had come.
* A late message may be acknowledged further than it goes, as far as its receiver knows of
  commitments: any leader has those.
* `install_snapshot` is not in it: it is as if all entries that it stands for had come at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from splitbrain.systems.consensus.raft.messages import (
    AppendEntries,
    Entry,
    InstallSnapshot,
    RequestVote,
)

FOLLOWER, CANDIDATE, LEADER = "follower", "candidate", "leader"


class State(NamedTuple):
    """The variables of one server: ``currentTerm, state, votedFor, log, commitIndex``."""

    term: int
    role: str
    vote: str | None
    log: tuple[Entry, ...]
    commit: int

    @property
    def last_term(self) -> int:
        """LastTerm(log)."""
        return self.log[-1].term if self.log else 0


FIRST = State(0, FOLLOWER, None, (), 0)
"""Init, but that terms begin at 1 there."""


@dataclass(slots=True)
class World:
    """What the servers know of each other, and what they have decided.

    Attributes:
        servers: the constant ``Server``.
        granted: ``votesGranted`` by server and term, itself included.
        matched: ``matchIndex`` by leader and term, by follower.
        committed: the entries that anybody committed, in order.
    """

    servers: tuple[str, ...]
    granted: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    matched: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)
    committed: list[Entry] = field(default_factory=list)

    def is_quorum(self, names: Collection[str]) -> bool:
        """Whether these are in ``Quorum``."""
        return len(names) * 2 > len(self.servers)


def restart(s: State, t: State, saved: Iterable[State]) -> bool:
    """A server begins anew with what it saved, and follows."""
    kept = [(each.term, each.vote, each.log) for each in saved]
    return t.role == FOLLOWER and t.commit <= s.commit and (t.term, t.vote, t.log) in kept


def timeout(name: str, s: State, t: State) -> bool:
    """A server starts an election, and votes for itself."""
    return s.role != LEADER and t == State(s.term + 1, CANDIDATE, name, s.log, s.commit)


def become_leader(world: World, name: str, s: State, t: State) -> bool:
    """A candidate that a quorum voted for leads."""
    votes = world.granted.get((name, s.term), set()) | {name}
    return s.role == CANDIDATE and world.is_quorum(votes) and t == s._replace(role=LEADER)


def client_request(s: State, t: State) -> bool:
    """A leader appends an entry of its term."""
    return (
        s.role == LEADER
        and len(t.log) == len(s.log) + 1
        and t.log[-1].term == s.term
        and t == s._replace(log=(*s.log, t.log[-1]))
    )


def advance_commit(world: World, name: str, s: State, t: State, saved: State) -> bool:
    """A leader commits what a quorum holds, up to an entry of its own term (5.4.2)."""
    index, matched = t.commit, world.matched.get((name, s.term), {})
    agree = {peer for peer, match in matched.items() if match >= index}
    if saved.log[:index] == s.log[:index] and len(saved.log) >= index:
        agree.add(name)
    return (
        s.role == LEADER
        and s.commit < index <= len(s.log)
        and s.log[index - 1].term == s.term
        and world.is_quorum(agree)
        and t == s._replace(commit=index)
    )


def update_term(s: State, t: State, term: int) -> bool:
    """A message of a later term makes a follower of that term."""
    return term > s.term and t == s._replace(term=term, role=FOLLOWER, vote=None)


def handle_request_vote(
    s: State, t: State, candidate: str, request: RequestVote, *, granted: bool
) -> bool:
    """A vote goes to one candidate a term, whose log is as good as ours."""
    log_ok = request.last_term > s.last_term or (
        request.last_term == s.last_term and request.last_index >= len(s.log)
    )
    grant = request.term == s.term and log_ok and s.vote in (None, candidate)
    return (grant and t == s._replace(vote=candidate)) if granted else t == s


def log_ok(s: State, request: AppendEntries) -> bool:
    """Whether our log holds what precedes the entries."""
    previous = request.previous_index
    if previous == 0:
        return True
    return previous <= len(s.log) and s.log[previous - 1].term == request.previous_term


def reject_append(s: State, t: State, request: AppendEntries) -> bool:
    """Entries of an earlier term, or that fit nowhere, change nothing."""
    return t == s and (request.term < s.term or not log_ok(s, request))


def return_to_follower(s: State, t: State, request: AppendEntries | InstallSnapshot) -> bool:
    """A candidate hears that there is a leader."""
    return request.term == s.term and s.role == CANDIDATE and t == s._replace(role=FOLLOWER)


def accept_append(s: State, t: State, request: AppendEntries, match: int) -> bool:
    """Entries that are there already are done; a conflicting one is removed with all that follow;
    what is new is appended (the three cases of AcceptAppendEntriesRequest)."""
    previous, log = request.previous_index, s.log
    for index, entry in enumerate(request.entries, previous + 1):
        if len(log) >= index and log[index - 1].term != entry.term:
            log = log[: index - 1]
        if len(log) == index - 1:
            log = (*log, entry)
    reaches = previous + len(request.entries)
    return (
        request.term == s.term
        and s.role == FOLLOWER
        and log_ok(s, request)
        and (match == reaches or reaches < match <= s.commit)
        and t == s._replace(log=log, commit=max(s.commit, min(request.commit, reaches)))
    )


def install_snapshot(world: World, s: State, t: State, request: InstallSnapshot) -> bool:
    """All entries up to one that is committed come at once; what follows them stays, if it does."""
    last = request.last_index
    prefix = tuple(world.committed[:last])
    follows = len(s.log) >= last and s.log[last - 1].term == request.last_term
    return (
        request.term == s.term
        and s.role == FOLLOWER
        and len(prefix) == last
        and last > s.commit
        and t == s._replace(log=s.log if follows else prefix, commit=last)
    )


# What may be sent


def may_request_vote(s: State, request: RequestVote) -> bool:
    """RequestVote(i, j)."""
    told = (request.term, request.last_term, request.last_index)
    return s.role == CANDIDATE and told == (s.term, s.last_term, len(s.log))


def may_append(s: State, request: AppendEntries) -> bool:
    """AppendEntries(i, j)."""
    previous = request.previous_index
    entries = s.log[previous : previous + len(request.entries)]
    return (
        s.role == LEADER
        and request.term == s.term
        and log_ok(s, request)
        and entries == request.entries
        and request.commit <= s.commit
    )
