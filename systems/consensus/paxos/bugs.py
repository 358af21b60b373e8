"""Planted bugs of Multi-Paxos: the store as it is, with one decision wrong.

Each is another answer to one of the protocol's `Rules`, or another storage, from outside; ids are
those of the catalogue of bugs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.consensus.paxos.effects import Snapshot, Stored
from splitbrain.systems.consensus.paxos.messages import NOTHING
from splitbrain.systems.consensus.paxos.rules import Rules
from splitbrain.systems.consensus.paxos.server import PaxosKV
from splitbrain.systems.consensus.paxos.state import Server, Settings
from splitbrain.systems.consensus.paxos.storage import Storage, whole
from splitbrain.systems.consensus.paxos.synod import Vote
from splitbrain.systems.storage.files import read_all, replace


class ForgetsPromise(Rules):
    """Keeps its promises in memory only, unless a vote tells of them."""

    saves_promises = False


class ProposesItsOwn(Rules):
    """Begins its term with slots of its own, whatever was voted for in them."""

    def value_for(self, votes: Iterable[Vote]) -> Any:
        """Nothing, as if nobody had voted."""
        return NOTHING


class TakesAnyVote(Rules):
    """Goes on with some vote that was reported, not with the latest."""

    def value_for(self, votes: Iterable[Vote]) -> Any:
        """The earliest."""
        earliest = min(votes, key=lambda vote: vote.ballot, default=None)
        return NOTHING if earliest is None else earliest.value


class VotesInThePast(Rules):
    """Votes for what comes, whatever it promised."""

    def may_vote(self, promised: int, ballot: int) -> bool:
        """Always."""
        return True


class BelievesItsVote(Rules):
    """Takes what it voted for once for what was chosen there."""

    def proves_choice(self, vote: Vote, ballot: int) -> bool:
        """In whatever ballot that was."""
        return True


class LeavesHoles(Rules):
    """Goes on behind slots in which nobody voted, and never fills them."""

    fills_holes = False


class Duels(Rules):
    """Outbids whoever outbids it, at once."""

    def is_protected(self, server: Server, proposer: str) -> bool:
        """Never: any later ballot is promised."""
        return False

    def yields(self) -> bool:
        """Never."""
        return False


STATE = "state"


class SplitsSnapshot(Storage):
    """Keeps the state in a file of its own, and writes how far it is before the state itself."""

    async def save_all(self, stored: Stored) -> None:
        """The log first, which says which slots are applied; a crash may come in between."""
        snapshot = stored.snapshot
        assert snapshot is not None
        await self.log.begin([whole(stored._replace(snapshot=Snapshot(snapshot.last, b"")))])
        await replace(self.disk, STATE, snapshot.data)

    async def recover(self) -> Stored:
        """Put the two together."""
        stored = await super().recover()
        if stored.snapshot is None:
            return stored
        if not self.disk.exists(STATE):
            return stored._replace(snapshot=None)
        data = read_all(self.disk, STATE)
        return stored._replace(snapshot=Snapshot(stored.snapshot.last, data))


_CHOSEN = ("choice-kept", "agreement", "chosen-quorum", "diverged", "lost", "node-died")

BUGS: tuple[Bug, ...] = (
    Bug(
        id="CON-16",
        title="a new leader proposes values of its own where others may have been chosen",
        server=planted(PaxosKV, rules=ProposesItsOwn),
        workload="set",
        faults=("process.kill", "net.partition"),
        nodes=3,
        seeds=20,
        shows=_CHOSEN,
        source="Lamport, Paxos Made Simple, section 2.2 (P2c); DDIA 9",
    ),
    Bug(
        id="CON-16-EARLIEST",
        title="a new leader goes on with any vote that was reported, not with the latest",
        server=planted(PaxosKV, rules=TakesAnyVote),
        workload="set",
        faults=("scenario.figure8", "scenario.rollback", "process.pause"),
        nodes=3,
        seeds=80,
        shows=_CHOSEN,
        source="Lamport, Paxos Made Simple, section 2.2 (P2c)",
    ),
    Bug(
        id="CON-16-PROMISE",
        title="an acceptor forgets its promises when it crashes",
        server=planted(PaxosKV, rules=ForgetsPromise),
        workload="set",
        faults=("process.kill",),
        nodes=3,
        seeds=20,
        shows=("promise-kept", "one-value", *_CHOSEN),
        source="Lamport, Paxos Made Simple, section 2.5; Paxos Made Live (PODC 2007)",
    ),
    Bug(
        id="CON-16-PAST",
        title="an acceptor votes in a ballot before the one that it promised",
        server=planted(PaxosKV, rules=VotesInThePast),
        workload="set",
        faults=("process.pause", "net.partition", "scenario.rollback"),
        nodes=3,
        seeds=20,
        shows=("promise-kept", *_CHOSEN),
        source="Lamport, Paxos Made Simple, section 2.2 (P1a)",
    ),
    Bug(
        id="CON-16-LEARNER",
        title="a learner takes its own vote for what was chosen, whatever ballot it was in",
        server=planted(PaxosKV, rules=BelievesItsVote),
        workload="set",
        faults=("scenario.rollback", "net.partition"),
        nodes=3,
        seeds=40,
        shows=_CHOSEN,
        source="Lamport, Paxos Made Simple, section 2.3",
    ),
    Bug(
        id="CON-16-HOLES",
        title="slots in which nobody voted stay empty, and nothing behind them is ever applied",
        server=planted(PaxosKV, rules=LeavesHoles),
        workload="set",
        faults=("net.loss", "net.latency", "net.partition"),
        nodes=3,
        seeds=60,
        shows=("no-hole", "progress", "unanswered", "silent"),
        source="Lamport, Paxos Made Simple, section 3",
    ),
    Bug(
        id="CON-17",
        title="proposers that are refused outbid each other at once, for ever",
        server=planted(PaxosKV, rules=Duels, settings=Settings(election_min=0.3, election_max=0.3)),
        workload="register",
        faults=("net.partition", "process.pause"),
        nodes=3,
        seeds=20,
        shows=("unstable-leadership", "message-storm", "progress"),
        source="Lamport, Paxos Made Simple, section 2.4",
        options={"network": {"latency": [0.01, 0.05]}},
    ),
    Bug(
        id="CON-22-PAXOS",
        title="how far the state is and the state itself are written one after the other",
        server=planted(
            PaxosKV,
            storage_class=SplitsSnapshot,
            settings=Settings(snapshot_every=4, snapshot_keeps=0),
        ),
        workload="set",
        faults=("process.kill", "process.power_loss"),
        nodes=3,
        seeds=60,
        shows=("same-snapshot", "lost", "diverged", "node-died"),
        source="etcd issues 13766, 14685, 17780 (applied index and data)",
    ),
)

BUGS_OF_LEASES: tuple[Bug, ...] = (
    Bug(
        id="CON-15-PAXOS",
        title="a lease outlasts the time for which the others promise nothing to anybody else",
        server=planted(PaxosKV, settings=Settings(lease=0.5, election_max=0.35)),
        workload="register",
        faults=("net.partition", "scenario.rollback"),
        nodes=3,
        seeds=60,
        shows=("leader-lease", "stale-answer", "stale-read", "nonlinearizable"),
        source="Paxos Made Live (PODC 2007), section 5.2; Raft thesis, section 6.4.1",
    ),
)
