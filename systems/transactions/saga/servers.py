"""Which server is what: the first orchestrates, the others are services."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.roles import first_server
from splitbrain.systems.transactions.saga.orchestrator import Orchestrator
from splitbrain.systems.transactions.saga.service import Service


class SagaServer:
    """One of the servers.

    Attributes:
        orchestrator: the class of the first.
        service: that of the others.
    """

    orchestrator: type[Orchestrator] = Orchestrator
    service: type[Service] = Service

    def __init__(self, node: Node) -> None:
        first = node.name == first_server(node)
        self.server: Server = (self.orchestrator if first else self.service)(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
