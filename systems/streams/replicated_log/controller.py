"""The controller: says who leads which partition, who is in sync, what became of transactions, and
who of the consumers reads what.

broker -> controller   ("alive", life)
                       ("in_sync", partition, epoch, version, names)   a leader wants them to be
                       ("marked", partition, transaction's name, its epoch)
controller -> broker   ("partitions", life, (state, ...))
                       ("mark", partition, name, epoch, kind)
client -> controller   ("request", id, "begin", name, number, partitions)   -> epoch
                       ("request", id, "end", name, epoch, kind, reader)    -> kind that it is
                       ("request", id, "turn", member, number, keys, generation, offsets)
                                                     -> generation, what it is to read from where

A transaction that has read, too, ends with what its reader has read by then: ``(member, generation,
offsets)``, or nothing. It commits if these are admitted, and they count with it, by one record.

In Kafka it is a group of servers with consensus among them; here it is one, whose disk is durable.
While it is down, leaders lead on, and nobody takes their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.replicated_log.groups import Groups, Offsets
from splitbrain.systems.streams.replicated_log.partition import ABORT, COMMIT, OPEN

Reader = tuple[str, int, Offsets]
"""A member of the group, the generation that it knows of, and how far it has read."""

TICK_S = 0.05
_START = 0x434F4E54  # what the first frame's checksum continues


class State(NamedTuple):
    """Who has which part in a partition.

    Attributes:
        partition: its number.
        epoch: grows with each leader.
        leader: the one server that appends.
        in_sync: who has all that is committed, the leader among them.
        version: grows with each change.
    """

    partition: int
    epoch: int
    leader: str
    in_sync: tuple[str, ...]
    version: int


class Transaction(NamedTuple):
    """What became of a producer's newest transaction.

    Attributes:
        name: the producer's.
        epoch: the transaction's number.
        number: that of the request that began it, which may come again.
        kind: `OPEN`, `COMMIT` or `ABORT`.
        unmarked: partitions that have no marker yet; without, it is over.
        offsets: how far the group has read with it, if it commits.
    """

    name: str
    epoch: int
    number: int
    kind: str
    unmarked: tuple[int, ...]
    offsets: Offsets = ()


class Controller:
    """The one server that decides.

    Invariants: a partition's leader is in sync when it becomes that; who is in sync changes at the
    word of the leader of the newest epoch only; a broker that starts anew leads in a new epoch, if
    at all; a transaction has one kind of end, durable before any marker; each transaction of a
    producer has an epoch of its own.

    Attributes:
        session_s: a broker silent for so long leads no more.
        partitions: how many there are.
        patience_s: a transaction open for so long is aborted.
        member_s: a consumer silent for so long is out of the group.
        groups_class: what knows the group.
    """

    session_s = 0.3
    partitions = 3
    patience_s = 1.5
    member_s = 1.0
    groups_class: type[Groups] = Groups

    def __init__(self, node: Node) -> None:
        self.node = node
        self.brokers = sorted(name for name in node.peers if name != first_server(node))
        self._log = LogFile(node.disk, "decisions", _START)
        self.states: dict[int, State] = {}
        self.transactions: dict[str, Transaction] = {}
        # By chance: a member may still be told of another life's.
        self.groups = self.groups_class(node.random.getrandbits(40), self._tell_owner)
        self._lives: dict[str, int] = {}
        self._heard: dict[str, float] = {}
        self._begun: dict[str, float] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        for kind, *fields in await self._log.open():
            if kind == "offsets":
                self.groups.move(fields[0])
            else:
                self._apply(State(*fields) if kind == "state" else Transaction(*fields))
        for number in range(self.partitions):
            if number not in self.states:
                leader = self.brokers[number % len(self.brokers)]
                self._write(State(number, 1, leader, tuple(self.brokers), 1))
        await self._log.sync()
        now = trio.current_time()
        self._heard = dict.fromkeys(self.brokers, now)
        self._begun = dict.fromkeys(self.transactions, now)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("alive", life):
                        nursery.start_soon(self._alive, sender, life)
                    case ("in_sync", *wish):
                        nursery.start_soon(self._in_sync, sender, *wish)
                    case ("marked", partition, name, epoch):
                        self._marked(partition, name, epoch)

    def _apply(self, fact: State | Transaction) -> None:
        if isinstance(fact, State):
            self.states[fact.partition] = fact
            self.node.show("led", fact.partition, fact.epoch, fact.leader, fact.in_sync)
        else:
            self.transactions[fact.name] = fact
            self.groups.move(fact.offsets if fact.kind == COMMIT else ())

    def _write(self, fact: State | Transaction) -> None:
        kind = "state" if isinstance(fact, State) else "transaction"
        self._log.append([(kind, *fact)])
        self._apply(fact)

    # Leaders

    async def _alive(self, broker: str, life: int) -> None:
        self._heard[broker] = trio.current_time()
        if self._lives.get(broker) != life:
            self._lives[broker] = life
            for state in self._led_by(broker):
                self._write(state._replace(epoch=state.epoch + 1, version=state.version + 1))
        told = ("partitions", life, tuple(tuple(state) for state in self.states.values()))
        await self._log.sync()  # of what is told; what is decided meanwhile is told next time
        self.node.network.send(broker, told)

    def _led_by(self, broker: str) -> list[State]:
        return [state for state in self.states.values() if state.leader == broker]

    def is_alive(self, broker: str) -> bool:
        """Whether a broker was heard of lately."""
        return self._heard[broker] >= trio.current_time() - self.session_s

    def candidates(self, state: State) -> list[str]:
        """Who may lead a partition next."""
        return [name for name in state.in_sync if self.is_alive(name)]

    async def _look(self) -> None:
        while True:
            await trio.sleep(TICK_S)
            for state in list(self.states.values()):
                able = [] if self.is_alive(state.leader) else self.candidates(state)
                if able:
                    self._write(
                        state._replace(
                            epoch=state.epoch + 1, leader=able[0], version=state.version + 1
                        )
                    )
            self.groups.look(trio.current_time() - self.member_s)
            late = trio.current_time() - self.patience_s
            for name, transaction in self.transactions.items():
                if transaction.kind == OPEN and self._begun[name] < late:
                    self._write(transaction._replace(kind=ABORT))
            await self._mark(*self.transactions.values())

    async def _in_sync(
        self, leader: str, partition: int, epoch: int, version: int, names: tuple[str, ...]
    ) -> None:
        state = self.states[partition]
        if (state.leader, state.epoch, state.version) == (leader, epoch, version):
            self._write(state._replace(in_sync=names, version=version + 1))
            await self._log.sync()

    # Transactions

    async def _mark(self, *transactions: Transaction) -> None:
        """Ask for the markers that are missing, once it is durable how these transactions end."""
        ended = [transaction for transaction in transactions if transaction.kind != OPEN]
        await self._log.sync()
        for transaction in ended:
            for partition in transaction.unmarked:
                ask = ("mark", partition, transaction.name, transaction.epoch, transaction.kind)
                self.node.network.send(self.states[partition].leader, ask)

    def _marked(self, partition: int, name: str, epoch: int) -> None:
        transaction = self.transactions.get(name)
        if transaction is not None and transaction.epoch == epoch:
            left = tuple(number for number in transaction.unmarked if number != partition)
            if left != transaction.unmarked:
                self._write(transaction._replace(unmarked=left))

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["begin", str() as name, int() as own, tuple() as partitions]:
                answer: tuple[Any, ...] = ("ok", await self._begin(name, own, partitions))
            case ["end", str() as name, int() as epoch, str() as kind, reader]:
                answer = ("ok", await self._end(name, epoch, kind, reader))
            case ["turn", *turn]:
                answer = ("ok", *await self._turn(*turn))
            case _:
                answer = ("elsewhere", self.brokers[0])
        self.node.network.send(client, ("reply", number, *answer))

    async def _begin(self, name: str, number: int, partitions: tuple[int, ...]) -> int:
        """A new transaction's epoch, once the one before is over: what is open is aborted."""
        while True:
            before = self.transactions.get(name)
            if before is not None and before.number == number:
                await self._log.sync()
                return before.epoch
            if before is None or (before.kind != OPEN and not before.unmarked):
                break
            if before.kind == OPEN:
                self._write(before._replace(kind=ABORT))
            await trio.sleep(TICK_S)
        epoch = self.next_epoch(before)
        self._begun[name] = trio.current_time()
        self._write(Transaction(name, epoch, number, OPEN, partitions))
        await self._log.sync()
        return epoch

    def next_epoch(self, before: Transaction | None) -> int:
        """The epoch of a producer's next transaction."""
        return 1 if before is None else before.epoch + 1

    async def _end(self, name: str, epoch: int, kind: str, reader: Reader | None) -> str:
        """How a transaction ends, which need not be as it was asked to; a commit is told once all
        markers are there."""
        for transaction in self._newest(name, epoch):
            if transaction.kind == OPEN:
                offsets: Offsets = ()
                if reader is not None and kind == COMMIT:
                    member, generation, offsets = reader
                    if not self._admits(member, generation, offsets):
                        kind = ABORT
                ended = transaction._replace(kind=kind, offsets=offsets)
                self._write(ended)
                await self._mark(ended)
            elif transaction.kind == ABORT or not transaction.unmarked:
                await self._log.sync()
                return transaction.kind
            else:
                await trio.sleep(TICK_S / 5)
        return "over"  # a later one has begun: who asks is not waited for any more

    def _newest(self, name: str, epoch: int) -> Iterator[Transaction]:
        """The transaction, as it is each time, as long as it is the producer's newest."""
        while (found := self.transactions.get(name)) is not None and found.epoch == epoch:
            yield found

    # The group of consumers

    async def _turn(
        self, member: str, number: int, keys: tuple[str, ...], generation: int, offsets: Offsets
    ) -> tuple[int, Offsets]:
        """A member says how far it is, if it is to count, and what it wants to read; the generation
        that it is in then, and from where it reads what."""
        if offsets and self._admits(member, generation, offsets):
            self._log.append([("offsets", offsets)])
            self.groups.move(offsets)
        in_time = self.groups.hear(member, keys, number, trio.current_time())
        told = self.groups.generation, self.groups.of(member) if in_time else ()
        await self._log.sync()
        return told

    def _admits(self, member: str, generation: int, offsets: Offsets) -> bool:
        """Whether what a member says to have read is to count."""
        admitted = self.groups.admits(member, generation, dict(offsets))
        for key, upto in offsets:
            self.node.show("offset", "commit", key, upto, member, admitted)
        return admitted

    def _tell_owner(self, key: str, generation: int, owner: str) -> None:
        self.node.trace("owner", key, generation, owner)
