"""Which server is what: the first is the lock service, the second the storage."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.locks.leases.service import LockService
from splitbrain.systems.locks.leases.storage import Storage


class LeaseServer:
    """One of the two servers.

    Attributes:
        service: the class of the first.
        storage: that of the second.
    """

    service: type[LockService] = LockService
    storage: type[Storage] = Storage

    def __init__(self, node: Node) -> None:
        (other,) = node.peers
        self.server: Server = (self.service if node.name < other else self.storage)(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
