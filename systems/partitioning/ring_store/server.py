"""One server: owner of some elements, router for all, and the first one says who is a member.

    client -> server   ("request", id, "add", element)    -> ("ok",)
                       ("request", id, "read")            -> ("ok", elements)
                       ("request", id, "members")         -> ("ok", version, members)
                       ("request", id, "change", version, server)   likewise; the first server's
    server -> server   ("store", elements)      -> ("stored", version, elements)
                       ("read", id)             -> ("have", id, elements)
                       ("members", version, names)
                       ("known", version)       to the first one, again and again

All of it may be sent twice: storing twice changes nothing, and a change is of one version of the
members. What is stored is told once it is durable, by who owns it and with the version by which it
does: who owned it in another version may have forgotten it since.

Elements fall into `SLOTS` slots, whose owners follow from the members alone: the next members
clockwise; but a slot whose first one is full, by the bound on loads, goes on clockwise to one that
is not. So every server finds the same, without a word about what others have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Protocol

import trio

from splitbrain.checkers.vocabulary import PLACEMENT
from splitbrain.harness.node import Message, Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.partitioning.hashing import point
from splitbrain.systems.partitioning.ring import VIRTUAL, Ring, bounded
from splitbrain.systems.partitioning.ring_store.storage import Storage
from splitbrain.systems.roles import by_number

SLOTS = tuple(map(str, range(64)))
"""What is placed: each element is in one of these, and where that is."""

Owners = dict[str, tuple[str, ...]]
"""By slot, the members that are to have its elements."""


@lru_cache(4096)
def slot_of(element: int) -> str:
    """The slot of an element."""
    return SLOTS[point(str(element)) % len(SLOTS)]


@lru_cache(64)
def ring_of(members: tuple[str, ...], virtual: int) -> Ring:
    """The ring of these members, which takes a while to make."""
    return Ring.of(members, virtual)


class Placing(Protocol):
    """What says who owns a key."""

    def owners(self, key: str, count: int) -> tuple[str, ...]:
        """The members that have so many copies of a key."""
        ...

    def __hash__(self) -> int:
        """What it says is kept by it."""
        ...


@lru_cache(64)
def bounded_owners(ring: Placing, members: int, copies: int, bound: float) -> Owners:
    """The owners of each slot, of which none is the first of more than its bounded share."""
    orders = {slot: ring.owners(slot, members) for slot in SLOTS}
    owners = {}
    for slot, first in bounded(orders, members, bound).items():
        if first != orders[slot][0]:
            others = (each for each in orders[slot] if each != first)
            owners[slot] = (first, *others)[:copies]
        else:
            owners[slot] = ring.owners(slot, copies)
    return owners


class RingStoreServer:
    """See the module.

    Attributes:
        copies: how many members have an element, if there are so many.
        virtual: points of a member on the ring.
        bound: a member is the first owner of at most so many times its share of the slots, rounded
            up.
        tick_s: seconds between looks at what has to move, and until the silent are asked again.
    """

    copies = 2
    virtual = VIRTUAL
    bound = 1.25
    tick_s = 0.1

    def __init__(self, node: Node) -> None:
        self.node = node
        self.servers = by_number((node.name, *node.peers))
        self.storage = Storage(node.disk, self.servers)
        self.ring: Placing = self.placing(self.servers)
        self.slots: Owners = {}
        self.stored: dict[int, set[str]] = {}  # who has said that they own and have an element
        self._changed = trio.Event()
        self._reads: dict[int, dict[str, tuple[int, ...]]] = {}
        self._changing = trio.Lock()
        self._teller = Teller(node)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.storage.open()
        for element in self.storage.elements:
            self._teller.holds(element, True)
        self._placed()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._move)
            while True:
                self._show()
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("store", elements):
                        nursery.start_soon(self._store, sender, elements)
                    case _:
                        self._hear(sender, message)

    def _show(self) -> None:
        """Show how many elements are here, and who the members are."""
        storage = self.storage
        self._teller.state("members", f"{storage.version}: {' '.join(storage.members)}")
        self._teller.state("elements", len(storage.elements))

    def placing(self, members: tuple[str, ...]) -> Placing:
        """Who is to own what, as far as there is room, while these are the members."""
        return ring_of(members, self.virtual)

    def bounded(self) -> Owners:
        """Who owns what."""
        members = len(self.storage.members)
        return bounded_owners(self.ring, members, self.copies, self.bound)

    def told_bound(self) -> dict[str, Any]:
        """What is told of the bound on loads: which it is, and the homes of what is elsewhere."""
        homes = {slot: self.ring.owners(slot, 1)[0] for slot in SLOTS}
        elsewhere = {s: home for s, home in homes.items() if home != self.slots[s][0]}
        return {"bound": self.bound, "homes": elsewhere}

    def owners(self, element: int) -> tuple[str, ...]:
        """The members that are to have an element."""
        return self.slots[slot_of(element)]

    def is_foreign(self, element: int) -> bool:
        """Whether an element that all of its owners have is to be forgotten here."""
        return self.node.name not in self.owners(element)

    def absent(self, element: int) -> list[str]:
        """Those of its owners that have not said that they have it."""
        stored = self.stored.get(element, ())
        return [owner for owner in self.owners(element) if owner not in stored]

    # Between servers

    def _hear(self, sender: str, message: Message) -> None:
        match message:
            case ("stored", version, elements) if version == self.storage.version:
                for element in elements:
                    self.stored.setdefault(element, set()).add(sender)
                self._wake()
            case ("read", number):
                have = ("have", number, tuple(self.storage.elements))
                self.node.network.send(sender, have)
            case ("have", number, elements) if number in self._reads:
                self._reads[number][sender] = elements
                self._wake()
            case ("known", version) if version < self.storage.version:
                if not self._changing.locked():  # else they may not be durable yet
                    self._tell_members([sender])
            case ("members", version, members) if self.storage.learn(version, members):
                self._placed()

    async def _store(self, sender: str, elements: tuple[int, ...]) -> None:
        mine = tuple(element for element in elements if self.node.name in self.owners(element))
        for element in mine:
            self.storage.keep(element)
            self._teller.holds(element, True)
        version = self.storage.version
        await self.durable()
        self.node.network.send(sender, ("stored", version, mine))

    async def durable(self) -> None:
        """Return once what it was told to store may be told of as stored."""
        await self.storage.sync()

    def _tell_members(self, servers: Iterable[str]) -> None:
        for server in servers:
            message = ("members", self.storage.version, self.storage.members)
            self.node.network.send(server, message)

    def _placed(self) -> None:
        """The members are others: what is where follows anew, and is told."""
        members = self.storage.members
        self.ring = self.placing(members)
        self.slots = self.bounded()
        self.stored.clear()
        told = {slot: list(owners) for slot, owners in self.slots.items()}
        value = {"members": list(members), "copies": self.copies, "owners": told}
        self.node.announce(PLACEMENT, value | self.told_bound())

    async def _move(self) -> None:
        """Send what is not at all of its owners, and forget what is and is not ours."""
        while True:
            await trio.sleep(self.tick_s)
            await self.storage.sync()
            self.node.network.send(self.servers[0], ("known", self.storage.version))
            missing: dict[str, list[int]] = {}
            for element in list(self.storage.elements):
                absent = self.absent(element)
                if not absent and self.is_foreign(element):
                    self.storage.forget(element)
                    self._teller.holds(element, None)
                for owner in absent:
                    missing.setdefault(owner, []).append(element)
            for owner, elements in missing.items():
                self.node.network.send(owner, ("store", tuple(elements)))

    # Clients

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["add", int() as element]:
                await self._add(element)
                answer: Message = ("ok",)
            case ["read"]:
                answer = ("ok", await self._read(number))
            case ["members"] if self._first:
                answer = ("ok", self.storage.version, self.storage.members)
            case ["change", int() as version, str() as server] if self._first:
                answer = await self._change(version, server)
            case _:
                answer = ("refused", f"ask {self.servers[0]}")
        self.node.network.send(client, ("reply", number, *answer))

    @property
    def _first(self) -> bool:
        return self.node.name == self.servers[0]

    async def _add(self, element: int) -> None:
        """Have all owners store it, whoever they are by then."""
        while absent := self.absent(element):
            for owner in absent:
                self.node.network.send(owner, ("store", (element,)))
            await self._until(lambda: not self.absent(element))

    async def _read(self, number: int) -> tuple[int, ...]:
        """What all servers but so few have that an element can't be on these alone."""
        answers = self._reads[number] = {}
        copies = min(self.copies, len(self.storage.members))
        enough = len(self.servers) - copies + 1
        while len(answers) < enough:
            for server in self.servers:
                if server not in answers:
                    self.node.network.send(server, ("read", number))
            await self._until(lambda: len(answers) >= enough)
        del self._reads[number]
        return tuple(dict.fromkeys(e for elements in answers.values() for e in elements))

    async def _change(self, version: int, server: str) -> Message:
        """Have a server be a member that is none, or the other way round; the members then."""
        async with self._changing:
            if version == self.storage.version:
                members = set(self.storage.members) ^ {server}
                if not members:
                    return "refused", "somebody has to be a member"
                # At once with its ring: what is acknowledged is of both, or of neither.
                self.storage.learn(version + 1, by_number(members))
                self._placed()
                await self.storage.sync()
                self._tell_members(self.node.peers)
        return "ok", self.storage.version, self.storage.members

    async def _until(self, done: Callable[[], bool]) -> None:
        """Wait until enough have answered, or it is time to ask again."""
        with trio.move_on_after(self.tick_s):
            while not done():
                await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
