"""Reading each replica's own state at the end, for `splitbrain.checkers.converged`.

Any workload does this whose client offers ``replica_state``.
"""

from __future__ import annotations

from typing import Any, Protocol

from splitbrain.checkers.vocabulary import REPLICA_STATE
from splitbrain.harness.client import Perform
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import FinalRead

__all__ = [
    "METHOD",
    "REPLICA_STATE",
    "WORDS",
    "ReplicaClient",
    "answering",
    "replica_reads",
    "replica_state",
]


class ReplicaClient(Protocol):
    """What a client may offer besides its workload's methods."""

    async def replica_state(self, server: str) -> Any:
        """What that very server holds, JSON-like; asked once faults are healed and all is quiet."""
        ...


METHOD = Method("replica_state", "replica_state(server)", "comparison of the replicas")


WORDS = {
    REPLICA_STATE: Words("asks {argument:name} for its state[ -> {result.1}]", "{argument:name}")
}


async def replica_state(client: ReplicaClient, server: str) -> list[Any]:
    """Do a replica-state operation: ``[server, state]``."""
    return [server, await client.replica_state(server)]


def answering(perform: Perform) -> Perform:
    """The workload's `perform`, which also asks replicas for their state."""

    async def with_states(client: Any, f: str, value: Any) -> Any:
        if f == REPLICA_STATE:
            return await replica_state(client, value)
        return await perform(client, f, value)

    return with_states


def replica_reads(plan: Plan) -> list[FinalRead]:
    """A read of every server's own state, by a client of that server."""
    return [FinalRead(REPLICA_STATE, server, server) for server in plan.servers]
