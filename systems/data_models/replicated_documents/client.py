"""The client: that of one server's documents, which asks whoever leads."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.client import Definite
from splitbrain.harness.node import Message, Node
from splitbrain.systems.consensus.asking import OK
from splitbrain.systems.consensus.client import StoreClient
from splitbrain.systems.data_models.documents.client import DocumentClient
from splitbrain.systems.data_models.replicated_documents.machine import READS


class ReplicatedDocumentClient(DocumentClient):
    """Reads and writes documents; a request goes out again, with its number, until it is answered.

    Args:
        node: the host that the client runs on.
        server: the server to try first.
    """

    def __init__(self, node: Node, server: str) -> None:
        super().__init__(node, server)
        self._store = StoreClient(node, server)

    async def answer(self, message: Message) -> Message:
        """See `DocumentClient.answer`.

        Raises:
            Definite: the servers refuse it.
        """
        body = ("query", message) if message[0] in READS else ("command", 0, 0, message)
        status, answer = await self._store.ask(body)
        if status != OK:
            raise Definite(str(answer))
        return tuple(answer)

    async def replica_state(self, server: str) -> dict[str, Any]:
        """What this very server has applied; see `StoreClient.replica_state`."""
        return await self._store.replica_state(server)
