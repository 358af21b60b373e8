"""A broker: leads some partitions, follows the leaders of the others, and serves clients.

client -> broker     ("request", id, "send", key, value, producer, its epoch, sequence, kind)
                     ("request", id, "read", partition, offset)  -> where to go on, records
                     ("request", id, "end", partition)           -> offset of the next entry
                     ("request", id, "changes", partition, offset)   -> see `Partition.changes`
broker -> client     ("reply", id, "ok", ...), or "refused", or "elsewhere" and a name
follower -> leader   ("fetch", ((partition, epoch, end, last entry's epoch), ...))
leader -> follower   ("entries", partition, epoch, offset, entries, high watermark)
                     ("diverged", partition, epoch, end, last entry's epoch, offset)
                                         if it still ends so: cut off what is behind the offset
                     ("base", partition, epoch, base)   if it ends before that: begin there

Who reads from before the start of a log is told ("reply", id, "range", start).

`splitbrain.systems.streams.replicated_log.controller` has what passes between it and the
controller.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import trio

from splitbrain.checkers.vocabulary import LOG_START
from splitbrain.harness.node import Node
from splitbrain.harness.pictures.telling import Teller
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.replicated_log.controller import State
from splitbrain.systems.streams.replicated_log.leading import Leadership
from splitbrain.systems.streams.replicated_log.partition import (
    DATA,
    OPEN,
    START,
    Base,
    Entry,
    Partition,
)
from splitbrain.systems.streams.replicated_log.retention import Retention
from splitbrain.systems.streams.replicated_log.store import Store

FETCH_S = 0.03
"""How often a follower asks if it has nothing to do."""

ALIVE_S = 0.05
"""How often the controller hears of a broker."""


def partition_of(key: str, count: int) -> int:
    """Where the records of a key are; those of a topic are together."""
    return crc32(key.partition("/")[0].encode()) % count


class Broker:
    """One broker.

    Invariants: an entry is sent to others only once it is durable here; a partition's followers
    have a prefix of its leader's entries, or cut off what is none before they take more; a client
    is told of an entry once it is committed; one is forgotten once it is committed that it is.

    Attributes:
        partitions: how many there are.
        batch: most entries in a message.
        compact_s: how often the compacted topic is; tombstones stay for as long, at least.
        keep: the newest entries of a partition that stay, unless they are older than `keep_s`.
        keep_s: seconds that entries stay, unless there are more than `keep`.
        lag_s: a follower that hasn't caught up for so long isn't in sync.
        partition_class: what keeps one of them.
        leadership_class: what knows its replicas.
        retention_class: what says how much of one may be forgotten.
    """

    partitions = 3
    batch = 8
    compact_s = 0.4
    keep = 150
    keep_s = 20.0
    lag_s = 0.3
    partition_class: type[Partition] = Partition
    leadership_class: type[Leadership] = Leadership
    retention_class: type[Retention] = Retention

    def __init__(self, node: Node) -> None:
        self.node = node
        self.controller = first_server(node)
        self.life = node.random.getrandbits(62)  # another life's is not to be taken for ours
        self.store = Store(node.disk, self.partitions, self.partition_class)
        self.states: dict[int, State] = {}
        self.led: dict[int, Leadership] = {}
        self._teller = Teller(node)
        self._compacted = 0.0
        self._kept = [0] * self.partitions
        self.retained = [
            self.retention_class(self.keep, self.keep_s) for _ in range(self.partitions)
        ]

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.store.open()
        self._tell(*range(self.partitions))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._live, nursery)
            nursery.start_soon(self._follow)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("fetch", wanted):
                        for each in wanted:
                            self._fetched(sender, *each)
                    case ("entries", *given):
                        nursery.start_soon(self._take, sender, *given)
                    case ("diverged", *where):
                        self._cut(*where)
                    case ("base", number, epoch, base):
                        self._begin(number, epoch, Base(*base))
                    case ("partitions", life, states) if life == self.life:
                        for state in states:
                            self._learn(State(*state))
                    case ("mark", *mark):
                        nursery.start_soon(self._mark, sender, *mark)

    # Parts

    async def _live(self, nursery: trio.Nursery) -> None:
        while True:
            self.node.network.send(self.controller, ("alive", self.life))
            now = trio.current_time()
            for number, leadership in self.led.items():
                self._review(number, leadership, now)
            self._compact(now)
            if [number for number in self.led if self.propose(number, now)]:
                nursery.start_soon(self._spread)
            if self.store.is_long:
                nursery.start_soon(self.store.shorten)
            await trio.sleep(ALIVE_S)

    def _review(self, number: int, leadership: Leadership, now: float) -> None:
        """Ask the controller for other in-sync replicas, if there should be others."""
        state = leadership.state
        wished = leadership.wished(self.store.partitions[number], now, self.lag_s)
        if wished != state.in_sync:
            leadership.joining.update(set(wished) - set(state.in_sync))
            ask = ("in_sync", number, state.epoch, state.version, wished)
            self.node.network.send(self.controller, ask)

    def _learn(self, state: State) -> None:
        number = state.partition
        known = self.states.get(number)
        if known is not None and known.version >= state.version:
            return
        self.states[number] = state
        if state.leader != self.node.name:
            self.led.pop(number, None)
            if known is None or known.epoch < state.epoch:
                self.followed(number)
                self._tell(number)
            return
        leadership = self.led.get(number)
        if leadership is None or leadership.state.epoch < state.epoch:
            made = self.leadership_class(self.node.name, state, self.store.partitions[number].end)
            now = trio.current_time()
            for name in state.in_sync:
                if name != self.node.name:
                    made.fetched(name, 0, self.store.partitions[number], now)
            self.led[number] = made
        else:
            leadership.learn(state)
            self._advance(number)

    def followed(self, number: int) -> None:
        """Another leads a partition from now on: what we have that it hasn't, it will tell."""

    # Replication

    async def _follow(self) -> None:
        while True:
            for leader in sorted({state.leader for state in self.states.values()}):
                numbers = [n for n, state in self.states.items() if state.leader == leader]
                if leader != self.node.name:
                    self._fetch(leader, numbers)
            await trio.sleep(FETCH_S)

    def _fetch(self, leader: str, numbers: list[int]) -> None:
        wanted = []
        for number in numbers:
            partition = self.store.partitions[number]
            end = partition.durable
            wanted.append((number, self.states[number].epoch, end, partition.epoch_before(end)))
        self.node.network.send(leader, ("fetch", tuple(wanted)))

    def _fetched(self, follower: str, number: int, epoch: int, end: int, last: int) -> None:
        leadership, partition = self.led.get(number), self.store.partitions[number]
        if leadership is None or leadership.state.epoch != epoch:
            return
        if end < partition.start:
            base = ("base", number, epoch, tuple(partition.base))
            self.node.network.send(follower, base)
            return
        if not partition.agrees(end, last):
            upto = min(partition.end_of_epoch(last), end - 1)
            self.node.network.send(follower, ("diverged", number, epoch, end, last, upto))
            return
        if end > partition.durable:
            return  # it has what we had before we led, and our disk is slower
        leadership.fetched(follower, end, partition, trio.current_time())
        self._advance(number)
        entries = partition.between(end, min(end + self.batch, partition.durable))
        answer = ("entries", number, epoch, end, entries, partition.high_watermark)
        self.node.network.send(follower, answer)

    def _advance(self, number: int) -> None:
        partition = self.store.partitions[number]
        committed = self.led[number].committed(partition)
        partition.high_watermark = max(partition.high_watermark, committed)
        self._forget_due(number)
        self._tell(number)

    def _follows(self, number: int, epoch: int) -> bool:
        state = self.states.get(number)
        return state is not None and state.epoch == epoch and number not in self.led

    async def _take(
        self,
        leader: str,
        number: int,
        epoch: int,
        offset: int,
        entries: tuple[Any, ...],
        high_watermark: int,
    ) -> None:
        """Take what the leader has behind what we have."""
        partition = self.store.partitions[number]
        if not self._follows(number, epoch) or not offset <= partition.durable:
            return
        if entries and offset == partition.end:
            cuts = partition.cuts
            self.store.append(number, (Entry(*entry) for entry in entries))
            await self.store.sync()
            if partition.cuts == cuts and self._follows(number, epoch):
                self._fetch(leader, [number])
        same = offset + len(entries)
        if self._follows(number, epoch):
            upto = min(high_watermark, same, partition.durable)
            partition.high_watermark = max(partition.high_watermark, upto)
            self._forget_due(number)
        self._tell(number)

    def _cut(self, number: int, epoch: int, end: int, last: int, offset: int) -> None:
        """Cut off what the leader hasn't, if that is how we end: the message may be an old one, and
        the leader count on what we have taken since."""
        partition = self.store.partitions[number]
        so = partition.durable == end and partition.epoch_before(end) == last
        if so and self._follows(number, epoch) and partition.high_watermark <= offset:
            self.store.cut(number, offset)
            self._tell(number)

    def _begin(self, number: int, epoch: int, base: Base) -> None:
        """Begin where the leader's log does: what we have ends before that."""
        partition = self.store.partitions[number]
        if self._follows(number, epoch) and partition.end < base.start:
            self.store.restore(number, base)
            self._tell(number)

    def _tell(self, *numbers: int) -> None:
        """Show how far these partitions are here, and how far that is committed."""
        for number in numbers if self._teller.heard else ():
            partition = self.store.partitions[number]
            self._teller.changed(("held", number), partition.end, partition.high_watermark)

    def _compact(self, now: float) -> None:
        """Take away what is overtaken, if it is time: here, for a follower that comes later gets
        what is left. Tombstones that were there the last time go, too."""
        if now < self._compacted + self.compact_s:
            return
        self._compacted = now
        for number, partition in enumerate(self.store.partitions):
            gone = partition.overtaken(self._kept[number])
            self._kept[number] = partition.settled
            if gone:
                self.node.trace("compacted", number, len(gone), partition.horizon)
                self.store.bury(number, gone)

    # Retention

    def propose(self, number: int, now: float) -> bool:
        """Say what is to be forgotten of a partition that we lead, if there is anything; whether
        there is. It counts once it is committed."""
        partition = self.store.partitions[number]
        start, keeps = self.retained[number].start(partition, now)
        if start <= partition.proposed:
            return False
        self._append(number, "", 0, -1, START, "", (start, keeps))
        return True

    async def _spread(self) -> None:
        """Make what was appended durable here; followers come for it."""
        await self.store.sync()
        for number in list(self.led):
            self._advance(number)

    def _forget_due(self, number: int) -> None:
        due = self.store.partitions[number].due
        if due is not None:
            self.forget(number, due.start, due.keeps)

    def forget(self, number: int, start: int, keeps: int) -> None:
        """Forget what is before an offset. The leader announces it first: whoever is not given it
        any more can know that it was not lost."""
        partition = self.store.partitions[number]
        if number in self.led:
            gone = partition.between(partition.start, start)
            keys = sorted({entry.key for entry in gone if entry.kind in (DATA, OPEN)})
            epoch = self.led[number].state.epoch
            told = {"keys": keys, "start": start, "epoch": epoch, "keeps": keeps}
            self.node.announce(LOG_START, told)
        self.node.trace("forgotten", number, start)
        self.store.forget(number, start)

    # Clients

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["send", str() as key, *_]:
                partition = partition_of(key, self.partitions)
            case ["read" | "end" | "changes", int() as partition, *_] if (
                0 <= partition < self.partitions
            ):
                pass
            case _:
                partition = -1
        if partition < 0:
            answer: tuple[Any, ...] | None = ("elsewhere", self.controller)
        elif partition not in self.led:
            leader = self.states[partition].leader if partition in self.states else self.node.name
            answer = ("elsewhere", leader)
        else:
            answer = await self._led_answer(partition, request)
        if answer is not None:
            self.node.network.send(client, ("reply", number, *answer))

    async def _led_answer(self, number: int, request: list[Any]) -> tuple[Any, ...] | None:
        partition = self.store.partitions[number]
        match request:
            case ["send", key, value, producer, epoch, sequence, kind] if kind in (DATA, OPEN):
                offset = partition.known(producer, epoch, sequence)
                if offset is None:
                    if partition.refuses(producer, epoch, sequence):
                        return ("refused", "the time of this request is over")
                    offset = self._append(number, producer, epoch, sequence, kind, key, value)
                return ("ok", offset) if await self._committed(number, offset) else None
            case ["read", _, int() as offset] if offset < partition.start:
                return ("range", partition.start)
            case ["read", _, int() as offset]:
                return ("ok", *partition.read(offset, self.batch))
            case ["changes", _, int() as offset]:
                return ("ok", *partition.changes(offset, self.batch))
            case ["end", _]:
                return ("ok", partition.end)
        return ("refused", "no such request")

    def _append(self, number: int, *what: Any) -> int:
        return self.store.append(number, [Entry(self.led[number].state.epoch, *what)])

    async def _committed(self, number: int, offset: int) -> bool:
        """Wait until an entry of ours is committed; False if we don't lead any more."""
        leadership, partition = self.led[number], self.store.partitions[number]
        await self.store.sync()
        while self.led.get(number) is leadership:
            self._advance(number)
            if partition.high_watermark > offset:
                return True
            await trio.sleep(FETCH_S / 3)
        return False

    async def _mark(
        self, controller: str, number: int, producer: str, epoch: int, kind: str
    ) -> None:
        """Put a transaction's marker into a partition, unless it is there."""
        if number not in self.led:
            return
        partition = self.store.partitions[number]
        if not partition.marked(producer, epoch):
            self._append(number, producer, epoch, -1, kind, "", None)
        if await self._committed(number, partition.end - 1):
            self.node.network.send(controller, ("marked", number, producer, epoch))
