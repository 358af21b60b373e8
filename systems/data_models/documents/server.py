"""The server: a store of documents, asked over the network.

("get", collection, id)                            -> ("ok", version, fields) or ("none",)
("insert", collection, id, fields, change)         -> ("ok", 1) or ("conflict", reason)
("find", collection, query)                        -> ("ok", ((id, version, fields), ...))
("put", collection, id, version, fields, change)   -> ("ok", version) or ("conflict", reason)
("get_all", collection, ids)                       -> ("ok", ((version, fields), ...))
("put_all", collection, ((id, version, fields), ...), change) -> ("ok", 0) or ("conflict", reason)
("update", collection, id, update, change)         -> ("ok", version) or ("conflict", reason)
("delete", collection, id, change)                 -> ("ok", 0)

Queries and updates are JSON texts of what `splitbrain.systems.data_models.documents.queries` has;
one that can't be understood is ("refused", where and why).
"""

from __future__ import annotations

import json
from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.data_models.documents.pictures import DOCUMENT
from splitbrain.systems.data_models.documents.queries import BadQuery
from splitbrain.systems.data_models.documents.store import (
    Conflict,
    Documents,
    Fields,
    StoredDocuments,
)

UNIQUE = frozenset({"element"})
"""Fields whose values no two documents of a collection may share."""


CHANGES = ("insert", "put", "put_all", "update", "delete")
"""Requests that change documents."""


class DocumentServer:
    """The one server.

    Invariant: whatever it answers is durable.

    Attributes:
        store_class: what keeps the documents.
    """

    store_class: type[StoredDocuments] = StoredDocuments

    def __init__(self, node: Node) -> None:
        self.node = node
        self.store = self.store_class(node.disk, UNIQUE)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.store.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.store.keep_house)
            while True:
                client, (_, number, *request) = await self.node.network.receive()
                nursery.start_soon(self._serve, client, number, request)

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        answer = self.do(*request)
        await self.before_answering(answer)
        self.node.network.send(client, ("reply", number, *answer))

    async def before_answering(self, answer: Message) -> None:
        """What is answered, a read too, must not be lost any more."""
        await self.store.sync()

    def do(self, f: str, *arguments: Any) -> Message:
        """Do a request at once; the answer."""
        answer = answered(self.store, f, *arguments)
        if answer[0] == "ok" and f in CHANGES:
            collection, what, *_ = arguments
            for identity in [put[0] for put in what] if f == "put_all" else [what]:
                document = self.store.get(collection, identity)
                version = document.version if document else 0
                self.node.trace(DOCUMENT, collection, identity, version)
        return answer


def answered(store: Documents, f: str, *arguments: Any) -> Message:
    """Do a request to a store at once; the answer."""
    try:
        match f, arguments:
            case "get", (collection, identity):
                found = store.get(collection, identity)
                return ("ok", found.version, found.fields) if found else ("none",)
            case "find", (collection, str() as text):
                return "ok", tuple(map(tuple, store.find(collection, _json(text))))
            case "insert", (collection, identity, fields, change):
                store.insert(collection, identity, dict(fields), change)
                return "ok", 1
            case "put", (collection, identity, version, fields, change):
                store.put(collection, identity, version, dict(fields), change)
                return "ok", version + 1
            case "get_all", (collection, ids):
                return "ok", tuple(_found(store, collection, identity) for identity in ids)
            case "put_all", (collection, puts, change):
                made = [(collection, i, version, dict(fields)) for i, version, fields in puts]
                store.put_all(made, change)
                return "ok", 0
            case "update", (collection, identity, str() as text, change):
                return "ok", store.update(collection, identity, _json(text), change)
            case "delete", (collection, identity, change):
                store.delete(collection, identity, change)
                return "ok", 0
    except Conflict as conflict:
        return "conflict", str(conflict)
    except BadQuery as bad:
        return "refused", str(bad)
    return "refused", f"{f} with {len(arguments)} arguments is no request"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadQuery(f"this is no JSON: {error}") from None


def _found(store: Documents, collection: str, identity: str) -> tuple[int, Fields]:
    """A document's version and fields; 0 and none if it is not there."""
    document = store.get(collection, identity)
    return (document.version, document.fields) if document else (0, ())
