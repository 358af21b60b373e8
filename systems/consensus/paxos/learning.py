"""A server as a learner: what was chosen, in which order, and getting what it missed."""

from __future__ import annotations

from splitbrain.systems.consensus.paxos.effects import SaveAll, Snapshot, SnapshotInstalled
from splitbrain.systems.consensus.paxos.messages import (
    FETCH,
    LEARN,
    SNAPSHOT,
    Fetch,
    InstallSnapshot,
    Learn,
)
from splitbrain.systems.consensus.paxos.phases import Leading
from splitbrain.systems.consensus.paxos.state import Server


def learn(server: Server, ballot: int, chosen: int) -> None:
    """The leader of a ballot says that all slots up to `chosen` are: so is what we voted for there
    in its ballot. What else was chosen we have to ask for."""
    replica, votes = server.replica, server.acceptor.votes
    for slot in range(replica.applied + 1, chosen + 1):
        vote = votes.get(slot)
        if vote is not None and server.rules.proves_choice(vote, ballot):
            replica.choose(slot, vote.value)
    apply(server)


def apply(server: Server) -> None:
    """Apply what is chosen, answer those who wait, and take a snapshot if it is time."""
    replica, phase = server.replica, server.phase
    pending = phase.pending if isinstance(phase, Leading) else {}
    for slot, status, value in replica.apply():
        waiting = pending.pop(slot, None)
        if waiting is not None:
            server.outbox.reply(*waiting, status, value)
    done = replica.snapshot.last if replica.snapshot else 0
    if replica.applied - done >= server.settings.snapshot_every:
        replica.compact(server.settings.snapshot_keeps)
        forget_votes(server)


def forget_votes(server: Server) -> None:
    """The snapshot settles what we voted up to the base; have it all saved anew."""
    votes, base = server.acceptor.votes, server.replica.base
    for slot in [each for each in votes if each <= base]:
        del votes[slot]
    server.outbox.save(SaveAll(server.stored()))


def fetch(server: Server, sender: str) -> None:
    """Ask for what we lack."""
    server.outbox.send((sender,), Fetch(FETCH, server.replica.applied + 1))


def on_fetch(server: Server, sender: str, message: Fetch) -> None:
    """Say what was chosen, or send our state if we have forgotten it. What was chosen is so for
    ever, whatever our disk knows of it."""
    replica, first = server.replica, message.first
    values = replica.known_from(first, server.settings.batch)
    if values:
        answer = Learn(LEARN, first, values, replica.applied)
        server.outbox.send((sender,), answer)
    elif replica.snapshot is not None and first <= replica.snapshot.last:
        send_snapshot(server, sender)


def on_learn(server: Server, sender: str, message: Learn) -> None:
    """Take what was chosen, and ask for more if there is any."""
    before = server.replica.applied
    for slot, value in enumerate(message.values, message.first):
        server.replica.choose(slot, value)
    apply(server)
    if before < server.replica.applied < message.chosen:
        fetch(server, sender)


def send_snapshot(server: Server, to: str) -> None:
    """Send our state."""
    assert server.replica.snapshot is not None, "values are forgotten only behind a snapshot"
    server.outbox.send((to,), InstallSnapshot(SNAPSHOT, *server.replica.snapshot))


def on_snapshot(server: Server, sender: str, message: InstallSnapshot) -> None:
    """Take another server's state, if it brings anything."""
    if server.rules.may_install(message.last, server.replica.applied):
        server.replica.install(Snapshot(message.last, message.data))
        forget_votes(server)
        server.outbox.tell(SnapshotInstalled(message.last))
        apply(server)
