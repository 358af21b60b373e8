"""One server: takes updates and reads, and tells the others its whole state now and then.

    client -> server   ("request", number, f, argument)    see the client
    server -> server   ("gossip", document)

An update is acknowledged when it is durable here, and shown or told no sooner: what a client has
read here it can build on, though the power fails, and what another server has heard of here stays.
The others hear of it by gossip. Messages may be lost, repeated and late: merging takes them in any
order. What was erased is collected once all have told that they have it erased.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.nemesis.kinds.outdating import STAMPED_WRITE
from splitbrain.harness.node import Message, Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.replication.crdts.document import Document, Types
from splitbrain.systems.replication.crdts.stability import Stability
from splitbrain.systems.replication.crdts.storage import Storage


class GossipServer:
    """A replica.

    Attributes:
        gossip_s: seconds between tellings.
        tick_s: what the clock that stamps writes is rounded to, in seconds.
        compact_at: length of the log at which it is written anew, in records.
        types_class: the types of the document.
        stability_class: what decides that what was erased may be forgotten.
    """

    gossip_s = 0.1
    tick_s = 0.001
    compact_at = 50
    types_class = Types
    stability_class = Stability

    def __init__(self, node: Node) -> None:
        self.node = node
        self.types = self.types_class()
        self.storage = Storage(node.disk, self.compact_at)
        self.document: Document = self.types.empty()
        self.stability = self.stability_class(node.peers)
        self._teller = Teller(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.storage.open()
        if self.storage.document is not None:
            self.document = self.types.of(self.storage.document)
        self._show()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.storage.write)
            nursery.start_soon(self._gossip)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, "read" | "text" | "note" as f, argument):
                        nursery.start_soon(self._read, sender, number, f, argument)
                    case ("request", number, f, argument):
                        nursery.start_soon(self._update, sender, number, f, argument)
                    case _:
                        self.hear(sender, message, nursery)

    def hear(self, sender: str, message: Message, nursery: trio.Nursery) -> None:
        """Take what another server tells."""
        match message:
            case ("gossip", document):
                told = self.types.of(document)
                self.keep(self.types.merged(self.document, told))
                self.stability.hear(sender, told.seen)

    def keep(self, document: Document) -> None:
        """Have this document from now on; durable with the next update, or before a client reads
        it."""
        if document != self.document:
            self.have(document)

    def have(self, document: Document) -> None:
        """Have it, though it may say nothing new."""
        self.document = document
        self.storage.document = document
        self._show()

    def _show(self) -> None:
        """Show which parts of the document are others than they were."""
        if self._teller.heard:
            elements, counter, _ = self.document.value
            register = self.document.register
            self._teller.changed(("part", "elements"), elements)
            self._teller.changed(("part", "counter"), counter)
            self._teller.changed(("part", "register"), (register.value, register.stamp))
            self._teller.changed(("part", "text"), self.document.text.letters)
            self._teller.changed(("part", "notes"), _values(self.document))

    async def _read(self, client: str, number: int, f: str, argument: Any) -> None:
        read = self.document
        await self.storage.durable()
        found: Message = read.value
        if f == "text":
            found = (read.text.letters,)
        elif f == "note":
            cell = self.types.note(read, argument).cell
            found = cell.values, cell.context
        self.node.network.send(client, ("reply", number, "ok", read.seen, *found))

    async def _update(self, client: str, number: int, f: str, argument: Any) -> None:
        if number in self.storage.requests:
            return  # it came twice, and is answered once
        # What was counted in an earlier life a crash may have erased: another life, another actor.
        actor = f"{self.node.name}/{self.storage.life}"
        now = int(self.node.clock.time() / self.tick_s)
        after = self.types.changed(self.document, actor, now, f, argument)
        answer: Message = ("refused", f"there is nothing to {f}")
        if after is not None:
            self.keep(after)
            answer = ("ok",)
        # Also of what is refused: a copy of it may come when nothing is in its way.
        self.storage.requests = (*self.storage.requests, number)
        await self.storage.durable()
        if f == "assign":
            self.node.trace(STAMPED_WRITE)
        self.node.network.send(client, ("reply", number, *answer))

    async def _gossip(self) -> None:
        while True:
            await trio.sleep(self.gossip_s)
            await self.tell()

    async def tell(self) -> None:
        """Tell the others what this one has on disk, and forget what nobody needs."""
        document = self.document
        told = self.told()
        await self.storage.durable()
        for peer in self.node.peers:
            self.node.network.send(peer, ("gossip", told))
        self.collect(document)

    def told(self) -> Document:
        """The document as others are told of it."""
        return self.document

    def collect(self, durable: Document) -> None:
        """Forget what is erased everywhere, where this document is on disk here."""
        self.stability.note(self.types.erased(durable), durable.seen)
        document = self.types.collected(self.document, self.stability.everywhere())
        if document is not self.document:
            self.have(document)


def _values(document: Document) -> tuple[Any, ...]:
    return tuple((key, note.cell.values) for key, note in document.notes.entries)
