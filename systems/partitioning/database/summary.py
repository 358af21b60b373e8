"""The partitioned database as a page of code sketches it, made to run on several servers.

``write(key, value)`` and ``read(key)`` go to the partition that a hash of the key names, one of
four; ``rebalance`` gives partitions to other servers, and ``get_all_data`` asks all of them::

    write(key)      partition = hash(key) mod 4; send to the server that has it
    rebalance       for each partition that is to be elsewhere: copy its data, then change the map

Guarantees: while nothing is rebalanced and nothing fails, keys are linearizable and a read of all
data has each key once. All is in memory. The one invariant: a server's map changes only when it is
told to.

The design's weaknesses are kept, since they are what there is to see:

* Rebalancing copies, and what is written to the old owner after that is lost (DDIA chapter 6,
  "Rebalancing Partitions").
* The map is changed before the data has come, so reads go to a server that has none yet.
* It copies and never deletes: a partition that comes back finds its old data, and a stale copy can
  win. Reads of all data show a key once for each copy.
* A value that is false counts as missing.
* Each server changes its map when the message comes, if it comes; nothing is numbered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.client import request
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import Message, Node
from splitbrain.harness.system import System
from splitbrain.systems.partitioning.hashing import point
from splitbrain.systems.roles import by_number, first_server

PARTITIONS = 4

ANSWER_S = 0.1
"""How long a server waits for another's data; longer than any message takes without faults."""


class SummaryServer:
    """One server: some of the partitions, and a map of all.

    Attributes:
        owners: by partition, who has it, as this server was told last.
        data: by partition, what is here of it, whoever has it.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.servers = by_number((node.name, *node.peers))
        self.owners = [self.servers[p % len(self.servers)] for p in range(PARTITIONS)]
        self.data: list[dict[str, Any]] = [{} for _ in range(PARTITIONS)]
        self._gathered: dict[int, dict[str, Mapping[str, Any]]] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self._node.network.receive()
                match message:
                    case ("request", number, "get_all_data"):
                        nursery.start_soon(self.get_all_data, sender, number)
                    case ("request", number, "rebalance", partition, target):
                        self.rebalance(sender, number, partition, target)
                    case ("request", number, f, key, *value):
                        self._route(sender, number, f, key, value)
                    case _:
                        self._hear(sender, message)

    def _hear(self, sender: str, message: Message) -> None:
        match message:
            case ("do", client, number, f, key, value):
                self._do(client, number, f, key, value)
            case ("owner", partition, owner):
                self.owners[partition] = owner
            case ("hand-over", partition, target):
                items = tuple(self.data[partition].items())
                self._node.network.send(target, ("copy", partition, items))
            case ("copy", partition, items):
                self.data[partition].update(items)
            case ("all", number):
                items = tuple(item for data in self.data for item in data.items())
                self._node.network.send(sender, ("have", number, items))
            case ("have", number, items) if number in self._gathered:
                self._gathered[number][sender] = dict(items)

    # The operations

    def _route(self, client: str, number: int, f: str, key: str, value: list[Any]) -> None:
        owner = self.owners[partition_of(key)]
        message = ("do", client, number, f, key, value[0] if value else None)
        self._node.network.send(owner, message)

    def _do(self, client: str, number: int, f: str, key: str, value: Any) -> None:
        data, answer = self.data[partition_of(key)], None
        if f == "write":
            self.write(data, key, value)
        else:
            answer = self.read(data, key)
        self._node.network.send(client, ("reply", number, "ok", answer))

    def write(self, data: dict[str, Any], key: str, value: Any) -> None:
        """Set a value here."""
        data[key] = value

    def read(self, data: dict[str, Any], key: str) -> Any:
        """The value that is here, unless it is false."""
        return data.get(key) or None

    def rebalance(self, client: str, number: int, partition: int, target: str) -> None:
        """Have another server own a partition: tell everybody, and have the old owner send it."""
        source, self.owners[partition] = self.owners[partition], target
        for server in self._node.peers:
            self._node.network.send(server, ("owner", partition, target))
        self._node.network.send(source, ("hand-over", partition, target))
        self._node.network.send(client, ("reply", number, "ok", target))

    async def get_all_data(self, client: str, number: int) -> None:
        """What all servers have that answer in time."""
        self._gathered[number] = {}
        for server in self.servers:
            self._node.network.send(server, ("all", number))
        await trio.sleep(ANSWER_S)
        gathered = self._gathered.pop(number)
        items = tuple(item for data in gathered.values() for item in data.items())
        self._node.network.send(client, ("reply", number, "ok", items))


def partition_of(key: str) -> int:
    """Where a key is."""
    return point(key) % PARTITIONS


class SummaryClient:
    """Asks one server, once.

    Args:
        node: the host that the client runs on.
        server: the server to ask.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def get(self, key: str) -> Any:
        """The value of a key; None if it has none."""
        return await self._ask("read", key)

    async def put(self, key: str, value: Any) -> None:
        """Set the value of a key."""
        await self._ask("write", key, value)

    async def put_item(self, key: str, color: str, number: int) -> None:
        """Have an item of this color and number."""
        await self._ask("write", key, (color, number))

    async def find(self, color: str) -> list[list[Any]]:
        """The items of a color among all data."""
        return [[key, number] for key, each, number in await self.scan() if each == color]

    async def scan(self) -> list[list[Any]]:
        """All items."""
        items = await self._ask("get_all_data")
        return [[key, *item] for key, item in items]

    async def move_range(self, key: str, number: int) -> str:
        """Have a server own the key's partition, by a number of any size; its name."""
        servers = by_number(self._node.peers)
        answer = await request(
            self._node,
            first_server(self._node),
            "rebalance",
            partition_of(key),
            servers[number % len(servers)],
        )
        return str(answer[1])

    async def _ask(self, *message: Any) -> Any:
        answer = await request(self._node, self._server, *message)
        return answer[1]


SYSTEM = System(
    name="partitioned-database-summary",
    title="the partitioned database as sketched (chapter 6)",
    server=SummaryServer,
    client=SummaryClient,
    workloads=("scan", "rebalance"),
    claims=Claims(kinds=(), max_down=0),
    form="summary",
    sizes=range(2, 10),
)
