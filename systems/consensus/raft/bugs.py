"""Planted bugs of the replicated key-value store: the store as it is, with one decision wrong.

Each is another answer to one of the protocol's `Rules`, or another storage, from outside; ids are
those of the catalogue of bugs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.consensus.raft.effects import SaveEntries, SaveState
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.messages import Entry
from splitbrain.systems.consensus.raft.phases import Leadership
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.server import RaftKV
from splitbrain.systems.consensus.raft.storage import Save, Storage


class CommitsByCounting(Rules):
    """Commits an entry of an earlier term once a majority holds it (figure 8).

    A no-op at the start of each term would hide it: what commits the no-op commits what is before.
    So there is none, and reads don't wait for one.
    """

    opens_term = False

    def may_commit(self, index: int, log: Log, term: int) -> bool:
        """Any entry on a majority will do."""
        return True


class ForgetsVote(Rules):
    """Keeps its vote in memory only: after a restart it votes again in the same term."""

    def saved_ballot(self, term: int, vote: str | None) -> SaveState:
        """Save the term alone."""
        return SaveState(term, None)


class ReadsLocally(Rules):
    """Answers queries from its own state while it believes that it leads."""

    def may_read_at_once(self, office: Leadership) -> bool:
        """Always."""
        return True


class ReportsWholeLog(Rules):
    """Tells the leader that its log matches to the end, not just as far as the message went."""

    def matched(self, previous: int, entries: tuple[Entry, ...], log: Log) -> int:
        """The end of our log."""
        return log.last_index


class AnswersEarly(Rules):
    """Tells the client that its write succeeded when it is appended, before it is committed."""

    def may_answer_at_once(self, command: Any) -> bool:
        """Writes can be answered at once; the others' results are not known yet."""
        return bool(command[0] == "command" and command[-1][0] != "cas")


class SyncsLater(Storage):
    """Acknowledges log entries that are written but not synced; every 64th save syncs them."""

    unsynced = 0

    async def save(self, saves: Iterable[Save]) -> None:
        """Sync at once for anything but entries."""
        saves = list(saves)
        only_entries = all(isinstance(save, SaveEntries) for save in saves)
        self.unsynced = self.unsynced + 1 if only_entries else 0
        await super().save(saves)

    async def sync(self) -> None:
        """Put it off."""
        if self.unsynced % 64 == 0:
            await super().sync()


BUGS: tuple[Bug, ...] = (
    Bug(
        id="CON-01",
        title="a leader commits an entry of an earlier term by counting copies",
        server=planted(RaftKV, rules=CommitsByCounting),
        workload="set",
        faults=("scenario.figure8",),
        nodes=3,
        seeds=20,
        shows=("leader-completeness", "node-died", "diverged", "lost", "stale-read"),
        source="Raft paper, section 5.4.2 and figure 8",
    ),
    Bug(
        id="CON-02",
        title="the vote is not saved: after a restart a server votes twice in a term",
        server=planted(RaftKV, rules=ForgetsVote),
        workload="register",
        faults=("scenario.split_vote_storm",),
        nodes=3,
        seeds=80,
        shows=("vote-once", "two-leaders", "node-died"),
        source="Raft paper, section 5.2 and figure 2 (votedFor is persistent)",
    ),
    Bug(
        id="CON-03",
        title="log entries are acknowledged before they are synced",
        server=planted(RaftKV, storage_class=SyncsLater),
        workload="set",
        faults=("process.power_loss",),
        nodes=3,
        seeds=20,
        shows=("durability", "lost", "diverged"),
        source="Raft paper, figure 2; NATS 2.12.1 (Jepsen), etcd issue 14370",
    ),
    Bug(
        id="CON-04",
        title="a leader answers reads from its own state, without confirming that it leads",
        server=planted(RaftKV, rules=ReadsLocally),
        workload="register",
        faults=("scenario.rollback", "net.partition", "net.partition_oneway", "process.pause"),
        nodes=3,
        seeds=60,
        shows=("stale-read", "nonlinearizable"),
        source="Raft thesis, section 6.4; etcd 0.4.1, Redis-Raft 1b3fbf6 (Jepsen); DDIA 9",
    ),
    Bug(
        id="CON-07",
        title="a follower acknowledges its whole log instead of what the message covered",
        server=planted(RaftKV, rules=ReportsWholeLog),
        workload="set",
        faults=("scenario.rollback",),
        nodes=3,
        seeds=10,
        shows=("commit-quorum", "lost", "diverged"),
        source="Raft paper, figure 2 (matchIndex); seen in a public teaching implementation",
    ),
    Bug(
        id="CON-09",
        title="a write is acknowledged when it is appended, before it is committed",
        server=planted(RaftKV, rules=AnswersEarly),
        workload="set",
        faults=("scenario.rollback",),
        nodes=3,
        seeds=10,
        shows=("lost",),
        source="Raft paper, section 5.3; seen in a public teaching implementation",
    ),
)
