"""A follower's part of replication (5.3, section 7): taking what the leader sends."""

from __future__ import annotations

from splitbrain.systems.consensus.raft.committing import commit_up_to, save_snapshot
from splitbrain.systems.consensus.raft.effects import SaveEntries, Snapshot, SnapshotInstalled
from splitbrain.systems.consensus.raft.log import Log
from splitbrain.systems.consensus.raft.messages import (
    APPENDED,
    RECEIVED,
    REJECTED,
    Appended,
    AppendEntries,
    Entry,
    InstallSnapshot,
    Received,
    Rejected,
)
from splitbrain.systems.consensus.raft.outbox import Outbox
from splitbrain.systems.consensus.raft.phases import Following, Incoming
from splitbrain.systems.consensus.raft.replica import Replica
from splitbrain.systems.consensus.raft.roles import hear_leader
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.state import Server


def on_append(server: Server, sender: str, message: AppendEntries) -> None:
    """Take a leader's entries, if our log holds what precedes them (figure 2)."""
    term, rules = server.ballot.term, server.rules
    outbox, replica = server.outbox, server.replica
    if message.term < term:
        if rules.corrects():
            outbox.send_when_durable(sender, Rejected(REJECTED, term, 0, 0, 0, 0))
        return
    hear_leader(server, message.term, sender)
    log, previous, entries = replica.log, message.previous_index, message.entries
    if previous < log.base_index:
        # A late message. What we compacted was committed, so it equals the leader's log.
        entries = entries[log.base_index - previous :]
        previous = log.base_index
    elif log.term(previous) != message.previous_term:
        outbox.send_when_durable(sender, refusal(message, log, term))
        return
    if entries:
        store(previous, entries, rules, replica, outbox)
    commit = min(message.commit, rules.committable(previous, entries, log))
    if commit > replica.commit:
        commit_up_to(server, commit)
    match = rules.matched(previous, entries, log)
    outbox.send_when_durable(sender, Appended(APPENDED, term, match, message.number))


def refusal(message: AppendEntries, log: Log, term: int) -> Rejected:
    """What we say to entries that don't fit: a hint where they might."""
    previous = message.previous_index
    if previous > log.last_index:
        index, conflict = log.last_index + 1, 0
    else:
        index, conflict = log.first_of_term(previous), log.term(previous)
    return Rejected(REJECTED, term, previous, index, conflict, message.number)


def store(
    previous: int, entries: tuple[Entry, ...], rules: Rules, replica: Replica, outbox: Outbox
) -> None:
    """Append what is new; remove our entries only where they conflict (5.3)."""
    log = replica.log
    for offset, entry in enumerate(entries):
        index = previous + 1 + offset
        if index <= log.last_index:
            if rules.keeps(index, entry, replica):
                continue
            assert index > replica.commit, f"a committed entry ({index}) would be removed"
            log.truncate(index)
        log.extend(entries[offset:])
        replica.note(index)
        outbox.save(SaveEntries(index, log.tail(index)))
        return


def on_snapshot(server: Server, sender: str, message: InstallSnapshot) -> None:
    """Take a piece of a leader's snapshot, and install it once it is whole; unless we have
    committed as much (figure 13)."""
    term, outbox, replica = server.ballot.term, server.outbox, server.replica
    if message.term < term:
        if server.rules.corrects():
            outbox.send_when_durable(sender, Appended(APPENDED, term, 0, 0))
        return
    hear_leader(server, message.term, sender)
    phase, last = server.phase, message.last_index
    assert isinstance(phase, Following)
    if server.rules.may_install(last, replica):
        incoming = phase.incoming = take_piece(phase.incoming, message, server.rules)
        if not message.done or len(incoming.data) != message.offset + len(message.data):
            so_far = len(incoming.data)
            outbox.send_when_durable(sender, Received(RECEIVED, term, last, so_far, message.number))
            return
        phase.incoming = None
        data = bytes(incoming.data)
        snapshot = Snapshot(last, message.last_term, data, message.members)
        replica.install(snapshot)
        save_snapshot(snapshot, replica.log, server.ballot, outbox)
        outbox.tell(SnapshotInstalled(last))
    # Whatever we committed equals the leader's log, as far as its snapshot goes (5.4.3).
    outbox.send_when_durable(sender, Appended(APPENDED, term, last, message.number))


def take_piece(incoming: Incoming | None, message: InstallSnapshot, rules: Rules) -> Incoming:
    """What we have of a snapshot, with a piece of it, if that is the next one."""
    if incoming is None or not rules.belongs(message, incoming):
        incoming = Incoming(message.last_index, message.last_term)
    if message.offset == len(incoming.data):
        incoming.data += message.data
    return incoming
