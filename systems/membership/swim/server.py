"""A member: it probes the others in turn, and tells with each message what it knows of all.

    member -> member    ("ping", id, table)               are you there?
                        ("ack", id, table)
                        ("ping-req", id, target, table)   ask another for me; its ack is passed on
    client -> member    ("request", id, "members")  ->  (table)
                        ("request", id, "tag", tag) ->  (incarnation)     announce this of yourself

In each period one member is probed, each once in a round, in random order. If it is silent for
longer than it ever was (`splitbrain.systems.membership.accrual`), others are asked to probe it; if
the period ends without an answer it is suspected, and declared dead when nobody refutes that in
time. Who hears that it is suspected, or dead, announces itself anew. Dead members are probed now
and then, too, or two halves that were cut off from each other would stay so.

Its incarnation is in a log (`splitbrain.systems.log_file`): no life of a member announces what an
earlier one did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.membership.accrual import Accrual
from splitbrain.systems.membership.swim.table import (
    ALIVE,
    DEAD,
    STATUSES,
    SUSPECT,
    Record,
    Table,
    merged,
    table_of,
)

PATH = "incarnation"
_START = 0x5357494D  # what the first frame's checksum continues

MEMBER = "member"
"""What is announced of each change of the table."""


class Member:
    """See the module.

    Attributes:
        period_s: how long a probe may take altogether, in seconds.
        suspicion_s: how long a member is suspected before it is declared dead, in seconds.
        helpers: how many others are asked to probe a member that is silent.
        sure: how sure to be that an answer is late before they are (φ).
        compact_at: a log of more records than that is written anew.
    """

    period_s: float = 0.1
    suspicion_s: float = 0.5
    helpers: int = 2
    sure: float = 3.0
    compact_at: int = 100

    def __init__(self, node: Node) -> None:
        self.node = node
        self.incarnation = 0
        self.life = 0
        self.tag: Any = None
        self.table: Table = ()
        self._since: dict[str, float] = {}  # when a member was suspected
        self._log = LogFile(node.disk, PATH, _START)
        self._announcing = trio.Lock()
        self._acks: dict[int, trio.Event] = {}
        self._number = 0
        self._detectors = {peer: Accrual(least_deviation=0.005) for peer in node.peers}

    async def run(self) -> None:
        """Join, then serve until cancelled."""
        records = await self._log.open()
        self.incarnation, self.tag = records[-1] if records else (0, None)
        await self.announce_anew(self.tag)
        self.life = self.incarnation
        self.learn(Record(peer, 0, ALIVE, None) for peer in self.node.peers)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._probe_all)
            while True:
                sender, message = await self.node.network.receive()
                nursery.start_soon(self.handle, sender, message)

    async def announce_anew(self, tag: Any) -> int:
        """Have a greater incarnation than ever before, durably; then tell it."""
        async with self._announcing:
            heard = [record.incarnation for record in self.table if record.name == self.node.name]
            incarnation = max(self.incarnation, *heard, 0) + 1
            if self._log.records > self.compact_at:
                await self._log.replace([(self.incarnation, self.tag)])
            self._log.append([(incarnation, tag)])
            await self._log.fsync()
            self.incarnation, self.tag = incarnation, tag
        self.learn([Record(self.node.name, self.incarnation, ALIVE, self.tag)])
        return incarnation

    def learn(self, told: Iterable[Record]) -> None:
        """Take in what somebody told, and announce what is new in it."""
        before = {record.name: record for record in self.table}
        self.table = self.merge(self.table, tuple(told))
        for record in self.table:
            known = before.get(record.name)
            if known == record:
                continue
            if record.rank == SUSPECT:
                self._since[record.name] = trio.current_time()
            status, number = STATUSES[record.rank], record.incarnation
            seen = {"of": record.name, "status": status, "incarnation": number, "life": self.life}
            self.node.announce(MEMBER, seen)

    # Messages

    async def handle(self, sender: str, message: Message) -> None:
        """Do what a message asks for."""
        match message:
            case ("request", number, *request):
                self.node.network.send(sender, ("reply", number, *await self._answer(request)))
            case ("ping", number, table):
                await self._hear(table)
                self.node.network.send(sender, ("ack", number, self.table))
            case ("ping-req", number, target, table):
                await self._hear(table)
                if await self._ping(target, self.period_s):
                    self.node.network.send(sender, ("ack", number, self.table))
            case ("ack", number, table):
                await self._hear(table)
                if number in self._acks:
                    self._acks[number].set()

    async def _answer(self, request: Sequence[Any]) -> Message:
        match request:
            case ["members"]:
                return (self.table,)
            case ["tag", tag]:
                return (await self.announce_anew(tag),)
        return ("refused", f"{request!r} is no request to a member")

    async def _hear(self, table: Iterable[Iterable[Any]]) -> None:
        self.learn(table_of(table))
        if any(r.name == self.node.name and r.rank != ALIVE for r in self.table):
            await self.refute()

    # Probing

    async def _probe_all(self) -> None:
        """Probe each member once a round, in random order; and a dead one now and then."""
        while True:
            order = [record.name for record in self.table if record.name != self.node.name]
            self.node.random.shuffle(order)
            for name in order:
                started = trio.current_time()
                asked = self.rank(name) != DEAD or self.tries_the_dead()
                if asked and not await self._probe(name) and self.rank(name) == ALIVE:
                    self.accuse(name, SUSPECT)
                self.condemn()
                await trio.sleep(max(0.0, started + self.period_s - trio.current_time()))
            if not order:
                await trio.sleep(self.period_s)

    async def _probe(self, name: str) -> bool:
        """Whether a member answers, or somebody else says that it does."""
        now, step = trio.current_time, self.period_s / 20
        detector, started = self._detectors[name], now()
        number, answered = self._ask()
        self.node.network.send(name, ("ping", number, self.table))
        half, end = started + self.period_s / 2, started + self.period_s
        while now() < half and detector.phi(now() - started) < self.sure:
            if await self._within(answered, step):
                break
        if answered.is_set():
            detector.heard(now() - started)
        else:
            self._ask_others(name, number)
            while now() < end:
                if await self._within(answered, step):
                    break
        del self._acks[number]
        return answered.is_set()

    def _ask_others(self, name: str, number: int) -> None:
        others = [peer for peer in self.node.peers if peer != name and self.rank(peer) != DEAD]
        self.node.random.shuffle(others)
        for helper in others[: self.helpers]:
            self.node.network.send(helper, ("ping-req", number, name, self.table))

    async def _within(self, answered: trio.Event, seconds: float) -> bool:
        with trio.move_on_after(seconds):
            await answered.wait()
        return answered.is_set()

    async def _ping(self, name: str, patience: float) -> bool:
        number, answered = self._ask()
        self.node.network.send(name, ("ping", number, self.table))
        heard = await self._within(answered, patience)
        del self._acks[number]
        return heard

    def _ask(self) -> tuple[int, trio.Event]:
        self._number += 1
        number = self.life * 1_000_000 + self._number
        answered = self._acks[number] = trio.Event()
        return number, answered

    def condemn(self) -> None:
        """Declare dead who was suspected for long, and refuted nothing."""
        long_ago = trio.current_time() - self.suspicion_s
        for record in self.table:
            if record.rank == SUSPECT and self._since[record.name] < long_ago:
                self.accuse(record.name, DEAD)

    def accuse(self, name: str, rank: int) -> None:
        """Say of a member, as it is known, that it is suspected or dead; itself hears it first."""
        self.learn(r._replace(rank=rank) for r in self.table if r.name == name)
        self.node.network.send(name, ("ping", 0, self.table))

    def rank(self, name: str) -> int:
        """Whether a member is alive, suspected or dead, as far as is known."""
        return next((record.rank for record in self.table if record.name == name), ALIVE)

    # What a planted bug may override

    def merge(self, one: Table, other: Table) -> Table:
        """What both know."""
        return merged(one, other)

    async def refute(self) -> None:
        """Somebody says that this member is dead, or may be."""
        await self.announce_anew(self.tag)

    def tries_the_dead(self) -> bool:
        """Whether to probe one that is dead this time."""
        return self.node.random.random() < 0.3
