"""One leader: takes writes and reads alone, and asks others for the changes that it lacks.

    client -> leader   ("request", number, f, seen, *arguments)     see the client
    leader -> leader   ("pull", seen, leaders)                      what do I lack of theirs?
                       ("changes", (change, ...), leaders, more)    this; whether that is not all
                       ("snapshot", copy)                           more than I have kept

A write is acknowledged once it is durable here; the others hear of it when they ask. Messages may
be lost, repeated and late: a change that was taken before is not taken again, one that comes too
soon is not taken yet, and what was not taken is asked for again.
"""

from __future__ import annotations

from typing import Any, ClassVar

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.clocks.vectors import Vector
from splitbrain.systems.replication.multi_leader.changes import (
    Change,
    Copy,
    Key,
    knows,
    snapshot_of,
)
from splitbrain.systems.replication.multi_leader.storage import Storage
from splitbrain.systems.replication.multi_leader.topologies import AllToAll, Leaders, Topology


class MultiLeaderServer:
    """A leader.

    Attributes:
        topology: who asks whom.
        pull_s: seconds between askings, half more or less.
        suspect_s: seconds without an answer until one who was asked counts as silent.
        batch: most changes in one message.
        keep: how many changes are kept for leaders that lack them; who lacks more is sent all.
        patience_s: seconds that a request waits for what its client has seen to come here.
        compact_at: length of the log at which it is written anew, in records.
        copy_class: what its copy of the data is.
    """

    topology: ClassVar[Topology] = AllToAll()
    pull_s = 0.08
    suspect_s = 0.5
    batch = 50
    keep = 200
    patience_s = 0.8
    compact_at = 500
    copy_class = Copy

    def __init__(self, node: Node) -> None:
        self.node = node
        self.servers = tuple(sorted((node.name, *node.peers), key=lambda name: (len(name), name)))
        self.copy = self.copy_class(self.keep)
        self.storage = Storage(node.disk, self.copy, self.compact_at)
        self.known: dict[str, int] = {}  # the vector of the copy and all that is being written
        self._begun: dict[int, None] = {}
        self._asked_at: dict[str, float] = {}  # since when one who was asked has not answered

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.storage.open()
        self.known = dict(self.copy.vector)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.storage.write)
            for peer in self.node.peers:
                nursery.start_soon(self._pull, peer)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, f, seen, *arguments):
                        nursery.start_soon(self._serve, sender, number, f, seen, *arguments)
                    case _:
                        self.hear(sender, message)

    # Between leaders

    async def _pull(self, peer: str) -> None:
        """Ask one of the others now and then, while it is upstream; each at its own pace."""
        while True:
            await trio.sleep(self.pull_s * (0.5 + self.node.random.random()))
            now = trio.current_time()
            silent = [p for p, at in self._asked_at.items() if now - at > self.suspect_s]
            upstream = self.topology.upstream(self.node.name, self.servers, silent)
            if peer in upstream:
                self._asked_at.setdefault(peer, now)
                self._ask(peer, upstream[peer])
            else:
                self._asked_at.pop(peer, None)

    def _ask(self, peer: str, leaders: Leaders) -> None:
        self.node.network.send(peer, ("pull", tuple(sorted(self.known.items())), leaders))

    def hear(self, sender: str, message: Message) -> None:
        """A message of another leader."""
        match message:
            case ("pull", seen, leaders):
                self.node.network.send(sender, self.answer(dict(seen), leaders))
                return
            case ("changes", changes, leaders, more):
                for change in changes:
                    self.take(Change(*change))
                if more:
                    self._ask(sender, leaders)
            case ("snapshot", raw):
                snapshot = snapshot_of(raw)
                if not knows(self.known, snapshot.seen):
                    self.known.update((o, n) for o, n in snapshot.seen if n > self.known.get(o, 0))
                    self.storage.put("merge", snapshot)
        self._asked_at.pop(sender, None)

    def answer(self, seen: dict[str, int], leaders: Leaders) -> Message:
        """What one who asks lacks."""
        lacking = self.copy.lacking(seen, leaders)
        if lacking is None:
            return "snapshot", self.copy.snapshot()
        return "changes", tuple(lacking[: self.batch]), leaders, len(lacking) > self.batch

    def take(self, change: Change) -> None:
        """Take another leader's change, if it is the next of its origin and nothing is missing."""
        if change.number == self.known.get(change.origin, 0) + 1 and self.may_take(change):
            self.known[change.origin] = change.number
            self.storage.put("change", change, 0)

    def may_take(self, change: Change) -> bool:
        """Whether all that the change rests on is here."""
        return knows(self.known, change.needs)

    # Clients

    async def _serve(self, client: str, number: int, f: str, seen: Vector, *arguments: Any) -> None:
        answer: Message | None = ("refused", "what the client has seen is not here yet")
        with trio.move_on_after(self.patience_s):
            while not knows(self.copy.vector, seen):
                await self.storage.progress.wait()
            answer = None
        if answer is None:
            answer = await self._do(number, f, seen, *arguments)
        if answer is not None:
            self.node.network.send(client, ("reply", number, *answer))

    async def _do(self, number: int, f: str, seen: Vector, *arguments: Any) -> Message | None:
        """The answer to a request; None for one that came twice."""
        match f, arguments:
            case "read", (key,):
                values = tuple(sibling.value for sibling in self.copy.siblings(("value", key)))
                return "ok", self.copy.seen, values
            case "messages", ():
                return "ok", self.copy.seen, tuple(map(int, self.copy.cells("message")))
            case "state", ():
                return "ok", self.copy.seen, self.copy.snapshot().cells
        if number in self.storage.requests or number in self._begun:
            return None  # the first of its kind is answered
        self._begun[number] = None
        match f, arguments:
            case "write" | "remove", (key, over, *value):
                return await self.change(number, ("value", key), over, *value)
            case "post", (message, text):
                return await self.change(number, ("message", str(message)), (), text)
        return "refused", f"{f} is no operation of this server"

    async def change(self, request: int, key: Key, over: Vector, *value: Any) -> Message:
        """Change a cell, here first; returns once that is durable."""
        origin = f"{self.node.name}/{self.storage.life}"
        number = self.known.get(origin, 0) + 1
        change = Change(origin, number, self.copy.seen, key, over, value)
        self.known[origin] = number
        await self.storage.applied(self.storage.put("change", change, request))
        return "ok", ((origin, number),)
