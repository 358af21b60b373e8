"""The client: an element of the set is a node, with a type and a property in different tablets."""

from __future__ import annotations

from splitbrain.systems.data_models.graph_tablets.tablets import LOWS, PROPERTIES, TYPE, triple
from splitbrain.systems.scalability.sharded.client import ShardedClient


class TabletClient(ShardedClient):
    """Adds nodes and finds them; has servers join and leave.

    Args:
        node: the host that the client runs on.
        server: the server to ask for the map; after one that is silent, the next one.
    """

    lows = LOWS

    def located(self, key: str) -> str:
        """A triple begins with its tablet."""
        return key

    async def add(self, element: int) -> None:
        """Add a node: what it is found by comes last."""
        subject = f"e{element}"
        await self._put(PROPERTIES[element % len(PROPERTIES)], subject, element)
        await self._put(TYPE, subject, 1)

    async def read_all(self) -> list[int]:
        """The properties of all nodes that have the type."""
        subjects = {key.partition("/")[2] for key, _ in await self._ask("search", TYPE)}
        found = [each for predicate in PROPERTIES for each in await self._ask("search", predicate)]
        return sorted(element for key, (_, element) in found if key.partition("/")[2] in subjects)

    async def _put(self, predicate: str, subject: str, value: int) -> None:
        await self._do("put", triple(predicate, subject), (predicate, value))
