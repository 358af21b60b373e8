"""Which server is what: the first is the broker, the others are consumers."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.message_queue.broker import Broker
from splitbrain.systems.streams.message_queue.consumer import Consumer


class QueueServer:
    """One server, in its role.

    Attributes:
        broker: the class of the first server.
        consumer: that of the others.
    """

    broker: type[Broker] = Broker
    consumer: type[Consumer] = Consumer

    def __init__(self, node: Node) -> None:
        role = self.broker if node.name == first_server(node) else self.consumer
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
