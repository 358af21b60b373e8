"""Which server is what: the first is the gateway, the others are endpoints."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.reliability.gateways import refusal
from splitbrain.systems.reliability.service_calls.endpoint import Endpoint
from splitbrain.systems.reliability.service_calls.gateway import Gateway
from splitbrain.systems.roles import first_server


class ServiceServer:
    """One server of the system, in its role.

    Attributes:
        gateway: the class of the first server.
        endpoint: that of the others.
    """

    gateway: type[Gateway] = Gateway
    endpoint: type[Endpoint] = Endpoint

    refusal = staticmethod(refusal)

    def __init__(self, node: Node) -> None:
        role = self.gateway if node.name == first_server(node) else self.endpoint
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
