"""The broker: keeps the log, says who consumes which partition, and takes what they commit.

client -> broker     ("request", id, "pay", request, key, number)
                     ("request", id, "ledger")        answered when what is there is processed
                     ("request", id, "send", request, key, value)       -> partition, offset
                     ("request", id, "places", keys)                    -> partitions of keys
                     ("request", id, "read", ((partition, offset), ...))   -> events of each
consumer -> broker   ("join",)                        it is alive, and wants work
                     ("fetch", partition, offset)
                     ("commit", generation, partition, offset, upto, effects)
broker -> consumer   ("assigned", generation, ((partition, offset), ...))
                     ("events", partition, offset, events)
                     ("committed", partition, upto)   refused commits are not answered
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.streams.partitioned_log.partitions import Partitions

TICK_S = 0.02
"""How often members are looked at."""


class Broker:
    """The one server that keeps the log.

    Invariants: a partition has one owner in a generation; what another generation commits, or what
    doesn't begin where the last commit ended, is refused; an event, an output and an offset are
    durable before anybody is told of them.

    Attributes:
        session_s: a consumer silent for so long is out.
        partitions: how many there are.
        batch: most events in an answer.
        log_class: what keeps them.
    """

    session_s = 0.3
    partitions = 3
    batch = 8
    log_class: type[Partitions] = Partitions

    def __init__(self, node: Node) -> None:
        self.node = node
        self.log = self.log_class(node.disk, self.partitions)
        self.generation = node.random.getrandbits(32)  # another life's is not to be taken for ours
        self.members: dict[str, float] = {}
        self.owners: dict[int, str] = {}
        self._committed = trio.Event()  # at the next commit

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.log.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look_at_members)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("join",):
                        self._join(sender)
                    case ("fetch", partition, offset):
                        events = tuple(self.log.events[partition][offset : offset + self.batch])
                        answer = ("events", partition, offset, events)
                        self.node.network.send(sender, answer)
                    case ("commit", *commit):
                        nursery.start_soon(self._commit, sender, *commit)
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)

    # Consumers

    def _join(self, consumer: str) -> None:
        new = consumer not in self.members
        self.members[consumer] = trio.current_time()
        if new:
            self._rebalance()
        mine = tuple(
            (partition, self.log.committed[partition])
            for partition, owner in self.owners.items()
            if owner == consumer
        )
        self.node.network.send(consumer, ("assigned", self.generation, mine))

    async def _look_at_members(self) -> None:
        while True:
            await trio.sleep(TICK_S)
            silent = trio.current_time() - self.session_s
            gone = [name for name, heard in self.members.items() if heard < silent]
            for name in gone:
                del self.members[name]
            if gone:
                self._rebalance()

    def _rebalance(self) -> None:
        """A new generation: every partition goes to one of the members."""
        self.generation += 1
        names = sorted(self.members)
        self.owners = {
            partition: names[partition % len(names)]
            for partition in range(self.partitions)
            if names
        }
        for partition in range(self.partitions):
            owner = self.owners.get(partition, "")
            self.node.trace("owner", partition, self.generation, owner)

    async def _commit(
        self,
        consumer: str,
        generation: int,
        partition: int,
        offset: int,
        upto: int,
        effects: tuple[Any, ...],
    ) -> None:
        admitted = self.admits(consumer, generation, partition, offset)
        self.node.trace("offset", "commit", partition, upto, consumer, admitted)
        if admitted:
            await self.log.commit(partition, upto, effects)
            self._committed.set()
            self._committed = trio.Event()
            self.node.network.send(consumer, ("committed", partition, upto))

    def admits(self, consumer: str, generation: int, partition: int, offset: int) -> bool:
        """Whether a commit comes from the owner, and goes on where the last one ended."""
        is_owner = self.owners.get(partition) == consumer and generation == self.generation
        return is_owner and offset == self.log.committed[partition]

    # Clients

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["pay", int() as identity, str() as key, int() as amount]:
                result: Any = await self._append((identity, key, amount))
            case ["send", int() as identity, str() as key, int() as value]:
                result = await self._append((identity, key, value))
            case ["places", tuple() as keys]:
                result = tuple((self.log.partition_of(key), key) for key in keys)
            case ["read", tuple() as wanted]:
                result = await self._read(wanted)
            case ["ledger"]:
                result = await self._ledger()
            case _:
                self.node.network.send(client, ("reply", number, "refused", "no such request"))
                return
        self.node.network.send(client, ("reply", number, "ok", result))

    async def _append(self, event: tuple[int, str, int]) -> tuple[int, int]:
        place = await self.log.append(event)
        partition = self.log.partition_of(event[1])
        self.node.trace("offset", "end", partition, len(self.log.events[partition]))
        return place

    async def _read(self, wanted: tuple[tuple[int, int], ...]) -> tuple[Any, ...]:
        """Events from an offset of each partition, once they are durable, and its end."""
        found = tuple(
            (partition, offset, tuple(self.log.events[partition][offset : offset + self.batch]))
            for partition, offset in wanted
        )
        await self.log.sync()
        return found

    async def _ledger(self) -> tuple[Any, ...]:
        """All outputs, once what is in the log now is processed."""
        ends = [len(events) for events in self.log.events]
        while any(done < end for done, end in zip(self.log.committed, ends, strict=True)):
            await self._committed.wait()
        outputs = tuple(self.log.outputs)
        await self.log.sync()
        return outputs
