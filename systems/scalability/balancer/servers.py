"""Which server is what: the first is the balancer, the others are backends."""

from __future__ import annotations

from splitbrain.harness.node import Message, Node, Server
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

    @staticmethod
    def refusal(message: Message) -> Message | None:
        """How it fails at once (`splitbrain.harness.nemesis.kinds.service`); pings are answered."""
        match message:
            case ("work", number, *_):
                return "done", number, False
            case ("list", number):
                return "listed", number, None
            case ("request", number, *_):
                return "reply", number, "refused", "it fails"
        return None

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
