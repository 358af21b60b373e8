"""The synod: one decision, by Paxos.

Lamport, "Paxos Made Simple", SIGACT News 32(4), 2001, section 2. Proposers number their attempts
with *ballots* from disjoint sets; a ballot has two phases::

    1   prepare(b)  ->   a majority promises to vote in no ballot before b, and says how it voted
    2   accept(b, v) ->  a majority votes for v in ballot b: v is chosen

where v is the value of the latest vote that was reported, and the proposer's own only if there is
none. Any two majorities share an acceptor, so whoever comes after a choice hears of it.

Invariants, by induction over ballots:

1. An acceptor's promise never decreases, and it votes in no ballot before it.
2. All votes in one ballot are for one value.
3. Once a majority voted for v in ballot b, every vote in a later ballot is for v.

The three questions are functions here, since the log of many decisions (`replicating` and the rest
of this package) asks them slot by slot; `Acceptor` and `Proposer` are the whole of one decision.

>>> acceptors, proposer = [Acceptor() for _ in range(3)], Proposer(ballot=7, wanted="x", of=3)
>>> for name, acceptor in enumerate(acceptors[:2]):
...     promise = acceptor.prepare(7)
...     value = proposer.promised(name, promise)
>>> value
'x'
>>> [each.accept(7, value) and proposer.accepted(name) for name, each in enumerate(acceptors)]
[False, True, True]
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Vote(NamedTuple):
    """A vote for a value in a ballot; ballots count from 1."""

    ballot: int
    value: Any


class Promise(NamedTuple):
    """To vote in no ballot before `ballot`; and the latest vote until now."""

    ballot: int
    vote: Vote | None


def may_promise(promised: int, ballot: int) -> bool:
    """Whether an acceptor may answer a prepare request; its own proposer repeats one unanswered."""
    return ballot >= promised


def may_vote(promised: int, ballot: int) -> bool:
    """Whether an acceptor may vote in a ballot (P1a)."""
    return ballot >= promised


def safe_value(votes: Iterable[Vote | None], wanted: Any) -> Any:
    """The only value that may be proposed once a majority said how it voted (P2c)."""
    latest = max((vote for vote in votes if vote), key=lambda vote: vote.ballot, default=None)
    return wanted if latest is None else latest.value


@dataclass(slots=True)
class Acceptor:
    """One acceptor of one decision. All of it is durable before anybody is answered.

    Attributes:
        promised: the latest ballot that was promised; never decreases.
        vote: the latest vote, in a ballot not after `promised`.
    """

    promised: int = 0
    vote: Vote | None = None

    def prepare(self, ballot: int) -> Promise | None:
        """The answer to a prepare request; None if a later ballot was promised."""
        if not may_promise(self.promised, ballot):
            return None
        self.promised = ballot
        return Promise(ballot, self.vote)

    def accept(self, ballot: int, value: Any) -> bool:
        """Whether it votes for a proposal."""
        if not may_vote(self.promised, ballot):
            return False
        self.promised, self.vote = ballot, Vote(ballot, value)
        return True


@dataclass(slots=True)
class Proposer:
    """One attempt of one proposer, in a ballot of its own.

    Attributes:
        ballot: no other attempt ever has the same.
        wanted: what it proposes if it is free to.
        of: how many acceptors there are.
    """

    ballot: int
    wanted: Any
    of: int
    _promises: dict[Hashable, Promise] = field(default_factory=dict)
    _votes: set[Hashable] = field(default_factory=set)

    def promised(self, acceptor: Hashable, promise: Promise | None) -> Any:
        """Note a promise; the value to propose, from the first majority on. None before."""
        majority = self.of // 2 + 1
        if promise is not None and promise.ballot == self.ballot and len(self._promises) < majority:
            self._promises[acceptor] = promise
        if len(self._promises) < majority:
            return None
        return safe_value((each.vote for each in self._promises.values()), self.wanted)

    def accepted(self, acceptor: Hashable) -> bool:
        """Note a vote; whether the value is chosen."""
        self._votes.add(acceptor)
        return len(self._votes) > self.of // 2
