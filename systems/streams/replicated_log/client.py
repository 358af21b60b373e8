"""The client: an idempotent, transactional producer, and a consumer that reads what is stable.

A consumer reads keys of its own from their beginning, or is one of the group. Then a poll commits
what the one before had given, and a transaction that has polled commits that with what it sends.

What is forgotten nobody can read. Who comes to read it goes on with the oldest record that is there
(``auto.offset.reset=earliest``, in Kafka's words).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.replicated_log.broker import partition_of
from splitbrain.systems.streams.replicated_log.controller import Controller
from splitbrain.systems.streams.replicated_log.groups import Offsets
from splitbrain.systems.streams.replicated_log.membership import Membership
from splitbrain.systems.streams.replicated_log.partition import COMMIT, COMPACTED, DATA, OPEN
from splitbrain.systems.streams.replicated_log.table import Table

ATTEMPT_S = 0.3
"""How long to wait for an answer before asking somebody, again."""

PAUSE_S = 0.03
"""How long to wait before asking where the leader is said to be."""

SENDING_S = 1.0
"""How long a transaction tries to send before it is aborted."""

Polled = dict[str, list[list[Any]]]


class OutOfRange(Exception):
    """What was to be read is forgotten; the log begins at `start`."""

    def __init__(self, start: int) -> None:
        super().__init__(f"the log begins at offset {start}")
        self.start = start


class LogClient:
    """A producer and a consumer, which may keep a table.

    Args:
        node: the host that the client runs on.
        server: whom it asks first where a partition's leader is.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._controller = first_server(node)
        self._brokers = [name for name in node.peers if name.startswith("n")]
        self._brokers.remove(self._controller)
        self._leaders: dict[int, str] = {}
        self._first = self._brokers.index(server) if server in self._brokers else 0
        self._producer = f"{node.name}/{node.random.getrandbits(62)}"
        self._sequence = 0
        self._count = Controller.partitions
        self._keys: tuple[str, ...] = ()
        self._read_upto: dict[int, int] = {}
        self._membership: Membership | None = None
        self._table = Table()

    # Producing

    async def send(self, key: str, value: int) -> int:
        """Put a value into the partition of a key; return its offset there."""
        self._sequence += 1
        return await self._send(key, value, self._producer, 0, DATA)

    async def _send(self, key: str, value: Any, producer: str, epoch: int, kind: str) -> int:
        partition = partition_of(key, self._count)
        message = ("send", key, value, producer, epoch, self._sequence, kind)
        (offset,) = await self._ask(partition, *message)
        return int(offset)

    async def transact(self, micros: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Do sends and polls, all or none."""
        keys = [micro[1] for micro in micros if micro[0] == "send"]
        places = tuple(sorted({partition_of(key, self._count) for key in keys}))
        name, number = self._node.name, self._node.random.getrandbits(62)
        (epoch,) = await self._decide("begin", name, number, places)
        before = dict(self._read_upto)
        done: list[list[Any]] = []
        with trio.move_on_after(SENDING_S):
            for micro in micros:
                did = await self._micro(micro, name, epoch, [each[0] for each in done])
                if did is None:
                    break
                done.append(did)
        kind = COMMIT if len(done) == len(micros) else "abort"
        has_polled = any(micro[0] == "poll" for micro in done)
        reader = self._membership.reader if self._membership and has_polled else None
        (kind,) = await self._decide("end", name, epoch, kind, reader)
        if self._membership is not None and reader is not None and kind == COMMIT:
            self._membership.owed.clear()
        if kind == COMMIT:
            return done
        self._read_upto = before
        if self._membership is not None:
            self._membership.forget()
        if kind == "abort":
            raise Definite("the transaction was aborted")
        raise Indefinite("the transaction is over, and nobody knows how it ended")

    async def _micro(
        self, micro: Sequence[Any], name: str, epoch: int, before: Sequence[str]
    ) -> list[Any] | None:
        """Do a step; None if it can't be done any more after those before."""
        if micro[0] == "poll" and self._membership is not None:
            polled = await self._turn(self._membership, commits=False, again="poll" in before)
            return None if polled is None else ["poll", polled]
        if micro[0] == "poll":
            return ["poll", await self.poll()]
        _, key, value = micro
        self._sequence += 1
        return ["send", key, [await self._send(key, value, name, epoch, OPEN), value]]

    # Consuming

    async def assign(self, keys: Sequence[str]) -> None:
        """From now on, read these keys, each from its beginning."""
        self._membership = None
        self._keys = tuple(keys)
        self._read_upto = {partition_of(key, self._count): 0 for key in keys}

    async def poll(self) -> Polled:
        """The next records of these keys."""
        if self._membership is not None:
            return await self._turn(self._membership, commits=True) or {}
        return await self._polled(self._keys, self._read_upto)

    async def subscribe(self, keys: Sequence[str]) -> None:
        """From now on, be one of the group that reads these keys and shares them."""
        name = f"{self._node.name}/{self._node.random.getrandbits(62)}"
        self._membership = Membership(name, tuple(keys))

    async def _turn(
        self, membership: Membership, *, commits: bool, again: bool = False
    ) -> Polled | None:
        """The next records of the keys that are ours; `commits` what was given before. None if
        others have taken over while we do not want to begin `again`."""
        generation = membership.generation
        present, mine = await self._announce(membership, membership.offsets if commits else ())
        if present != generation:
            membership.begin(present, mine)
            if again:
                return None
        elif commits:
            membership.owed.clear()
        polled: Polled = {}
        moved: dict[str, int] = {}
        for key, offset in membership.positions.items():
            partition = partition_of(key, self._count)
            moved[key], records = await self._read(partition, offset)
            polled[key] = [[at, value] for at, other, value in records if other == key]
        membership.read(moved)
        return polled

    async def _announce(self, membership: Membership, offsets: Offsets) -> tuple[int, Offsets]:
        """Commit these offsets, and learn which generation it is and what is ours in it."""
        membership.turn += 1
        member, keys = membership.name, membership.keys
        turn = ("turn", member, membership.turn, keys, membership.generation, offsets)
        present, mine = await self._decide(*turn)
        return present, mine

    async def drain(self, keys: Sequence[str]) -> Mapping[str, list[list[Any]]]:
        """All records of some keys: read on until there is what is there now."""
        upto = {partition_of(key, self._count): 0 for key in keys}
        ends = {partition: (await self._ask(partition, "end"))[0] for partition in upto}
        polled: Polled = {key: [] for key in keys}
        while any(upto[partition] < end for partition, end in ends.items()):
            before = dict(upto)
            for key, records in (await self._polled(keys, upto)).items():
                polled[key] += records
            if upto == before:
                await trio.sleep(PAUSE_S)
        return polled

    async def _polled(self, keys: Sequence[str], upto: dict[int, int]) -> Polled:
        """What stands behind these offsets, which move on by it if all leaders answer."""
        polled: Polled = {key: [] for key in keys}
        moved = {}
        for partition, offset in upto.items():
            moved[partition], records = await self._read(partition, offset)
            for at, key, value in records:
                if key in polled:
                    polled[key].append([at, value])
        upto.update(moved)
        return polled

    async def _read(self, partition: int, offset: int) -> tuple[int, tuple[Any, ...]]:
        """Where to go on, and records from an offset on, or from where we begin without them."""
        while True:
            try:
                upto, records = await self._ask(partition, "read", offset)
            except OutOfRange as error:
                offset = await self.reset(partition, error.start)
            else:
                return upto, records

    async def reset(self, partition: int, start: int) -> int:
        """Where to go on if what comes next is forgotten: at the start of what there is."""
        return start

    # A table

    async def put(self, key: str, value: str) -> int:
        """Give a key of the compacted topic a value; the position behind that."""
        return await self._change(key, value)

    async def delete(self, key: str) -> int:
        """Say that a key is gone; the position behind that."""
        return await self._change(key, None)

    async def _change(self, key: str, value: str | None) -> int:
        self._sequence += 1
        return await self._send(f"{COMPACTED}{key}", value, self._producer, 0, DATA) + 1

    async def view(self) -> Mapping[str, Any]:
        """The table with all that was acknowledged before: a change that means nothing is behind
        that in the log, once it is committed there."""
        end = await self._change("", None)
        partition, table = partition_of(COMPACTED, self._count), self._table
        while not table.is_at(end):
            before = table.position
            table.take(*await self._ask(partition, "changes", before))
            if table.position == before:
                await trio.sleep(PAUSE_S)
        entries = [[value, key] for key, value in table.values.items()]
        return {"position": table.position, "entries": entries}

    # Asking

    async def _ask(self, partition: int, what: str, *arguments: Any) -> tuple[Any, ...]:
        """Ask the leader of a partition until there is an answer, or the operation is given up."""
        where = () if what == "send" else (partition,)
        attempt = self._first
        while True:
            server = self._leaders.get(partition, self._brokers[attempt % len(self._brokers)])
            answer = await self._attempt(server, what, *where, *arguments)
            if answer is not None and answer[0] == "ok":
                self._leaders[partition] = server
                return answer[1:]
            if answer is not None and answer[0] == "range":
                raise OutOfRange(answer[1])
            if answer is not None and answer[0] == "refused":
                raise Indefinite(str(answer[1]))  # an attempt before this one may have succeeded
            attempt += 1
            self._leaders.pop(partition, None)
            if answer is not None and answer[1] in self._brokers:
                self._leaders[partition] = answer[1]
                await trio.sleep(PAUSE_S)

    async def _decide(self, *message: Any) -> tuple[Any, ...]:
        """Ask the controller until there is an answer."""
        while True:
            answer = await self._attempt(self._controller, *message)
            if answer is not None and answer[0] == "ok":
                return answer[1:]

    async def _attempt(self, server: str, *message: Any) -> tuple[Any, ...] | None:
        with trio.move_on_after(ATTEMPT_S):
            return tuple(await request(self._node, server, *message))
        return None
