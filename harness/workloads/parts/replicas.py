"""Reading each replica's own state at the end, for `splitbrain.checkers.converged`.

Any workload does this whose client offers ``replica_state``.
"""

from __future__ import annotations

from typing import Any, Protocol

from splitbrain.checkers.vocabulary import REPLICA_STATE
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.capabilities import Method
from splitbrain.harness.workloads.workload import FinalRead

__all__ = ["METHOD", "REPLICA_STATE", "ReplicaClient", "replica_reads", "replica_state"]


class ReplicaClient(Protocol):
    """What a client may offer besides its workload's methods."""

    async def replica_state(self, server: str) -> Any:
        """What that very server holds, JSON-like; asked once faults are healed and all is quiet."""
        ...


METHOD = Method("replica_state", "replica_state(server)", "comparison of the replicas")


async def replica_state(client: ReplicaClient, server: str) -> list[Any]:
    """Do a replica-state operation: ``[server, state]``."""
    return [server, await client.replica_state(server)]


def replica_reads(plan: Plan) -> list[FinalRead]:
    """A read of every server's own state, by a client of that server."""
    return [FinalRead(REPLICA_STATE, server, server) for server in plan.servers]
