"""Which server is what: the first has the log, the others have views."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.end_to_end.notifications.log import Log
from splitbrain.systems.end_to_end.notifications.view import View
from splitbrain.systems.roles import first_server


class NotificationServer:
    """One server, in its role.

    Attributes:
        log: the class of the first server.
        view: that of the others.
    """

    log: type[Log] = Log
    view: type[View] = View

    def __init__(self, node: Node) -> None:
        role = self.log if node.name == first_server(node) else self.view
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
