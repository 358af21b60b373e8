"""What happens once entries are committed: they are applied, answered, and in time forgotten."""

from __future__ import annotations

from splitbrain.systems.consensus.raft.effects import LogImage, SaveSnapshot, Snapshot
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.outbox import Outbox
from splitbrain.systems.consensus.raft.phases import Leadership
from splitbrain.systems.consensus.raft.replica import Replica
from splitbrain.systems.consensus.raft.state import Ballot, Server, Settings


def commit_up_to(server: Server, index: int) -> None:
    """All up to `index` is committed, and we hold it: apply it, and answer those who wait."""
    replica, phase, outbox = server.replica, server.phase, server.outbox
    if index <= replica.commit:
        return
    replica.commit = index
    pending = phase.pending if isinstance(phase, Leadership) else {}
    for applied, status, value in replica.apply():
        waiting = pending.pop(applied, None)
        if waiting is not None:
            outbox.reply(*waiting, status, value)
    compact_if_due(replica, server.ballot, server.settings, outbox)


def compact_if_due(replica: Replica, ballot: Ballot, settings: Settings, outbox: Outbox) -> None:
    """Take a snapshot if enough entries have been applied since the last one (section 7)."""
    done = replica.snapshot.last_index if replica.snapshot else 0
    if replica.applied - done >= settings.snapshot_every:
        save_snapshot(replica.compact(settings.snapshot_keeps), replica.log, ballot, outbox)


def save_snapshot(snapshot: Snapshot, log: Log, ballot: Ballot, outbox: Outbox) -> None:
    """Ask for a snapshot, and the log as it is left, to be made durable."""
    image = LogImage(ballot.term, ballot.vote, log.base_index, log.base_term, tuple(log.entries))
    outbox.save(SaveSnapshot(snapshot, image))
