"""The state of one Raft server (figure 2) as records, each with its invariants.

Functions over them do the rest, and say by what they take what they read and change: `log.Log` and
`replica.Replica` are the data, `Ballot` the election, `Timer` the time, `outbox.Outbox` what is to
be done, `phases` what a role adds. `Server` holds them all together, for what concerns all.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.outbox import Outbox
from splitbrain.systems.consensus.raft.phases import Phase
from splitbrain.systems.consensus.raft.replica import Replica
from splitbrain.systems.consensus.raft.rules import Rules


class Settings(NamedTuple):
    """Times are in seconds of the server's own monotonic clock.

    The paper asks for broadcast time << election timeout << time between failures (5.6): with round
    trips of some ten milliseconds, three lost heartbeats in a row start an election.

    Attributes:
        heartbeat: the longest silence of a leader; also the delay after which it repeats a message.
        election_min, election_max: a follower waits a random time between these for its leader.
        batch: the most entries in one AppendEntries.
        snapshot_every: how many entries are applied between two snapshots.
        snapshot_keeps: how many entries before the snapshot stay, for followers a little behind.
        pre_vote: 1 if servers ask who would vote before they campaign (thesis 9.6), and vote for
            nobody while they hear of their leader (thesis 4.2.3). Without it they do as the paper
            says.
        lease: for how long after a majority's word a leader reads without asking again (thesis
            6.4.1); 0: it always asks. Clocks must not differ so much in rate that this is longer
            than another server's `election_min`. Needs `pre_vote`.
        window: the most messages under way to one follower (thesis 10.2.2).
        members: how many servers are members at first; 0: all.
        chunk: the most bytes of a snapshot in one message.
    """

    heartbeat: float = 0.1
    election_min: float = 0.3
    election_max: float = 0.6
    batch: int = 64
    snapshot_every: int = 128
    snapshot_keeps: int = 32
    pre_vote: int = 1
    lease: float = 0.0
    window: int = 1
    members: int = 0
    chunk: int = 65_536


@dataclass(slots=True)
class Ballot:
    """What a server may not forget of elections, or it would vote twice.

    Attributes:
        term: the latest term heard of; never decreases, and no entry of the log is of a later one.
        vote: for whom we voted in `term`; once it is set, it changes only with the term.
    """

    term: int
    vote: str | None


@dataclass(slots=True)
class Timer:
    """The local clock, in seconds.

    Attributes:
        random: drawn from for election timeouts only.
        now: the time of what is being handled; never decreases.
        deadline: when a tick has something to do.
        heard_at: when a leader of the then latest term was heard last. When we started, if none was
            since: in a former life we may have heard of one.
    """

    random: Random
    now: float
    deadline: float
    heard_at: float

    def restart(self, settings: Settings) -> None:
        """Wait a random time for a leader; randomness makes split votes rare (5.2)."""
        low, high = settings.election_min, settings.election_max
        self.deadline = self.now + low + (high - low) * self.random.random()


@dataclass(slots=True)
class Server:
    """All that one server is.

    Attributes:
        name: this server's.
        settings, rules: what never changes.
        ballot, replica: what outlives a crash as far as it was saved.
        timer, outbox, phase: what doesn't.
    """

    name: str
    settings: Settings
    rules: Rules
    ballot: Ballot
    replica: Replica
    timer: Timer
    outbox: Outbox
    phase: Phase

    @property
    def members(self) -> Configuration:
        """Whose majorities decide."""
        return self.replica.members
