"""Linearizable reads without writing to the log: read index (thesis 6.4).

A leader may have been deposed without knowing. Before it answers a query it

1. notes its commit index, or the index of its term's no-op if that isn't committed yet;
2. makes sure that it still leads: a majority answers messages that were sent after the query came,
   in its own term, so nobody led a later one by then;
3. waits until it has applied the index noted.

Any number of queries share these messages, and entries under way to followers serve as well. No
clock is trusted.

With a lease (6.4.1) the second is skipped while it cannot have changed: whoever answered us votes
for nobody else before the shortest election timeout has passed since. That trusts the clocks to run
at about the same rate.
"""

from __future__ import annotations

from typing import Any

from splitbrain.systems.consensus.asking import REDIRECT
from splitbrain.systems.consensus.raft.leading import replicate
from splitbrain.systems.consensus.raft.phases import Leadership, Read
from splitbrain.systems.consensus.raft.state import Server


def query(server: Server, client: str, id: int, operation: Any) -> None:
    """Take a query; `release_reads` answers it."""
    office, replica, outbox = server.phase, server.replica, server.outbox
    if not isinstance(office, Leadership):
        outbox.reply(client, id, REDIRECT, office.leader)
        return
    if server.rules.may_read_at_once(server, office):
        outbox.reply(client, id, *replica.machine.query(operation))
        return
    # Before the no-op is committed, our commit index may be behind what earlier leaders committed;
    # all of that lies before the no-op (leader completeness).
    index = max(replica.commit, office.term_start)
    office.reads.append(Read(office.sent + 1, index, client, id, operation))
    replicate(server, office)


def release_reads(server: Server, office: Leadership) -> None:
    """Answer the queries that came before what a majority confirms, and whose index is applied."""
    replica = server.replica
    answered = {peer: progress.answered for peer, progress in office.progress.items()}
    answered[server.name] = office.sent + 1  # nobody has to tell us that we lead
    confirmed = replica.members.reached(answered)
    while office.reads:
        read = office.reads[0]
        if read.after > confirmed or read.read_index > replica.applied:
            return
        office.reads.popleft()
        server.outbox.reply(read.client, read.id, *replica.machine.query(read.operation))
