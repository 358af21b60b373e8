"""One server: some of the shards, asked by clients that know the map; the first coordinates, too.

    client -> server   ("request", id, "shard", version, session, number, f, key, *arguments)
                       -> ("ok", result)
                          ("moved", map)     the server knows a later map than the client
                          ("moved", None)    it knows none, and the shard is on its way
                       ("request", id, "map")     -> ("ok", map)

`version` is of the map by which the client chose this server. It is for the answer alone: whether
a server answers for a shard is told by the server's own map.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Message
from splitbrain.systems.partitioning.database.server import DatabaseServer
from splitbrain.systems.scalability.sharded.coordinator import ShardCoordinator


class ShardServer(DatabaseServer):
    """See the module."""

    coordinator_class = ShardCoordinator
    administration = ("members", "change", "move")

    def _hear(self, nursery: trio.Nursery, sender: str, message: Message) -> None:
        match message:
            case ("request", number, "shard", version, *request):
                if self.serves(tuple(request)):
                    self._do(nursery, sender, number, tuple(request))
                else:
                    known = self.storage.map if version < self.storage.map.version else None
                    nursery.start_soon(self._tell, sender, ("reply", number, "moved", known))
            case ("request", number, "map"):
                answer: tuple[Any, ...] = ("reply", number, "ok", self.storage.map)
                nursery.start_soon(self._tell, sender, answer)
            case _:
                super()._hear(nursery, sender, message)
