"""Linearizable reads without writing to the log: read index (thesis 6.4).

A leader may have been deposed without knowing. Before it answers a query it

1. notes its commit index, or the index of its term's no-op if that isn't committed yet;
2. makes sure that it still leads: a majority answers messages that were sent after the query came,
   in its own term, so nobody led a later one by then;
3. waits until it has applied the index noted.

Any number of queries share these messages, and entries under way to followers serve as well. No
clock is trusted: there is no lease (6.4.1).
"""

from __future__ import annotations

from typing import Any

from splitbrain.systems.consensus.raft.replication import Replication
from splitbrain.systems.consensus.raft.state import Leadership, Read


class Reads(Replication):
    """Queries."""

    def query(self, client: str, id: int, operation: Any) -> None:
        """Take a query; `release_reads` answers it."""
        office = self.phase
        if not isinstance(office, Leadership):
            self.redirect(client, id)
            return
        # Before the no-op is committed, our commit index may be behind what earlier leaders
        # committed; all of that lies before the no-op (leader completeness).
        index = max(self.commit, office.term_start)
        office.reads.append(Read(office.sent + 1, index, client, id, operation))
        self.replicate(office)

    def confirmed(self, office: Leadership) -> int:
        """A majority, ourselves included, has answered messages with this number or later."""
        if self.majority == 1:
            return office.sent + 1
        answered = sorted(progress.answered for progress in office.progress.values())
        return answered[-(self.majority - 1)]

    def release_reads(self, office: Leadership) -> None:
        """Answer the queries that came before what is confirmed, and whose index is applied."""
        confirmed = self.confirmed(office)
        while office.reads:
            read = office.reads[0]
            if read.after > confirmed or read.read_index > self.applied:
                return
            office.reads.popleft()
            self.reply(read.client, read.id, *self.machine.query(read.operation))
