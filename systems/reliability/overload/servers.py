"""Which server is what: the first is the service, the others are gateways."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.reliability.gateways import refusal
from splitbrain.systems.reliability.overload.service import Service
from splitbrain.systems.reliability.payments.gateway import Gateway
from splitbrain.systems.roles import first_server


class OverloadServer:
    """One server of the system, in its role.

    Attributes:
        service: the class of the first server.
        gateway: that of the others.
    """

    service: type[Service] = Service
    gateway: type[Gateway] = Gateway

    refusal = staticmethod(refusal)

    def __init__(self, node: Node) -> None:
        role = self.service if node.name == first_server(node) else self.gateway
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
