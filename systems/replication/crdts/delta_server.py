"""A server that tells the others what is new to them instead of its whole state.

    server -> server   ("delta", document, life, until, seen)
                                            what is new since you acknowledged, and what all is in
    server -> server   ("heard", life, until)              durable here: all before that number

Acknowledgements are of one life of the sender, whose numbers begin anew in the next: until a peer
has acknowledged in this life, it is sent everything. A delta that was lost is sent again, in the
next interval. What is acknowledged must be durable first: it is not sent again.

What came from a peer is sent back to it, too: it may have told us before it was durable there, and
have lost it in a crash.
"""

from __future__ import annotations

from functools import reduce

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.replication.crdts.document import Document, Types
from splitbrain.systems.replication.crdts.dotted import DottedSet
from splitbrain.systems.replication.crdts.intervals import Due, Intervals
from splitbrain.systems.replication.crdts.server import GossipServer


class DottedTypes(Types):
    """Types of which a part can be told apart."""

    set_type = DottedSet


class DeltaServer(GossipServer):
    """A replica that gossips deltas.

    Attributes:
        keep_deltas: the most deltas that are kept for peers that lack them.
    """

    keep_deltas = 100
    types_class = DottedTypes

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.intervals: Intervals[Document] = Intervals(node.peers, self.keep_deltas)

    def keep(self, document: Document) -> None:
        """Have this document from now on, and have the others hear of what is new in it."""
        if document != self.document:
            self.intervals.add(self.types.since(document, self.document))
        super().keep(document)

    def hear(self, sender: str, message: Message, nursery: trio.Nursery) -> None:
        """Take a delta, or the word that one was taken."""
        match message:
            case ("delta", document, life, until, seen):
                self.keep(self.types.merged(self.document, self.types.of(document)))
                self.stability.hear(sender, seen)
                nursery.start_soon(self.confirm, sender, life, until)
            case ("heard", self.storage.life, until):
                self.intervals.acknowledge(sender, until)

    async def confirm(self, sender: str, life: int, until: int) -> None:
        """Acknowledge what a peer told, once it is durable."""
        await self.storage.durable()
        self.node.network.send(sender, ("heard", life, until))

    async def tell(self) -> None:
        """Send each of the others what it has not acknowledged, and forget what nobody needs."""
        document, until = self.document, self.intervals.until
        await self.storage.durable()
        for peer in self.node.peers:
            due = self.intervals.due(peer, until)
            if due is not None:
                self.send(peer, due, document)
        self.collect(document)

    def send(self, peer: str, due: Due[Document], document: Document) -> None:
        """Send a peer what is due of a document that is on disk."""
        parts = due.deltas
        news = document if parts is None else reduce(self.types.merged, parts)
        message = ("delta", news, self.storage.life, due.until, document.seen)
        self.node.network.send(peer, message)
