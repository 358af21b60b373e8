"""Tombstones that are forgotten after a time of grace (``leaderless-grace``).

What was removed leaves its context behind, a *tombstone*, for good: the store grows with all keys
that there ever were. Forgotten too early, a home that was away for longer brings the value back, as
it has what nobody else remembers to be history. So a home first has every home of the key keep the
tombstone, durably; while one of them is away, nothing is forgotten, however long that takes. After
that only what was under way at that moment may know the value still: messages, and operations of
coordinators that had read it. The time of grace is for these::

    n1   removes x   n2, n3 have the tombstone |  a time of grace  | forgets x
    n2   removes x                             |  a time of grace  | forgets x
    n3   away ......... back: keeps it         |  a time of grace  | forgets x

Assumed: no message is late by more than the time of grace, no process stands still for so long, and
clocks run at their rate. Cassandra assumes besides that nobody is away for longer than its
``gc_grace_seconds`` and that repair has run meanwhile (documentation, "Tombstones").

A home that has forgotten a key takes no tombstone of it from homes that have not yet, or they would
remind each other for ever. Coordinators forget what they had issued, too, and number what they
issue afterwards anew, as another actor: else they would write the old values back with it.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.clocks.vectors import joined
from splitbrain.systems.replication.leaderless.merkle import MerkleTree
from splitbrain.systems.replication.leaderless.server import LeaderlessServer
from splitbrain.systems.replication.leaderless.siblings import EMPTY, Cell, Context, cell_of


class GraceServer(LeaderlessServer):
    """Forgets removed keys.

    Attributes:
        grace_s: seconds from when every home has a tombstone until it is forgotten, beyond those
            that an operation may take.
    """

    grace_s = 0.5

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._agreed: dict[str, tuple[Cell, float]] = {}  # since when all homes have a tombstone
        self._forgotten: dict[str, tuple[Context, float]] = {}
        self._issued_at: dict[str, float] = {}
        self._generation = 0

    @property
    def patient_grace_s(self) -> float:
        """The time of grace, and that of the operations that had begun before."""
        return self.grace_s + self.patience_s

    @property
    def actor(self) -> str:
        """This coordinator since it has last forgotten something that it had issued."""
        return f"{super().actor}/{self._generation}"

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._forget)
            await super().run()

    def change(self, key: str, context: Context, *value: Any) -> Cell:
        """See `LeaderlessServer.change`."""
        self._issued_at[key] = trio.current_time()
        return super().change(key, context, *value)

    def tree(self, peer: str) -> MerkleTree:
        """Without tombstones, which homes have from each other before they forget them: else one
        that has not yet would seem to know more."""
        cells = self.storage.cells.items()
        shared = {k: cell for k, cell in cells if cell.siblings and peer in self.homes(k)}
        return MerkleTree(shared, self.tree_depth)

    async def _keep(self, sender: str, message: Message) -> None:
        """Keep what somebody sent, but for tombstones of what is forgotten here."""
        match message:
            case ("cells", cells):
                new = tuple(each for each in cells if not self._is_forgotten(*each))
                await super()._keep(sender, ("cells", new))
            case ("store", number, key, cell) if self._is_forgotten(key, cell):
                self.node.network.send(sender, ("answer", number, EMPTY))
            case _:
                await super()._keep(sender, message)

    def _is_forgotten(self, key: str, raw: Any) -> bool:
        cell = cell_of(raw)
        if cell.siblings or key in self.storage.cells or key not in self._forgotten:
            return False
        context, _ = self._forgotten[key]
        return joined(context, cell.context) == context

    async def _forget(self) -> None:
        """Now and then, see what can be forgotten."""
        while True:
            await trio.sleep(self.repair_s)
            now = trio.current_time()
            self._forget_issued(now)
            for key, cell in tuple(self.storage.cells.items()):
                if cell.siblings or self.node.name not in self.homes(key):
                    self._agreed.pop(key, None)
                elif await self.may_forget(key, cell):
                    self._forgotten[key] = cell.context, now
                    self._agreed.pop(key)
                    self.storage.forget(key)

    async def may_forget(self, key: str, cell: Cell) -> bool:
        """Whether all homes have had this tombstone for the time of grace."""
        agreed = self._agreed.get(key)
        if agreed is not None and agreed[0] == cell:
            return trio.current_time() - agreed[1] > self.patient_grace_s
        with trio.move_on_after(self.resend_s):
            homes = self.homes(key)
            await self._ask(homes, ("store", key, cell), len(homes))
            if self.storage.cells.get(key) == cell:
                self._agreed[key] = cell, trio.current_time()
        return False

    def _forget_issued(self, now: float) -> None:
        old = [key for key, at in self._issued_at.items() if now - at > self.patient_grace_s]
        for key in old:
            del self._issued_at[key]
            self.issued.pop(key, None)
        self._generation += bool(old)
        remembered = self._forgotten.items()
        late = [key for key, (_, at) in remembered if now - at > 10 * self.patient_grace_s]
        for key in late:
            del self._forgotten[key]
