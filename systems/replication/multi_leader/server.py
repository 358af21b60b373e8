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

from collections.abc import Iterable
from typing import Any, ClassVar

import trio

from splitbrain.checkers.vocabulary import BEHIND
from splitbrain.harness.nemesis.kinds.outdating import STAMPED_WRITE
from splitbrain.harness.node import Message, Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.clocks.hybrid import HybridClock, HybridStamp
from splitbrain.systems.clocks.vectors import Vector
from splitbrain.systems.partitioning.rendezvous import preference
from splitbrain.systems.replication.carts import Merge
from splitbrain.systems.replication.multi_leader.changes import (
    REGISTER,
    Change,
    Copy,
    Key,
    Snapshot,
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
        clock_class: stamps what the last write wins of.
    """

    topology: ClassVar[Topology] = AllToAll()
    pull_s = 0.08
    suspect_s = 0.5
    batch = 50
    keep = 20
    patience_s = 0.8
    compact_at = 500
    copy_class = Copy
    clock_class = HybridClock

    def __init__(self, node: Node) -> None:
        self.node = node
        self.servers = tuple(sorted((node.name, *node.peers), key=lambda name: (len(name), name)))
        self.copy = self.copy_class(self.keep)
        self._teller = Teller(node)
        self.storage = Storage(node.disk, self.copy, self.compact_at, self._tell)
        self.known: dict[str, int] = {}  # the vector of the copy and all that is being written
        self.clock = self.clock_class(lambda: int(node.clock.time() * 1_000_000))
        self._begun: dict[int, None] = {}
        self._added: tuple[Vector, int] = (
            (),
            0,
        )  # the dot and the sum of what this life has added to the counter
        self._booking = trio.Lock()
        self._asked_at: dict[str, float] = {}  # since when one who was asked has not answered
        self._has_more: dict[str, Leaders] = {}  # who has told only some of what is lacking here

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.storage.open()
        self.known = dict(self.copy.vector)
        self._hear_stamps(self.copy.snapshot())
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

    def _tell(self, keys: Iterable[Key]) -> None:
        """Show which values are here under these keys."""
        for kind, name in keys if self._teller.heard else ():
            if kind == "value":
                values = tuple(each.value for each in self.copy.siblings((kind, name)))
                self._teller.holds(name, values)

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
                taken = [self.take(Change(*change)) for change in changes]
                self._has_more.pop(sender, None)
                if more:
                    self._has_more[sender] = leaders
                # Not if nothing could be taken: the same would come again, and again at once. What
                # others have may rest on what has come now.
                if any(taken):
                    waiting, self._has_more = self._has_more, {}
                    for other, theirs in waiting.items():
                        self._ask(other, theirs)
            case ("snapshot", raw):
                snapshot = snapshot_of(raw)
                if not knows(self.known, snapshot.seen):
                    self.known.update((o, n) for o, n in snapshot.seen if n > self.known.get(o, 0))
                    self._hear_stamps(snapshot)
                    self.storage.put("merge", snapshot)
        self._asked_at.pop(sender, None)

    def answer(self, seen: dict[str, int], leaders: Leaders) -> Message:
        """What one who asks lacks."""
        lacking = self.copy.lacking(seen, leaders)
        if lacking is None:
            return "snapshot", self.copy.snapshot()
        return "changes", tuple(lacking[: self.batch]), leaders, len(lacking) > self.batch

    def take(self, change: Change) -> bool:
        """Take another leader's change, if it is the next of its origin and nothing is missing.

        Returns:
            Whether it was taken.
        """
        if change.number != self.known.get(change.origin, 0) + 1 or not self.may_take(change):
            return False
        self.known[change.origin] = change.number
        if change.key[0] == REGISTER:
            self.clock.receive(HybridStamp(*change.value[0][0]))
        self.storage.put("change", change, 0)
        return True

    def may_take(self, change: Change) -> bool:
        """Whether all that the change rests on is here."""
        return knows(self.known, change.needs)

    def _hear_stamps(self, snapshot: Snapshot) -> None:
        for key, siblings in snapshot.cells:
            if key[0] == REGISTER:
                self.clock.receive(HybridStamp(*siblings[0].value[0]))

    # Clients

    async def _serve(self, client: str, number: int, f: str, seen: Vector, *arguments: Any) -> None:
        answer: Message | None = ("refused", BEHIND)
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
        if (found := self._look_up(f, *arguments)) is not None:
            return found
        if number in self.storage.requests or number in self._begun:
            return None  # the first of its kind is answered
        self._begun[number] = None
        origin = self.origin
        match f, arguments:
            case "write" | "remove", (key, over, *value):
                return await self.change(number, ("value", key), over, *value)
            case "post", (message, text):
                return await self.change(number, ("message", str(message)), (), text)
            case "generate", ():
                return await self._generate()
            case "book", (room, start, end, guest):
                return await self._book(number, room, start, end, guest)
            case "add", (element,):
                return await self.change(number, ("element", str(element)), (), element)
            case "discard", (element,):
                key = "element", str(element)
                if not self.copy.siblings(key):
                    return "refused", f"{element} is not there"
                return await self.change(number, key, self.copy.seen)
            case "assign", (value,):
                stamp = self.clock.tick()
                done = await self.change(number, (REGISTER, "register"), (), (stamp, value))
                self.node.trace(STAMPED_WRITE)
                return done
            case "increment", (by,):
                over, sum_ = self._added
                self._added = ((origin, self.known.get(origin, 0) + 1),), sum_ + by
                return await self.change(number, ("sum", "counter"), over, sum_ + by)
        return "refused", f"{f} is no operation of this server"

    def _look_up(self, f: str, *arguments: Any) -> Message | None:
        """The answer to a question; None if it is none."""
        copy = self.copy
        match f, arguments:
            case "read", (key,):
                values = tuple(s.value for s in copy.siblings(("value", key)))
                return "ok", copy.seen, self.resolved(values)
            case "messages", ():
                return "ok", copy.seen, tuple(map(int, copy.cells("message")))
            case "bookings", (room,):
                return "ok", copy.seen, tuple(s.value for s in copy.siblings(("booking", room)))
            case "types", ():
                register = copy.siblings((REGISTER, "register"))
                return (
                    "ok",
                    copy.seen,
                    tuple(found[0].value for found in copy.cells("element").values()),
                    sum(sibling.value for sibling in copy.siblings(("sum", "counter"))),
                    register[0].value[1] if register else None,
                )
            case "state", ():
                return "ok", copy.seen, copy.snapshot().cells
        return None

    def resolved(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """What a reader gets of values that were written at once: all, unless the user has them
        merged (`merging_by`)."""
        return values

    @property
    def origin(self) -> str:
        """This leader in this life: what it had numbered before, a crash may have taken."""
        return f"{self.node.name}/{self.storage.life}"

    async def change(self, request: int, key: Key, over: Vector, *value: Any) -> Message:
        """Change a cell, here first; returns once that is durable."""
        number = self.known.get(self.origin, 0) + 1
        change = Change(self.origin, number, self.copy.seen, key, over, value)
        self.known[self.origin] = number
        await self.storage.applied(self.storage.put("change", change, request))
        return "ok", ((self.origin, number),)

    async def _generate(self) -> Message:
        self.storage.numbered += 1
        number = self.storage.numbered
        await self.storage.applied(self.storage.put("numbered", number))
        return "ok", (), self.identifier(number)

    def identifier(self, number: int) -> int:
        """What this leader gives out as its so-manyeth id; other leaders give out others."""
        return number * len(self.servers) + self.servers.index(self.node.name)

    def decides(self, room: str) -> str:
        """The one leader that takes bookings of a room."""
        return preference(room, self.servers)[0]

    async def _book(self, request: int, room: str, start: int, end: int, guest: int) -> Message:
        if (leader := self.decides(room)) != self.node.name:
            return "elsewhere", leader
        key = "booking", room
        async with self._booking:  # what was decided before is in the copy by then
            taken = (sibling.value for sibling in self.copy.siblings(key))
            if any(start < other_end and other < end for other, other_end, _ in taken):
                return "ok", (), False
            done = await self.change(request, key, (), (start, end, guest))
        return (*done, True)


def merging_by(merge: Merge) -> type[MultiLeaderServer]:
    """Leaders that make one value of those that were written at once, by a function of the user's.

    It is called when the value is read, as CouchDB has it (DDIA chapter 5, "Custom conflict
    resolution logic"); who writes that value back replaces all that it was made of.
    """

    class Merging(MultiLeaderServer):
        """A leader whose user merges."""

        def resolved(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
            """The one value that the user's function makes of them."""
            return (merge(values),) if values else ()

    return Merging
