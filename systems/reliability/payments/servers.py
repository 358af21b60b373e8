"""Which server is what: the first is the processor, the others are gateways."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.reliability.gateways import refusal
from splitbrain.systems.reliability.payments.gateway import Gateway
from splitbrain.systems.reliability.payments.processor import Processor
from splitbrain.systems.roles import first_server


class PaymentsServer:
    """One server of the service, in its role.

    Attributes:
        processor: the class of the first server.
        gateway: that of the others.
    """

    processor: type[Processor] = Processor
    gateway: type[Gateway] = Gateway

    refusal = staticmethod(refusal)

    def __init__(self, node: Node) -> None:
        role = self.processor if node.name == first_server(node) else self.gateway
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
