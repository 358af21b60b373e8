"""Which server is what: the first is the database, the others are views."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.change_capture.database import Database
from splitbrain.systems.streams.change_capture.view import View


class CaptureServer:
    """One server, in its role.

    Attributes:
        database: the class of the first server.
        view: that of the others.
    """

    database: type[Database] = Database
    view: type[View] = View

    def __init__(self, node: Node) -> None:
        role = self.database if node.name == first_server(node) else self.view
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
