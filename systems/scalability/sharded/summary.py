"""A sharded database as a page of code sketches it, made to run on several servers.

``shard_for_key`` is a hash modulo how many shards there are, ``get_sharded_data`` looks there; a
shard is a server, and the first one tells how many there are::

    add(element)   shard = hash(element) mod count; send to that server
    change         there is one shard more, or one less

Guarantees: while no shard comes or goes and nothing fails, what was added is found. All is in
memory.

The design's weaknesses are kept, since they are what there is to see:

* With another count nearly every key is another shard's (DDIA chapter 6, "How not to do it: hash
  mod N"), and nothing is moved: what was there is not found any more.
* Servers hear of a new count one after the other, if they hear of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import trio

from splitbrain.checkers.invariants.placements import placement
from splitbrain.checkers.vocabulary import PLACEMENT
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import Message, Node
from splitbrain.harness.system import System
from splitbrain.systems.partitioning.hashing import point
from splitbrain.systems.roles import by_number
from splitbrain.systems.set_client import SetClient

ANSWER_S = 0.1
"""How long a server waits for another's data; longer than any message takes without faults."""

SAMPLE = tuple(f"key{number}" for number in range(32))
"""Keys of which it is told where they are."""


class SummaryServer:
    """One shard.

    Attributes:
        shards: which servers are shards, as this one was told last.
        version: how often that has changed.
        data: what was sent here.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.servers = by_number((node.name, *node.peers))
        self.shards = self.servers
        self.version = 0
        self.data: dict[int, None] = {}
        self._gathered: dict[int, dict[str, tuple[int, ...]]] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        self._announce()
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self._node.network.receive()
                match message:
                    case ("request", number, "read"):
                        nursery.start_soon(self._read, sender, number)
                    case ("request", number, f, *arguments):
                        self._request(sender, number, f, arguments)
                    case _:
                        self._hear(sender, message)

    def shard_for_key(self, key: str) -> str:
        """The server that a hash names."""
        return self.shards[point(key) % len(self.shards)]

    def _request(self, client: str, number: int, f: str, arguments: list[int | str]) -> None:
        match f, arguments:
            case "add", [int() as element]:
                message = ("add", client, number, element)
                self._node.network.send(self.shard_for_key(str(element)), message)
                return
            case "change", [int() as version, str() as server]:
                after = {*self.shards} ^ {server}
                if version == self.version and after:
                    self._resize(version + 1, by_number(after))
                    for peer in self._node.peers:
                        self._node.network.send(peer, ("shards", self.version, self.shards))
        self._node.network.send(client, ("reply", number, "ok", self.version, self.shards))

    def _hear(self, sender: str, message: Message) -> None:
        match message:
            case ("add", client, number, element):
                self.data[element] = None
                self._node.network.send(client, ("reply", number, "ok"))
            case ("shards", version, shards):
                self._resize(version, shards)
            case ("all", number):
                self._node.network.send(sender, ("have", number, tuple(self.data)))
            case ("have", number, elements) if number in self._gathered:
                self._gathered[number][sender] = elements

    def get_sharded_data(self, key: str, gathered: Mapping[str, Collection[int]]) -> int | None:
        """What the shard of a key has under it, of what shards said they have; None if nothing."""
        return int(key) if int(key) in gathered.get(self.shard_for_key(key), ()) else None

    def _resize(self, version: int, shards: tuple[str, ...]) -> None:
        self.version, self.shards = version, shards
        self._announce()

    def _announce(self) -> None:
        owners = {key: (self.shard_for_key(key),) for key in SAMPLE}
        told = {"members": self.shards, "copies": 1, "owners": owners}
        self._node.announce(PLACEMENT, told)

    async def _read(self, client: str, number: int) -> None:
        """What is found of all that there is, each where it is looked for."""
        self._gathered[number] = {}
        for server in self.shards:
            self._node.network.send(server, ("all", number))
        await trio.sleep(ANSWER_S)
        gathered = self._gathered.pop(number)
        there = sorted({element for each in gathered.values() for element in each})
        found = (self.get_sharded_data(str(element), gathered) for element in there)
        elements = tuple(element for element in found if element is not None)
        self._node.network.send(client, ("reply", number, "ok", elements))


SYSTEM = System(
    name="sharded-database-summary",
    title="shards by a hash modulo their number, as sketched (chapter 1)",
    server=SummaryServer,
    client=SetClient,
    workloads=("changing-set",),
    claims=Claims(kinds=(), max_down=0),
    checkers=(placement(),),
    form="summary",
    nodes=4,
    sizes=range(2, 10),
)
