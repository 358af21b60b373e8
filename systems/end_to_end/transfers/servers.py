"""Which server is what: the first has the log of requests, the others keep books."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.end_to_end.transfers.books import Books
from splitbrain.systems.end_to_end.transfers.requests import Requests
from splitbrain.systems.roles import first_server


class TransferServer:
    """One server, in its role.

    Attributes:
        requests: the class of the first server.
        books: that of the others.
    """

    requests: type[Requests] = Requests
    books: type[Books] = Books

    def __init__(self, node: Node) -> None:
        role = self.requests if node.name == first_server(node) else self.books
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
