"""A leader's part of replication (5.3), and the commit rule (5.4.2).

A leader has at most `Settings.window` messages on their way to each follower. What arrives
meanwhile goes with the next one, which leaves on a reply: batches grow by themselves under load. It
takes for granted that messages arrive (thesis 10.2.2): the next one begins where the last one ends.
If one is lost or overtaken, the next is refused, or the heartbeat finds it overdue, and all since
the last answer is sent again.
"""

from __future__ import annotations

from typing import Any

from splitbrain.systems.consensus.asking import OK, REDIRECT
from splitbrain.systems.consensus.raft.committing import commit_up_to
from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.effects import SaveEntries
from splitbrain.systems.consensus.raft.handing_over import hand_over
from splitbrain.systems.consensus.raft.messages import (
    APPEND,
    SNAPSHOT,
    Appended,
    AppendEntries,
    Entry,
    InstallSnapshot,
    Received,
    Rejected,
)
from splitbrain.systems.consensus.raft.outbox import Outbox
from splitbrain.systems.consensus.raft.phases import Leadership, Progress
from splitbrain.systems.consensus.raft.replica import Replica
from splitbrain.systems.consensus.raft.roles import follow
from splitbrain.systems.consensus.raft.state import Server


def propose(server: Server, client: str, id: int, command: Any) -> None:
    """Append a client's command; the answer comes when it is applied."""
    office, outbox = server.phase, server.outbox
    if not isinstance(office, Leadership):
        outbox.reply(client, id, REDIRECT, office.leader)
        return
    if office.transfer is not None:
        outbox.reply(client, id, REDIRECT, office.transfer.target)
        return
    index = append_entry(Entry(server.ballot.term, command), office, server.replica, outbox)
    if server.rules.may_answer_at_once(command):
        outbox.reply(client, id, OK, None)
    else:
        office.pending[index] = (client, id)
    replicate(server, office)


def append_entry(entry: Entry, office: Leadership, replica: Replica, outbox: Outbox) -> int:
    """Append an entry of our term to our own log, and return its index."""
    replica.log.extend((entry,))
    index = replica.log.last_index
    replica.note(index)
    office.unsaved.append((outbox.save(SaveEntries(index, (entry,))), index))
    return index


def replicate(server: Server, office: Leadership) -> None:
    """Send to every follower to whom not too much is under way."""
    window = server.settings.window
    for peer, progress in office.progress.items():
        if not progress.full(window):
            send_append(server, office, peer, progress)


def send_append(server: Server, office: Leadership, peer: str, progress: Progress) -> None:
    """Send what the follower needs next: entries, a probe, a heartbeat or the snapshot."""
    replica, term, now = server.replica, server.ballot.term, server.timer.now
    log, previous = replica.log, progress.next - 1
    office.sent = progress.sent = number = office.sent + 1
    progress.sent_at = now
    progress.flight.append((number, now))
    message: tuple[Any, ...]
    if previous < log.base_index:
        progress.probing = True
        message = piece(progress, replica, term, server.settings.chunk, number)
    else:
        entries = () if progress.probing else log.after(previous, server.settings.batch)
        progress.next += len(entries)
        commit = replica.commit
        message = AppendEntries(APPEND, term, previous, log.term(previous), entries, commit, number)
    server.outbox.send(peer, message)


def piece(
    progress: Progress, replica: Replica, term: int, size: int, number: int
) -> InstallSnapshot:
    """The next piece of the snapshot that a follower needs.

    It is the one that was begun, as long as the log still goes on where that ends.
    """
    snapshot = progress.snapshot
    if snapshot is None or snapshot.last_index < replica.log.base_index:
        snapshot = progress.snapshot = replica.snapshot
        progress.offset = 0
    assert snapshot is not None, "a log is compacted only behind a snapshot"
    start, data = progress.offset, snapshot.data[progress.offset : progress.offset + size]
    done = start + len(data) == len(snapshot.data)
    last, last_term, _, members = snapshot
    return InstallSnapshot(SNAPSHOT, term, last, last_term, members, start, data, done, number)


def on_received(server: Server, sender: str, message: Received) -> None:
    """A follower has the beginning of a snapshot: send the next piece."""
    office = server.phase
    if not isinstance(office, Leadership) or message.term != server.ballot.term:
        return
    progress = office.progress.get(sender)
    if progress is None:
        return
    snapshot, news = progress.snapshot, message.number > progress.answered
    awaited = hear_follower(progress, message, server.timer.now)
    if snapshot is not None and message.last_index == snapshot.last_index:
        # Where answers take longer than a heartbeat, none is awaited any more when it comes.
        awaited = awaited or (news and message.offset != progress.offset)
        progress.offset = message.offset if awaited else progress.offset
    if awaited:
        send_append(server, office, sender, progress)


def on_appended(server: Server, sender: str, message: Appended) -> None:
    """A follower's log matches ours up to `match`."""
    office = server.phase
    if not isinstance(office, Leadership) or message.term != server.ballot.term:
        return
    progress = office.progress.get(sender)
    if progress is None:
        return  # it is a member no more
    hear_follower(progress, message, server.timer.now)
    if message.match > progress.match:
        progress.match = message.match
    if progress.probing or not progress.flight or progress.next <= progress.match:
        progress.next = progress.match + 1
    progress.probing, progress.snapshot = False, None
    advance_commit(server, office)
    if server.phase is not office:
        return  # what is committed now removes us
    if office.transfer is not None:
        hand_over(server, office, office.transfer)
    last, window = server.replica.log.last_index, server.settings.window
    while (progress.next <= last or reader_waits(office, progress)) and not progress.full(window):
        send_append(server, office, sender, progress)


def on_rejected(server: Server, sender: str, message: Rejected) -> None:
    """A follower's log differs at the place we named: look further back (5.3)."""
    office = server.phase
    if not isinstance(office, Leadership) or message.term != server.ballot.term:
        return
    progress = office.progress.get(sender)
    if progress is None:
        return
    # Where answers take longer than a heartbeat, none is awaited any more when it comes: then it is
    # one to what we would ask again.
    asked = message.number > progress.answered and message.previous_index == progress.next - 1
    if not hear_follower(progress, message, server.timer.now) and not asked:
        return  # the answer to an older message
    progress.flight.clear()  # what was sent after it has nothing to follow, either
    back = server.rules.backtrack(message, server.replica.log)
    progress.next = max(progress.match + 1, min(back, message.previous_index))
    progress.probing = True
    if progress.next <= message.previous_index:
        send_append(server, office, sender, progress)


def reader_waits(office: Leadership, progress: Progress) -> bool:
    """Whether a query came after the last message to this follower."""
    reads = office.reads
    return bool(reads) and reads[-1].after > progress.sent


def hear_follower(progress: Progress, message: Appended | Rejected | Received, now: float) -> bool:
    """Note that a follower still takes us for its leader; whether the answer was waited for.

    Only such an answer makes room for the next message: late and repeated ones would multiply the
    messages otherwise.
    """
    progress.heard_at = now
    number, flight, awaited = message.number, progress.flight, False
    if number > progress.answered:
        progress.answered = number
    while flight and flight[0][0] <= number:
        sent, sent_at = flight.popleft()
        if sent == number:
            progress.vouched_at, awaited = sent_at, True
    return awaited


def own_log_saved(server: Server, office: Leadership) -> None:
    """Count our own log as far as it is durable."""
    unsaved, done = office.unsaved, server.outbox.saves_done
    while unsaved and unsaved[0][0] <= done:
        office.durable_index = unsaved.popleft()[1]
    advance_commit(server, office)


def advance_commit(server: Server, office: Leadership) -> None:
    """Commit what a majority holds durably (5.3), if we may."""
    replica = server.replica
    if replica.commit == replica.log.last_index:
        return  # most answers come after those of a majority
    matches = {peer: progress.match for peer, progress in office.progress.items()}
    matches[server.name] = office.durable_index
    index = replica.members.reached(matches)
    if index > replica.commit and server.rules.may_commit(index, replica.log, server.ballot.term):
        commit_up_to(server, index)
        go_on_changing(server, office)


# Changes of the members; see `splitbrain.systems.consensus.raft.membership` for how they begin


def enact(server: Server, office: Leadership, members: Configuration) -> int:
    """Append a configuration, which counts from now on, and begin to send to whoever is new."""
    entry = Entry(server.ballot.term, members.command())
    index = append_entry(entry, office, server.replica, server.outbox)
    for name in members.everybody:
        if name != server.name and name not in office.progress:
            office.progress[name] = Progress(index, server.timer.now)
    return index


def go_on_changing(server: Server, office: Leadership) -> None:
    """Once a configuration is committed: leave a joint one, and send no more to who is gone."""
    replica = server.replica
    if not replica.settled or office.settled == replica.configurations[-1][0]:
        return
    office.settled = replica.configurations[-1][0]
    members = replica.members
    if members.outgoing:
        index = enact(server, office, members._replace(outgoing=()))
        if office.changing is not None:
            office.pending[index] = office.changing
            office.changing = None
        replicate(server, office)
        return
    for name in set(office.progress) - set(members.everybody):
        del office.progress[name]
    if server.name not in members.voters:
        follow(server, server.ballot.term, None)  # it led until this was committed (4.2.2)
