"""A document store as a page of code sketches it: ``insert`` and ``find``, in memory.

Guarantees: none. The design's weaknesses are kept, since they are what there is to see:

* Nothing is on disk, and there is no update, no index and no change of several documents.
* Ids are made of the clock and a little chance: when the clock stands still or steps back, one
  comes again, and its document replaces the other.
* A document that brings an id of its own is filed under another.
* What is given to callers is the stored document itself, which they may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import Message, Node
from splitbrain.harness.system import SINGLE_SERVER, System

ATTEMPT_S = 0.5
"""How long a client waits for an answer."""

ELEMENTS = "elements"
"""The collection that has the set."""

CHANCE = 1000
"""How many ids there are for a millisecond."""

Document = dict[str, Any]


class SummaryStore:
    """Collections of documents.

    Args:
        node: the server that has it.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._collections: dict[str, dict[str, Document]] = {}

    def insert(self, collection: str, document: Document) -> Document:
        """File a document, under an id that is made for it, with the times of its making and last
        change; the document."""
        now = self._node.clock.time()
        identity = f"{int(now * 1000):x}-{self._node.random.randrange(CHANCE)}"
        document.update(created_at=now, updated_at=now)
        document.setdefault("id", identity)
        self._collections.setdefault(collection, {})[identity] = document
        return document

    def find(self, collection: str, query: Mapping[str, Any]) -> list[Document]:
        """The documents whose fields are as in the query."""
        documents = self._collections.get(collection, {}).values()
        return [d for d in documents if all(d.get(name) == query[name] for name in query)]


class SummaryServer:
    """The one server.

    ("insert", collection, fields) -> ("ok", id)
    ("find", collection, fields)   -> ("ok", (fields, ...))
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.store = SummaryStore(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            client, (_, number, *request) = await self._node.network.receive()
            self._node.network.send(client, ("reply", number, *self.do(*request)))

    def do(self, f: str, *arguments: Any) -> Message:
        """Do a request; the answer."""
        match f, arguments:
            case "insert", (str() as collection, fields):
                return "ok", self.store.insert(collection, dict(fields))["id"]
            case "find", (str() as collection, fields):
                found = self.store.find(collection, dict(fields))
                return "ok", tuple(tuple(document.items()) for document in found)
        return "refused", f"{f} with {len(arguments)} arguments is no request"


class SummaryClient:
    """Inserts elements as documents, and finds them.

    Args:
        node: the host that the client runs on.
        server: the server.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def add(self, element: int) -> None:
        """Insert a document with the element.

        Raises:
            Indefinite: nobody said whether it is there.
        """
        await self._ask("insert", (("element", element), ("kind", "element")))

    async def read_all(self) -> list[int]:
        """The elements of all documents."""
        found = await self._ask("find", (("kind", "element"),))
        return sorted(dict(fields)["element"] for fields in found)

    async def _ask(self, f: str, fields: tuple[tuple[str, Any], ...]) -> Any:
        with trio.move_on_after(ATTEMPT_S):
            match await request(self._node, self._server, f, ELEMENTS, fields):
                case ("ok", result):
                    return result
                case (_, reason):
                    raise Definite(str(reason))
        raise Indefinite(f"{self._server} did not answer")


SYSTEM = System(
    name="documents-summary",
    title="a document store in memory, as sketched (chapter 2)",
    server=SummaryServer,
    client=SummaryClient,
    workloads=("set",),
    claims=Claims(kinds=(), max_down=0),
    form="summary",
    nodes=1,
    sizes=SINGLE_SERVER,
)
