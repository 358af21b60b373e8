"""One server: a replica of all cells, and coordinator for the clients that ask it.

    client -> coordinator    ("request", id, f, *arguments)      see the client
    coordinator -> replica   ("query", round, kind, key)         what do you have? key None: all
                             ("store", round, cells)             have these
    replica -> coordinator   ("answer", round, cells)            cells are () after a store

A coordinator asks all replicas, itself included, until enough have answered; whoever is silent is
asked again. All of it may be asked twice, so repeated and late messages do no harm; but for a
client's write, which would be another write, perhaps after others: its number is remembered. A
round's number holds the coordinator's life: an answer to an earlier life's question is for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.replication.abd.storage import Storage
from splitbrain.systems.replication.abd.versions import (
    ADDED,
    ELEMENT,
    NEVER,
    REGISTER,
    Cell,
    Version,
    cell,
    newest,
)

Answers = dict[str, tuple[Cell, ...]]
"""What each replica that answered a round has, by its name."""


class QuorumServer:
    """Replica and coordinator.

    Attributes:
        resend_s: seconds until a silent replica is asked again.
        patience_s: seconds that a coordinator tries; then it says that it does not know.
        compact_at: length of the log at which it is written anew, in records.
        read_quorum: how many replicas a read needs; None means a majority.
        write_quorum: likewise for a write. Any two quorums must share a replica.
    """

    resend_s = 0.1
    patience_s = 0.5
    compact_at = 500
    read_quorum: int | None = None
    write_quorum: int | None = None

    def __init__(self, node: Node) -> None:
        self.node = node
        self.replicas = (node.name, *node.peers)
        majority = len(self.replicas) // 2 + 1
        self.to_read = self.read_quorum or majority
        self.to_write = self.write_quorum or majority
        self.storage = Storage(node.disk, self.compact_at)
        self._teller = Teller(node)
        self.issued = 0
        self._rounds = 0
        self._open: dict[tuple[int, int], _Round] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.storage.open()
        self._tell(self.storage.held(REGISTER, None))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.storage.write)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, f, *arguments):
                        nursery.start_soon(self._serve, sender, number, f, arguments)
                    case ("query", number, kind, key):
                        held = self.storage.held(kind, key)
                        self.node.network.send(sender, ("answer", number, held))
                    case ("store", number, cells):
                        nursery.start_soon(self._store, sender, number, cells)
                    case ("answer", number, cells) if number in self._open:
                        self._open[number].hear(sender, tuple(map(cell, cells)))

    async def _store(self, sender: str, number: Message, cells: Iterable[Any]) -> None:
        offered = tuple(map(cell, cells))
        await self.storage.store(offered)
        self._tell(offered)
        self.node.network.send(sender, ("answer", number, ()))

    def _tell(self, cells: Iterable[Cell]) -> None:
        """Show what is here of these registers."""
        for each in cells if self._teller.heard else ():
            if each.kind == REGISTER:
                self._teller.holds(each.key, self.storage.cells[REGISTER, each.key].value)

    # The coordinator

    async def _serve(self, client: str, number: int, f: str, arguments: list[Any]) -> None:
        with trio.move_on_after(self.patience_s) as patience:
            if f == "write" and not await self.storage.begin(number):
                return  # it came before, and is answered once
            answer = await self._do(f, *arguments)
        if patience.cancelled_caught:
            answer = self.given_up()
        self.node.network.send(client, ("reply", number, *answer))

    def given_up(self) -> Message:
        """The answer to an operation that no quorum answered: some replica may have it."""
        return ("unknown",)

    async def _do(self, f: str, *arguments: Any) -> Message:
        match f, arguments:
            case "read", (key,):
                found = await self.read(REGISTER, key)
                return "ok", found[0].value if found else None
            case "read-all", ():
                return "ok", tuple(each.key for each in await self.read(ELEMENT, None))
            case "write", (key, value):
                version = await self.next_version(key)
                await self.store((Cell(REGISTER, key, version, value),))
                return "ok", None
            case "add", (element,):
                await self.store((Cell(ELEMENT, element, ADDED, True),))
                return "ok", None
        return "refused", f"{f} is no operation of this server"

    async def read(self, kind: str, key: Any) -> tuple[Cell, ...]:
        """The newest versions of a key, or of all of a kind, once a quorum has them."""
        answers = await self.query(kind, key)
        found = tuple(newest(each for cells in answers.values() for each in cells).values())
        missed = self.to_write_back(found, answers)
        if missed:
            await self.store(missed)
        return found

    def to_write_back(self, found: tuple[Cell, ...], answers: Answers) -> tuple[Cell, ...]:
        """Those of the newest cells that fewer replicas than a write needs are known to have."""
        held = [set(cells) for cells in answers.values()]
        return tuple(each for each in found if sum(each in cells for cells in held) < self.to_write)

    async def next_version(self, key: Any) -> Version:
        """A version greater than that of every write of this key that has ended."""
        answers = await self.query(REGISTER, key)
        known = [each.version for cells in answers.values() for each in cells]
        self.issued = max(self.issued, max(known, default=NEVER).counter) + 1
        return Version(self.issued, self.node.name, self.storage.life)

    async def query(self, kind: str, key: Any) -> Answers:
        """What a quorum has."""
        return await self._ask("query", (kind, key), self.to_read)

    async def store(self, cells: tuple[Cell, ...]) -> None:
        """Have a quorum store these."""
        await self._ask("store", (cells,), self.to_write)

    async def _ask(self, what: str, arguments: Message, enough: int) -> Answers:
        self._rounds += 1
        number = self.storage.life, self._rounds
        asked = self._open[number] = _Round(enough)
        try:
            while not asked.complete.is_set():
                for replica in self.replicas:
                    if replica not in asked.answers:
                        self.node.network.send(replica, (what, number, *arguments))
                with trio.move_on_after(self.resend_s):
                    await asked.complete.wait()
        finally:
            del self._open[number]
        return asked.answers


class _Round:
    """A question to all replicas, and who answered so far."""

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.answers: Answers = {}
        self.complete = trio.Event()

    def hear(self, replica: str, cells: tuple[Cell, ...]) -> None:
        """A replica's answer; what comes after the last one needed is not looked at."""
        if not self.complete.is_set():
            self.answers[replica] = cells
            if len(self.answers) >= self.enough:
                self.complete.set()
