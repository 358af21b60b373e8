"""Which server is what: the first is the coordinator, the others are workers."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.batch.mapreduce.coordinator import Coordinator
from splitbrain.systems.batch.mapreduce.worker import Worker
from splitbrain.systems.roles import first_server


class BatchServer:
    """One server, in its role.

    Attributes:
        coordinator: the class of the first server.
        worker: that of the others.
    """

    coordinator: type[Coordinator] = Coordinator
    worker: type[Worker] = Worker

    def __init__(self, node: Node) -> None:
        is_first = node.name == first_server(node)
        self.server: Server = (self.coordinator if is_first else self.worker)(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
