"""How a range travels: snapshot, catch-up, and the moment from which its source serves it no more.

    source -> target   ("copy", move, attempt, chunk, cells, last)
    target -> source   ("copied", move, attempt, chunk)       that part is durable there

The source sends what it has, part by part, and goes on serving; whatever changes meanwhile is sent
again. When no more than a part is left it *freezes* the range and sends that part as the last one,
once it is durable that it is frozen: from then on it answers for the range only if a later map says
that the move was called off. The target keeps the parts apart from its data until a map says that
the range is its own.

A source that starts again does not know what had changed, so it begins anew, as another attempt; it
does so frozen, if it was.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.partitioning.database.keymap import Move
from splitbrain.systems.partitioning.database.storage import Cells, Storage

RESEND_S = 0.1
"""How long to wait for an answer before sending a part again."""


class Outgoing:
    """One range on its way from here.

    Attributes:
        part: most keys in a part.
        to_send: the keys whose cells the target has not, in the order in which they are sent.
    """

    part = 2

    def __init__(
        self, node: Node, storage: Storage, move: Move, frozen: Callable[[], None]
    ) -> None:
        self.node = node
        self.storage = storage
        self.move = move
        self._frozen = frozen
        self.to_send = dict.fromkeys(key for key in sorted(storage.cells) if move.covers(key))
        self._acknowledged = -1
        self._heard = trio.Event()

    async def run(self) -> None:
        """Send it, until all of it is there or the move is over."""
        chunk, last = 0, False
        while not last and self.under_way():
            keys = list(self.to_send)[: self.part]
            for key in keys:
                del self.to_send[key]
            if not self.to_send:
                self.freeze()
                last = True
            cells = self.cells(keys)
            await self.durable()
            await self._send(chunk, cells, last=last)
            chunk += 1

    async def durable(self) -> None:
        """Wait until what is sent may be: what it rests on is on disk, the freezing too."""
        await self.storage.sync()

    def under_way(self) -> bool:
        """Whether the move is neither done nor called off, as far as this server knows."""
        return self.move in self.storage.map.moves

    def changed(self, key: str) -> None:
        """A cell has changed: the target needs it again."""
        if self.move.covers(key):
            self.to_send[key] = None

    def freeze(self) -> None:
        """Answer for the range no more."""
        if self.move.number not in self.storage.frozen:
            self.storage.freeze(self.move.number)
            self._frozen()

    def cells(self, keys: list[str]) -> Cells:
        """What is sent of some keys: also of deleted ones, or they would come back."""
        return tuple((key, self.storage.cells[key]) for key in keys)

    def acknowledged(self, chunk: int) -> None:
        """The target has a part. One that was known wakes nobody: if each repeated answer had the
        next part sent again, that would be answered as often, and so on (the sorcerer's apprentice;
        RFC 1123, section 4.2.3.1)."""
        if chunk > self._acknowledged:
            self._acknowledged = chunk
            self._heard.set()

    async def _send(self, chunk: int, cells: Cells, *, last: bool) -> None:
        message = ("copy", self.move.number, self.storage.life, chunk, cells, last)
        while self._acknowledged < chunk and self.under_way():
            self.node.network.send(self.move.target, message)
            self._heard = trio.Event()
            with trio.move_on_after(RESEND_S):
                await self._heard.wait()
