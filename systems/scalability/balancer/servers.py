"""Which server is what: the first is the balancer, the others are backends."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.roles import first_server
from splitbrain.systems.scalability.balancer.backend import Backend
from splitbrain.systems.scalability.balancer.balancer import Balancer


class BalancedServer:
    """One server of the system, in its role.

    Attributes:
        balancer: the class of the first server.
        backend: that of the others.
    """

    balancer: type[Balancer] = Balancer
    backend: type[Backend] = Backend

    def __init__(self, node: Node) -> None:
        is_first = node.name == first_server(node)
        self.server: Server = self.balancer(node) if is_first else self.backend(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
