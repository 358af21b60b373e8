"""Which server is what: the first is the store, the others are topics."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.event_store.store import Store
from splitbrain.systems.streams.event_store.topic import Topic


class EventServer:
    """One server, in its role.

    Attributes:
        store: the class of the first server.
        topic: that of the others.
    """

    store: type[Store] = Store
    topic: type[Topic] = Topic

    def __init__(self, node: Node) -> None:
        role = self.store if node.name == first_server(node) else self.topic
        self.server: Server = role(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
