"""Which server is what: the first is the database, the others are fronts with caches."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.roles import first_server
from splitbrain.systems.scalability.cache_aside.database import Database
from splitbrain.systems.scalability.cache_aside.front import Front


class CacheServer:
    """One server of the system, in its role.

    Attributes:
        database: the class of the first.
        front: the class of the others.
    """

    database: type[Database] = Database
    front: type[Front] = Front

    def __init__(self, node: Node) -> None:
        is_first = node.name == first_server(node)
        self.server: Server = self.database(node) if is_first else self.front(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
