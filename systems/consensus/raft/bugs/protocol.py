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
from splitbrain.systems.consensus.raft.messages import Entry, InstallSnapshot, PreVote, RequestVote
from splitbrain.systems.consensus.raft.phases import Incoming, Leadership
from splitbrain.systems.consensus.raft.replica import Replica
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.server import RaftKV
from splitbrain.systems.consensus.raft.state import Server, Settings
from splitbrain.systems.consensus.raft.storage import WAL, Save, Storage
from splitbrain.systems.consensus.sessions import Sessions
from splitbrain.systems.storage.files import read_all
from splitbrain.systems.storage.frames import Chain, frame_at


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

    def may_read_at_once(self, server: Server, office: Leadership) -> bool:
        """Always."""
        return True


class ComparesLength(Rules):
    """Takes the longer log for the one that is more up to date, whatever its last term."""

    def is_up_to_date(self, request: RequestVote | PreVote, log: Log) -> bool:
        """If it is as long as ours."""
        return request.last_index >= log.last_index


class CutsAlways(Rules):
    """Replaces its uncommitted entries by those of each message that comes, an old one too, and so
    forgets what came after these."""

    def keeps(self, index: int, entry: Entry, replica: Replica) -> bool:
        """Only what is committed."""
        return index <= replica.commit


class CommitsTooFar(Rules):
    """Takes the leader's commit index for its own log, also where nothing says that it is equal."""

    def committable(self, previous: int, entries: tuple[Entry, ...], log: Log) -> int:
        """All of our log."""
        return log.last_index


class InstallsAnything(Rules):
    """Installs each snapshot that comes, also one that is older than what it has applied."""

    def may_install(self, last_index: int, replica: Replica) -> bool:
        """Always."""
        return True


class MixesPieces(Rules):
    """Puts a piece of any snapshot behind what it has of another."""

    def belongs(self, message: InstallSnapshot, incoming: Incoming) -> bool:
        """It fits where the other one ends."""
        return True


class AppliesTwice(Sessions):
    """Applies a command as often as it stands in the log."""

    def apply_once(self, session: int, sequence: int, operation: Any) -> tuple[str, Any]:
        """Forget that it was applied before."""
        last = self.sessions.get(session)
        if last is not None and last[0] == sequence:
            self.sessions[session] = (sequence - 1, *last[1:])
        return super().apply_once(session, sequence, operation)


class ReportsWholeLog(Rules):
    """Tells the leader that its log matches to the end, not just as far as the message went."""

    def matched(self, previous: int, entries: tuple[Entry, ...], log: Log) -> int:
        """The end of our log."""
        return log.last_index


class ProtectsNobody(Rules):
    """Votes for whoever asks, also while it hears of its leader."""

    def is_protected(self, server: Server) -> bool:
        """Never."""
        return False


class CanvassesAgainstLeaders(Rules):
    """Would vote for others while it hears its leader, and then does not: who went ahead by that
    has a term of its own, takes no notice of the leader, and is left behind."""

    def would_vote_for(self, request: PreVote, server: Server) -> bool:
        """If its log is as good as ours."""
        up_to_date = self.is_up_to_date(request, server.replica.log)
        return up_to_date and request.term >= server.ballot.term

    def corrects(self) -> bool:
        """Never: pre-vote was to keep terms from going ahead."""
        return False


class AnswersEarly(Rules):
    """Tells the client that its write succeeded when it is appended, before it is committed."""

    def may_answer_at_once(self, command: Any) -> bool:
        """Writes can be answered at once; the others' results are not known yet."""
        return bool(command[0] == "command" and command[-1][0] != "cas")


class CutsDamage(Storage):
    """Takes a damaged log for one that a crash tore: it goes on with what is before the damage."""

    def read_log(self) -> list[bytes]:
        """What can be read."""
        if not self.disk.exists(WAL):
            return []
        data, chain, payloads = read_all(self.disk, WAL), Chain(), []
        while (frame := frame_at(data, chain.end)) and frame.sequence == chain.sequence + 1:
            payloads.append(frame.payload)
            chain.end, chain.sequence = frame.end, frame.sequence
        return [payload for payload in payloads if payload]


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
        id="CON-05",
        title="votes go to the longer log, whatever its last term",
        server=planted(RaftKV, rules=ComparesLength),
        workload="set",
        faults=("scenario.figure8",),
        nodes=3,
        seeds=20,
        shows=("leader-completeness", "lost", "node-died"),
        source="Raft paper, section 5.4.1",
    ),
    Bug(
        id="CON-06",
        title="each message's entries replace all that is uncommitted, so a late one removes newer",
        server=planted(RaftKV, rules=CutsAlways),
        workload="set",
        faults=("net.latency", "net.duplicate", "process.pause"),
        nodes=3,
        seeds=40,
        shows=("commit-quorum", "leader-completeness", "lost", "durability"),
        source="Raft paper, section 5.3; students' guides to MIT's course 6.824",
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
        id="CON-08",
        title="a follower commits as far as the leader has, also what the leader does not have",
        server=planted(RaftKV, rules=CommitsTooFar),
        workload="set",
        faults=("scenario.rollback",),
        nodes=3,
        seeds=20,
        shows=("state-machine-safety", "node-died", "diverged"),
        source="Raft paper, figure 2 (AppendEntries, step 5)",
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
    Bug(
        id="CON-10",
        title="a command that its client sent twice is applied twice",
        server=planted(RaftKV, machine_class=AppliesTwice),
        workload="kv",
        faults=("process.kill", "net.partition", "net.loss"),
        nodes=3,
        seeds=40,
        shows=("nonlinearizable",),
        source="Raft paper, section 8; thesis, section 6.3",
    ),
    Bug(
        id="CON-11",
        title="a snapshot is installed over a newer state",
        server=planted(
            RaftKV,
            rules=InstallsAnything,
            settings=Settings(snapshot_every=8, snapshot_keeps=2),
        ),
        workload="set",
        faults=("process.pause", "net.partition", "net.latency", "net.duplicate"),
        nodes=3,
        seeds=40,
        shows=("never-back", "durability", "lost"),
        source="Raft paper, figure 13; seen in several implementations' failpoint tests",
    ),
    Bug(
        id="CON-11-PIECES",
        title="pieces of different snapshots are put together",
        server=planted(
            RaftKV,
            rules=MixesPieces,
            settings=Settings(snapshot_every=4, snapshot_keeps=0, chunk=32),
        ),
        workload="set",
        faults=("process.pause", "net.partition", "process.kill", "net.loss"),
        nodes=3,
        seeds=40,
        shows=("node-died", "state-machine-safety", "lost", "diverged", "durability"),
        source="Raft paper, figure 13 (the offset of a piece means nothing without its snapshot)",
    ),
    Bug(
        id="CON-13",
        title="servers that hear their leader vote against it, so that one that doesn't disturbs",
        server=planted(RaftKV, rules=ProtectsNobody),
        workload="register",
        faults=("process.pause", "net.partition_oneway", "net.loss"),
        nodes=3,
        seeds=20,
        shows=("protected-leader",),
        source="Raft thesis, sections 4.2.3 and 9.6; Cloudflare's outage of November 2020",
    ),
    Bug(
        id="CON-14",
        title="pre-votes go against a leader that is heard, and who won them is left behind",
        server=planted(RaftKV, rules=CanvassesAgainstLeaders),
        workload="set",
        faults=("net.partition", "disk.slow", "net.latency"),
        nodes=5,
        seeds=60,
        shows=("diverged", "no-progress", "silent-server", "needless-elections", "lost"),
        source="etcd raft (stuck followers with PreVote and CheckQuorum); Raft thesis, section 9.6",
    ),
    Bug(
        id="CON-15",
        title="a leader reads within a lease, though clocks may run at any rate",
        server=planted(RaftKV, settings=Settings(lease=0.3, election_max=0.35)),
        workload="register",
        faults=("clock.drift", "scenario.rollback"),
        nodes=3,
        seeds=60,
        shows=("leader-lease", "stale-answer", "stale-read", "nonlinearizable"),
        source="Raft thesis, section 6.4.1",
    ),
    Bug(
        id="CON-19",
        title="a damaged log is cut where the damage is, and votes as if it had never been longer",
        server=planted(RaftKV, storage_class=CutsDamage),
        workload="set",
        faults=("disk.bitrot", "process.kill", "scenario.rollback"),
        nodes=3,
        seeds=40,
        shows=("durability", "leader-completeness", "commit-quorum", "lost", "diverged"),
        source="Alagappan et al., Protocol-Aware Recovery (FAST 2018)",
    ),
)
