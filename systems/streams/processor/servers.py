"""Which server is what: the first is the hub, the others are workers."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.processor.hub import Hub
from splitbrain.systems.streams.processor.worker import Worker


class ProcessorServer:
    """One server, in its role.

    Attributes:
        hub: the class of the first server.
        worker: that of the others.
    """

    hub: type[Hub] = Hub
    worker: type[Worker] = Worker

    def __init__(self, node: Node) -> None:
        role = self.hub if node.name == first_server(node) else self.worker
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
