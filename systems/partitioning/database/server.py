"""One server: owner of some ranges, router to the owners of others; the first one coordinates, too.

    client -> server   ("request", id, "do", session, number, f, key, *arguments)
                       -> ("ok", result)   ("moved",)   ("refused", why)
                       ("request", id, "search", color)     -> ("ok", items)
    router -> owner    ("forward", version, client, id, request)   the owner answers the client

Any server takes any request. It does what is of its own ranges, and sends the rest to whom its map
says. A map may be old, the router's or the owner's; so an owner looks at its own, and refuses what
is not its own by that: the client asks again, and whoever is behind is told of the later map.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import trio

from splitbrain.checkers.vocabulary import OWNS
from splitbrain.harness.node import Message, Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.partitioning.database.coordinator import Coordinator, Size
from splitbrain.systems.partitioning.database.copying import Outgoing
from splitbrain.systems.partitioning.database.gathering import Gathering
from splitbrain.systems.partitioning.database.keymap import Bounds, map_of
from splitbrain.systems.partitioning.database.operations import once
from splitbrain.systems.partitioning.database.storage import EMPTY, Cell, Storage
from splitbrain.systems.roles import by_number

Request = tuple[Any, ...]

PATIENCE_S = 2.0
"""How long a search goes on, in seconds; nobody waits for it any more then."""


class DatabaseServer:
    """See the module.

    Invariant: nobody is told anything before all that it rests on is durable here.

    Attributes:
        compact_at: length of the log at which it is written anew, in records.
        status_s: time between reports to the coordinator, in seconds.
        coordinator_class: what decides.
        storage_class: what keeps the data.
        outgoing_class: what sends a range away.
        gathering_class: what asks all servers.
        administration: what the coordinator is asked for.
    """

    compact_at = 200
    status_s = 0.1
    coordinator_class = Coordinator
    storage_class = Storage
    outgoing_class = Outgoing
    gathering_class = Gathering
    administration = ("split", "merge", "move")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.servers = by_number((node.name, *node.peers))
        first = self.coordinator_class.first_map(self.servers)
        self.storage = self.storage_class(node.disk, node.name, first, self.compact_at)
        self.coordinator: Coordinator | None = None
        self.copies: dict[int, Outgoing] = {}
        self._searches: dict[int, Gathering] = {}
        self._told: tuple[Bounds, ...] | None = None
        self._teller = Teller(node)
        self._asked: Counter[str] = Counter()  # by key, since the last report

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.storage.open()
        async with trio.open_nursery() as nursery:
            if self.node.name == self.servers[0]:
                self.coordinator = self.coordinator_class(self.node, self.servers)
                await self.coordinator.open()
                nursery.start_soon(self.coordinator.run)
            self._after_map(nursery)
            nursery.start_soon(self._report)
            while True:
                self._show()
                sender, message = await self.node.network.receive()
                self._hear(nursery, sender, message)

    def _hear(self, nursery: trio.Nursery, sender: str, message: Message) -> None:
        match message:
            case ("request", number, "do", *request):
                self._route(nursery, sender, number, tuple(request))
            case ("request", number, "search", color):
                nursery.start_soon(self._search, sender, number, color)
            case ("request", number, f, *arguments):
                nursery.start_soon(self._administer, sender, number, f, arguments)
            case ("forward", version, client, number, request):
                self._forwarded(nursery, sender, version, client, number, request)
            case ("map", known):
                if self.storage.learn(map_of(known)):
                    self._after_map(nursery)
            case ("copy", number, attempt, chunk, cells, last):
                known = self.storage.map.numbers()
                if number in known and self.storage.stage(number, attempt, chunk, cells, last=last):
                    answer = ("copied", number, attempt, chunk)
                    nursery.start_soon(self._tell, sender, answer)
            case ("copied", number, attempt, chunk):
                if attempt == self.storage.life and number in self.copies:
                    self.copies[number].acknowledged(chunk)
            case ("find", number, low, high, color) if self.storage.serves_all(low, high):
                found = ("found", number, low, high, self.storage.found(low, high, color))
                nursery.start_soon(self._tell, sender, found)
            case ("found", number, low, high, items) if number in self._searches:
                self._searches[number].hear(low, high, items)
            case ("status", version, arrived, sizes, busiest) if self.coordinator is not None:
                self.coordinator.status(sender, version, arrived, sizes, busiest)

    async def _tell(self, destination: str, message: Message) -> None:
        """Send it once all that is written is durable."""
        await self.storage.sync()
        self.node.network.send(destination, message)

    # Requests

    def _route(self, nursery: trio.Nursery, client: str, number: int, request: Request) -> None:
        """Do it, or send it to whom the map says."""
        if self.serves(request):
            self._do(nursery, client, number, request)
            return
        known = self.storage.map
        owner = known.owner(request[3])
        if owner == self.node.name:  # it is on its way to somebody else
            self.node.network.send(client, ("reply", number, "moved"))
        else:
            message = ("forward", known.version, client, number, request)
            self.node.network.send(owner, message)

    def _forwarded(
        self,
        nursery: trio.Nursery,
        router: str,
        version: int,
        client: str,
        number: int,
        request: Request,
    ) -> None:
        """Do what a router takes for ours, if it is."""
        if self.serves(request):
            self._do(nursery, client, number, request)
            return
        self.node.network.send(client, ("reply", number, "moved"))
        if version < self.storage.map.version:
            nursery.start_soon(self._tell, router, ("map", self.storage.map))

    def serves(self, request: Request) -> bool:
        """Whether a request is of a range that is served here."""
        return self.storage.serves(request[3])

    def _do(self, nursery: trio.Nursery, client: str, number: int, request: Request) -> None:
        session, sequence, f, key, *arguments = request
        self._asked[key] += 1
        cell = self.storage.cells.get(key, EMPTY)
        answer = once(cell, session, sequence, f, *arguments)
        if answer is None:
            return  # it was given up long ago
        result, after = answer
        if after != cell:
            self.change(key, after)
        nursery.start_soon(self._tell, client, ("reply", number, "ok", result))

    def change(self, key: str, cell: Cell) -> None:
        """A key has another cell; whoever is to have the key needs it, too."""
        self.storage.put(key, cell)
        for copy in self.copies.values():
            copy.changed(key)

    async def _search(self, client: str, number: int, color: str | None) -> None:
        """Ask all servers for items."""
        if number in self._searches:
            return  # asked twice, and answered once
        search = self.gathering_class(self.node, self.storage, number, color)
        self._searches[number] = search
        with trio.move_on_after(PATIENCE_S):
            items = await search.run()
            self.node.network.send(client, ("reply", number, "ok", items))
        del self._searches[number]

    async def _administer(self, client: str, number: int, f: str, arguments: list[Any]) -> None:
        if self.coordinator is None or f not in self.administration:
            known = ", ".join(self.administration)
            answer: Message = ("refused", f"{self.servers[0]} does {known}; this is {f}")
        else:
            answer = await self.coordinator.answer(f, *arguments)
        self.node.network.send(client, ("reply", number, *answer))

    # Ranges

    def _after_map(self, nursery: trio.Nursery) -> None:
        """Start to send what is to go, and forget what went."""
        moves = {move.number: move for move in self.storage.outgoing()}
        self.copies = {number: copy for number, copy in self.copies.items() if number in moves}
        for number, move in moves.items():
            if number not in self.copies:
                copy = self.outgoing_class(self.node, self.storage, move, self._announce)
                self.copies[number] = copy
                nursery.start_soon(copy.run)
        self._announce()

    def _announce(self) -> None:
        """Put on record what this server answers for, if that has changed."""
        served = self.storage.served()
        if served != self._told:
            self._told = served
            self.node.announce(OWNS, {"ranges": served})

    def _show(self) -> None:
        """Show what is another than it was: values, the map that is known, ranges on their way."""
        storage = self.storage
        if self._teller.heard:
            self._teller.holds_all({key: cell.value for key, cell in storage.cells.items()})
            self._teller.state("map", storage.map.version)
            going = [f"{move.number} to {move.target}" for move in storage.outgoing()]
            coming = [f"{number} comes" for number in sorted(storage.staged)]
            self._teller.state("moves", ", ".join((*going, *coming)))

    async def _report(self) -> None:
        """Tell the coordinator how far this server is."""
        while True:
            storage = self.storage
            busiest = max(self._asked.items(), key=lambda each: each[1], default=("", 0))
            self._asked.clear()
            known, arrived = storage.map.version, storage.arrived()
            message = ("status", known, arrived, self.sizes(), busiest)
            await self._tell(self.servers[0], message)
            await trio.sleep(self.status_s)

    def sizes(self) -> tuple[Size, ...]:
        """How many keys each range has that is served here."""
        sizes = []
        for low, high in self.storage.served():
            keys = sorted(k for k in self.storage.cells if low <= k and (high is None or k < high))
            if keys:
                sizes.append(Size(low, len(keys), keys[len(keys) // 2]))
        return tuple(sizes)
