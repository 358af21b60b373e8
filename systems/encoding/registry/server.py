"""The server: a registry, asked over the network.

("register", subject, schema) -> ("ok", id) or ("refused", reason)        schemas are JSON text
("versions", subject)         -> ("ok", ((id, schema), ...))
("schema", id)                -> ("ok", schema) or ("none",)
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.encoding.registry.store import Refused, Registry


class RegistryServer:
    """The one server.

    Invariant: whatever it answers is durable.

    Attributes:
        registry_class: what keeps the schemas.
    """

    registry_class: type[Registry] = Registry

    def __init__(self, node: Node) -> None:
        self.node = node
        self.registry = self.registry_class(node.disk)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.registry.open()
        async with trio.open_nursery() as nursery:
            while True:
                client, (_, number, *request) = await self.node.network.receive()
                nursery.start_soon(self._serve, client, number, request)

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        answer = answered(self.registry, *request)
        await self.before_answering()
        self.node.network.send(client, ("reply", number, *answer))

    async def before_answering(self) -> None:
        """What is answered, a read too, must not be lost any more."""
        await self.registry.sync()


def answered(registry: Registry, f: str, *arguments: Any) -> Message:
    """Do a request to a registry at once; the answer."""
    try:
        match f, arguments:
            case "register", (str() as subject, str() as schema):
                return "ok", registry.register(subject, schema)
            case "versions", (str() as subject,):
                return "ok", tuple((one.id, one.schema) for one in registry.versions(subject))
            case "schema", (int() as id,):
                known = registry.by_id.get(id)
                return ("ok", known.schema) if known else ("none",)
    except Refused as refused:
        return "refused", str(refused)
    return "refused", f"{f} with {len(arguments)} arguments is no request"
