"""Linearizable reads that write nothing.

A leader may have been outbid without knowing. It answers a query when a majority has answered a
heartbeat that was sent after the query came, in its own ballot, so that nobody led a later one by
then; and when all is applied that may have been chosen before it led, and all that it has chosen
since by the time the query came. No clock is trusted.

With a lease the first is skipped while it cannot have changed: whoever answered a heartbeat
promises nothing to anybody else before the shortest election timeout has passed. That trusts the
clocks to run at about the same rate.
"""

from __future__ import annotations

from typing import Any

from splitbrain.systems.consensus.paxos.phases import Leading
from splitbrain.systems.consensus.paxos.state import Server


def release_reads(server: Server, office: Leading) -> None:
    """Answer the queries that came before what a majority confirms, and whose slot is applied."""
    confirmed = office.confirmed(server.majority)
    while office.reads and server.phase is office:
        read = office.reads[0]
        if read.after > confirmed or read.slot > server.replica.applied:
            return
        office.reads.popleft()
        answer(server, read.client, read.id, read.operation)


def answer(server: Server, client: str, id: int, operation: Any) -> None:
    """Answer from our own state."""
    server.outbox.reply(client, id, *server.replica.machine.query(operation))
