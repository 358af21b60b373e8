"""Planted bugs of the document store: it, with one decision wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Message
from splitbrain.systems.data_models.documents.server import DocumentServer
from splitbrain.systems.data_models.documents.store import Conflict, StoredDocuments


class LastWriteWins(StoredDocuments):
    """Replaces a document whatever its version is."""

    def put(
        self, collection: str, identity: str, version: int, fields: Mapping[str, Any], change: int
    ) -> None:
        """Whoever writes last has written the whole document."""
        document = self.get(collection, identity)
        super().put(collection, identity, document.version if document else 0, fields, change)


class IndexInMemory(StoredDocuments):
    """Keeps the index up to date, and forgets it in a crash."""

    def build_index(self) -> None:
        """Documents come into the index when they are next changed."""


class AnswersEarly(DocumentServer):
    """Answers reads with what is not durable yet."""

    async def before_answering(self, answer: Message) -> None:
        """Only a write's answer waits."""
        is_write = answer[:1] == ("ok",) and len(answer) == 2 and isinstance(answer[1], int)
        if is_write:
            await super().before_answering(answer)


class OneByOne(DocumentServer):
    """Puts several documents one after the other."""

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        if request[0] != "put_all":
            await super()._serve(client, number, request)
            return
        _, collection, puts, change = request
        answer: Message = ("ok", 0)
        for position, (identity, version, fields) in enumerate(puts):
            answer = self.do("put", collection, identity, version, fields, change + position)
            if answer[0] != "ok":
                break
            await self.store.sync()
        self.node.network.send(client, ("reply", number, *answer))


class ChecksThenInserts(DocumentServer):
    """Looks for another document with the value, and then inserts."""

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        if request[0] == "insert":
            _, collection, identity, fields, _ = request
            try:
                self.store.check_unique(collection, identity, dict(fields))
            except Conflict as conflict:
                self.node.network.send(client, ("reply", number, "conflict", str(conflict)))
                return
            await self.store.sync()
            await trio.sleep(LOOKUP_S)
        await super()._serve(client, number, request)


class UniqueUnchecked(StoredDocuments):
    """Leaves it to whoever inserts."""

    def put(
        self, collection: str, identity: str, version: int, fields: Mapping[str, Any], change: int
    ) -> None:
        """Somebody else may have inserted the value since it was looked for."""
        unique, self._unique = self._unique, frozenset()
        try:
            super().put(collection, identity, version, fields, change)
        finally:
            self._unique = unique


LOOKUP_S = 0.005
"""How long it takes to look a value up in an index."""


def _store(store: type[StoredDocuments]) -> type[DocumentServer]:
    return planted(DocumentServer, store_class=store)


_LINEARIZABLE = ("stale-read", "lost-update", "unwritten-read", "nonlinearizable")

BUGS: tuple[Bug, ...] = (
    Bug(
        id="DOC-01",
        title="whole documents are written back unseen: a change of another field is lost",
        server=_store(LastWriteWins),
        workload="register",
        faults=("net.latency",),
        nodes=1,
        seeds=10,
        shows=_LINEARIZABLE,
        source="DDIA chapter 7, Preventing Lost Updates; Jepsen: RavenDB 6.0.2",
    ),
    Bug(
        id="DOC-02",
        title="several documents are put one after the other: a read in between sees half",
        server=OneByOne,
        workload="bank",
        faults=("disk.slow",),
        nodes=1,
        seeds=20,
        shows=("bank",),
        source="DDIA chapter 7, Single-Object and Multi-Object Operations; Jepsen: RavenDB 6.0.2",
    ),
    Bug(
        id="DOC-03",
        title="the index is not made again after a crash: documents are there and not found",
        server=_store(IndexInMemory),
        workload="set",
        faults=("process.kill",),
        nodes=1,
        seeds=5,
        shows=("lost", "missing", "linearizable(sticky-register)", "held-twice"),
        source="DDIA chapter 3, Other Indexing Structures",
    ),
    Bug(
        id="DOC-04",
        title="a unique value is looked for, and then inserted",
        server=planted(ChecksThenInserts, store_class=UniqueUnchecked),
        workload="names",
        faults=("disk.slow",),
        nodes=1,
        seeds=20,
        shows=("linearizable(sticky-register)", "nonlinearizable"),
        source="DDIA chapter 9, Constraints and Uniqueness Guarantees; Jepsen: Dgraph 1.0.2",
    ),
    Bug(
        id="DOC-07",
        title="reads see what is not durable: after a power loss it was never there",
        server=AnswersEarly,
        workload="register",
        faults=("process.power_loss", "disk.slow"),
        nodes=1,
        seeds=60,
        options={"disk": {"fsync_latency": 0.02}},
        shows=(*_LINEARIZABLE, "lost", "missing", "two-contents"),
        source="DDIA chapter 7, Read Committed (dirty reads); Jepsen: MongoDB 2.6.7",
    ),
)
