"""Which server is what: the first is the coordinator, the others are workers."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.batch.dataflow.coordinator import Coordinator
from splitbrain.systems.batch.dataflow.worker import Worker
from splitbrain.systems.roles import first_server


class DataflowServer:
    """One server, in its role.

    Attributes:
        coordinator: the class of the first server.
        worker: that of the others.
    """

    coordinator: type[Coordinator] = Coordinator
    worker: type[Worker] = Worker

    def __init__(self, node: Node) -> None:
        role = self.coordinator if node.name == first_server(node) else self.worker
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
