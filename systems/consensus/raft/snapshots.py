"""Log compaction (section 7 of the paper, chapter 5 of the thesis).

Each server snapshots its own applied state every so many entries and then forgets most of the log
before it. A follower that needs forgotten entries is sent the snapshot instead. The snapshot goes
in one message; the paper's offset and chunks are left out, so states must fit a message.

Invariants: the log's base is never past the snapshot, and a log shorter than its snapshot is thrown
away; both hold on disk as well, as a snapshot is durable before the log that leans on it.
"""

from __future__ import annotations

from splitbrain.systems.consensus.raft.effects import Snapshot, SnapshotInstalled
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.messages import APPENDED, SNAPSHOT, Appended, InstallSnapshot
from splitbrain.systems.consensus.raft.state import RaftState


class Snapshots(RaftState):
    """Taking, sending and installing snapshots."""

    def compact_if_due(self) -> None:
        """Take a snapshot if enough entries have been applied since the last one."""
        done = self.snapshot.last_index if self.snapshot else 0
        if self.applied - done < self.settings.snapshot_every:
            return
        term = self.log.term(self.applied)
        self.log.compact(max(self.log.base_index, self.applied - self.settings.snapshot_keeps))
        self.save_snapshot(Snapshot(self.applied, term, self.machine.snapshot()))

    def send_snapshot(self, peer: str, number: int) -> None:
        """Send the snapshot to a follower whose next entry was compacted; the message's number."""
        snapshot = self.snapshot
        assert snapshot is not None, "a log is compacted only behind a snapshot"
        self.send(peer, InstallSnapshot(SNAPSHOT, self.term, *snapshot, number))

    def on_snapshot(self, sender: str, message: InstallSnapshot) -> None:
        """Install a leader's snapshot, unless we have applied as much (figure 13)."""
        if message.term < self.term:
            self.send_when_durable(sender, Appended(APPENDED, self.term, 0, 0))
            return
        self.hear_leader(message.term, sender)
        if message.last_index > self.commit:
            self.install(Snapshot(message.last_index, message.last_term, message.data))
        # Whatever we committed equals the leader's log, as far as its snapshot goes (5.4.3).
        self.send_when_durable(
            sender, Appended(APPENDED, self.term, message.last_index, message.number)
        )

    def install(self, snapshot: Snapshot) -> None:
        """Replace the state machine; keep the log only if it continues the snapshot."""
        if self.log.term(snapshot.last_index) == snapshot.last_term:
            self.log.compact(snapshot.last_index)
        else:
            self.log = Log(snapshot.last_index, snapshot.last_term, ())
        self.machine.restore(snapshot.data)
        self.commit = self.applied = snapshot.last_index
        self.save_snapshot(snapshot)
        self.effects.append(SnapshotInstalled(snapshot.last_index))
