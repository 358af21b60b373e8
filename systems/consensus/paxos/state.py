"""The state of one server as records, each with its invariants; functions over them do the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from splitbrain.systems.consensus.asking import REPLY, Reply
from splitbrain.systems.consensus.paxos.effects import Effect, Save, Stored
from splitbrain.systems.consensus.paxos.phases import Phase
from splitbrain.systems.consensus.paxos.replica import Replica
from splitbrain.systems.consensus.paxos.rules import Rules
from splitbrain.systems.consensus.paxos.synod import Vote
from splitbrain.systems.consensus.sending import Send

STRIDE = 100
"""Ballots of the n-th server leave remainder n: no two servers ever have the same."""


class Settings(NamedTuple):
    """Times are in seconds of the server's own monotonic clock.

    Attributes:
        heartbeat: the longest silence of a leader; also the delay after which it repeats a message.
        election_min, election_max: a server waits a random time between these for a leader, and
            promises nothing to anybody else for the shorter one after it heard of its leader.
        batch: the most values in one message.
        snapshot_every: how many slots are applied between two snapshots.
        snapshot_keeps: how many slots before the snapshot stay, for servers a little behind.
        lease: for how long after a majority's word a leader reads without asking again; 0: it
            always asks. Clocks must not differ so much in rate that this is longer than another
            server's `election_min`.
    """

    heartbeat: float = 0.1
    election_min: float = 0.3
    election_max: float = 0.6
    batch: int = 64
    snapshot_every: int = 128
    snapshot_keeps: int = 32
    lease: float = 0.0


@dataclass(slots=True)
class Timer:
    """The local clock, in seconds.

    Attributes:
        random: drawn from for timeouts only.
        now: the time of what is being handled; never decreases.
        deadline: when a tick has something to do.
        heard_at: when a leader was heard last; when we started, if none was since, for in a former
            life we may have heard of one.
        heard: who that was.
    """

    random: Random
    now: float
    deadline: float
    heard_at: float
    heard: str | None = None

    def restart(self, settings: Settings) -> None:
        """Wait a random time for a leader, so that it is rare that two begin at once."""
        low, high = settings.election_min, settings.election_max
        self.deadline = self.now + low + (high - low) * self.random.random()


@dataclass(slots=True)
class Acceptor:
    """The acceptors of all slots at once: one promise holds for all of them.

    Attributes:
        promised: the latest ballot promised; never decreases.
        votes: the latest vote in each slot after the replica's base.
    """

    promised: int
    votes: dict[int, Vote]

    def since(self, first: int) -> tuple[tuple[int, int, Any], ...]:
        """All votes from a slot on, in order."""
        return tuple(
            (slot, *self.votes[slot])
            for slot in sorted(each for each in self.votes if each >= first)
        )


@dataclass(slots=True)
class Outbox:
    """The effects of what is being handled, in order, and how far the disk has come.

    Attributes:
        effects: empty between stimuli.
        saves: how many were asked for in this life.
        saves_done: how many of these are durable.
    """

    effects: list[Effect] = field(default_factory=list)
    saves: int = 0
    saves_done: int = 0

    def send(self, to: Iterable[str], message: tuple[Any, ...]) -> None:
        """Send what needs no promise from our disk."""
        self.effects.extend(Send(each, message, False) for each in to)

    def send_when_durable(self, to: Iterable[str], message: tuple[Any, ...]) -> None:
        """Send what others will rely on even if we crash, once it is durable here."""
        self.effects.extend(Send(each, message, True) for each in to)

    def reply(self, client: str, id: int, status: str, value: Any) -> None:
        """Answer a client."""
        self.effects.append(Send(client, Reply(REPLY, id, status, value), False))

    def save(self, save: Save) -> None:
        """Have something made durable."""
        self.saves += 1
        self.effects.append(save)

    def tell(self, news: Effect) -> None:
        """Tell the shell."""
        self.effects.append(news)

    def take(self) -> list[Effect]:
        """The effects, which are the caller's from now on."""
        effects, self.effects = self.effects, []
        return effects


@dataclass(slots=True)
class Server:
    """All that one server is.

    Attributes:
        name: this server's.
        everybody: all servers, this one included, the same order everywhere.
        settings, rules: what never changes.
        acceptor, replica: what outlives a crash as far as it was saved.
        timer, outbox, phase: what doesn't.
        seen: the latest ballot that we heard of.
    """

    name: str
    everybody: tuple[str, ...]
    settings: Settings
    rules: Rules
    acceptor: Acceptor
    replica: Replica
    timer: Timer
    outbox: Outbox
    phase: Phase
    seen: int

    @property
    def majority(self) -> int:
        """How many servers are one."""
        return len(self.everybody) // 2 + 1

    def next_ballot(self) -> int:
        """The least ballot of ours after all that we heard of."""
        number = self.everybody.index(self.name) + 1
        return (self.seen // STRIDE + 1) * STRIDE + number

    def stored(self) -> Stored:
        """All that must outlive a crash."""
        replica = self.replica
        votes = self.acceptor.since(replica.base + 1)
        return Stored(self.acceptor.promised, votes, replica.base, replica.snapshot)
