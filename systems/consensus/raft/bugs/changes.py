"""Planted bugs of changes of the members, one too many at a time or one too early, and of the
leader."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.messages import PreVote, RequestVote
from splitbrain.systems.consensus.raft.phases import Leadership, Progress
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.server import CountedKV
from splitbrain.systems.consensus.raft.state import Server, Settings


class ChangesAtOnce(Rules):
    """Changes the members as soon as it leads: an earlier leader's change may yet come to light."""

    def may_change_members(self, server: Server, office: Leadership) -> bool:
        """One change after the other, as far as we know."""
        return server.replica.settled


class SkipsJoint(Rules):
    """Puts any voters in the place of any others in one step."""

    def needs_joint(self, wanted: Configuration, now: Configuration) -> bool:
        """Never."""
        return False


class TrustsTheLeader(Rules):
    """Takes whom the leader wants to lead for one that has all of its log: neither does the leader
    wait for that, nor do voters look."""

    def may_hand_over(self, progress: Progress, log: Log) -> bool:
        """At once."""
        return True

    def is_up_to_date(self, request: RequestVote | PreVote, log: Log) -> bool:
        """If the leader says so."""
        wanted = isinstance(request, RequestVote) and request.transfer
        return wanted or super().is_up_to_date(request, log)


BUGS_OF_CHANGES: tuple[Bug, ...] = (
    Bug(
        id="CON-12",
        title="a new leader changes the members before it has committed an entry of its own term",
        server=planted(CountedKV, rules=ChangesAtOnce, settings=Settings(members=4)),
        workload="changing-set",
        faults=("member.contested",),
        nodes=5,
        seeds=60,
        shows=(
            *("leader-completeness", "commit-quorum", "durability", "log-matching", "lost"),
            "rival-quorums",
            "disjoint-quorums",
        ),
        source="Ongaro, Bug in single-server membership changes (raft-dev, 10 July 2015)",
    ),
    Bug(
        id="CON-12-JOINT",
        title="several voters are exchanged in one step, without a joint configuration",
        server=planted(CountedKV, rules=SkipsJoint),
        workload="changing-set",
        faults=("net.partition", "scenario.rollback"),
        nodes=5,
        seeds=60,
        shows=(
            *("leader-completeness", "commit-quorum", "durability", "log-matching", "lost"),
            "rival-quorums",
            "disjoint-quorums",
        ),
        source="Raft paper, section 6 and figure 10",
    ),
    Bug(
        id="CON-05-HANDS",
        title="whom the leader wants to lead is not waited for, and votes go to it unseen",
        server=planted(CountedKV, rules=TrustsTheLeader),
        workload="changing-set",
        faults=("leader.transfer", "net.loss", "net.latency"),
        nodes=5,
        seeds=80,
        shows=("leader-completeness", "commit-quorum", "durability", "log-matching", "lost"),
        source="Raft thesis, section 3.10, step 2",
        options={"changes": 0.0},
    ),
)
