"""Which server is what: the first is the keeper, the others are apps, which come in versions."""

from __future__ import annotations

from splitbrain.harness.node import Node, Server
from splitbrain.systems.encoding.records.app import App
from splitbrain.systems.encoding.records.keeper import Keeper
from splitbrain.systems.roles import first_server


class RecordsServer:
    """One server of the system, in its role.

    Attributes:
        version: the version of its code; `splitbrain.harness.nemesis.versions` may install another.
        versions: all there are.
        keeper: the class of the first server.
        app: that of the others.
    """

    version = 2
    versions = (1, 2, 3)
    keeper: type[Keeper] = Keeper
    app: type[App] = App

    def __init__(self, node: Node) -> None:
        is_first = node.name == first_server(node)
        self.server: Server = self.keeper(node) if is_first else self.app(node, self.version)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.run()
