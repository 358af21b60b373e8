"""Planted bugs of the document store: it, with one decision wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Message
from splitbrain.systems.data_models.documents.server import DocumentServer
from splitbrain.systems.data_models.documents.store import Documents


class LastWriteWins(Documents):
    """Replaces a document whatever its version is."""

    def put(
        self, collection: str, identity: str, version: int, fields: Mapping[str, Any], change: int
    ) -> None:
        """Whoever writes last has written the whole document."""
        document = self.get(collection, identity)
        super().put(collection, identity, document.version if document else 0, fields, change)


class IndexInMemory(Documents):
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


def _store(store: type[Documents]) -> type[DocumentServer]:
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
        id="DOC-03",
        title="the index is not made again after a crash: documents are there and not found",
        server=_store(IndexInMemory),
        workload="set",
        faults=("process.kill",),
        nodes=1,
        seeds=5,
        shows=("lost",),
        source="DDIA chapter 3, Other Indexing Structures",
    ),
    Bug(
        id="DOC-07",
        title="reads see what is not durable: after a power loss it was never there",
        server=AnswersEarly,
        workload="register",
        faults=("process.power_loss", "disk.slow"),
        nodes=1,
        seeds=60,
        shows=_LINEARIZABLE,
        source="DDIA chapter 7, Read Committed (dirty reads); Jepsen: MongoDB 2.6.7",
    ),
)
