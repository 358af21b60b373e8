"""Which server is what: the first is the controller, the others are brokers."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.replicated_log.broker import Broker
from splitbrain.systems.streams.replicated_log.controller import Controller


class LogServer:
    """One server, in its role.

    Attributes:
        controller: the class of the first server.
        broker: that of the others.
    """

    controller: type[Controller] = Controller
    broker: type[Broker] = Broker

    def __init__(self, node: Node) -> None:
        role = self.controller if node.name == first_server(node) else self.broker
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
