"""The shard's half: versions of the keys that are this server's, by timestamp.

    coordinator                                      shard
    ("read", txn, n, operation, snapshot)      ->
                                               <-    ("did", txn, n, result)
    ("prepare", txn, snapshot, writes)         ->
                                               <-    ("vote", txn, timestamp) | ("vote", txn, None)
    ("decide", txn, timestamp | None)          ->
                                               <-    ("ack", txn)               commits only
                                               <-    ("inquire", txn)           what became of it?

Invariants:

1. A read at a snapshot is answered only when that time is past, and no transaction is prepared at
   or before it that writes what is read: nothing will ever be added to what was read. Whatever is
   prepared later, also after a crash, gets a timestamp not before the time, and so after the
   snapshot.
2. A vote is durable before it is sent, and binds: the transaction stays prepared, also through a
   crash, until its coordinator says what became of it.
3. A shard prepares no transaction that writes what another has committed after its snapshot, or has
   prepared (the first committer wins).
4. Timestamps of a shard's votes grow, and are greater than those of all it has committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from splitbrain.harness.node import Message
from splitbrain.systems.clocks.commit_wait.journal import Journal
from splitbrain.systems.clocks.commit_wait.timekeeping import Timekeeper
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.operations import Operation, Value, rows
from splitbrain.systems.transactions.two_phase_commit.messages import coordinator_of

INQUIRE_S = 0.3
"""How long a prepared transaction waits before the shard asks what became of it, in seconds."""

Writes = tuple[tuple[str, Value], ...]


@dataclass(slots=True, eq=False)
class Prepared:
    """A transaction that may commit here.

    Attributes:
        timestamp: what was voted; it commits at this or later.
        writes: what it writes here.
        heard: when its coordinator was asked last.
        durable: whether the vote is.
        deciding: whether its commit is on its way to disk.
    """

    timestamp: int
    writes: Writes
    heard: float
    durable: bool = False
    deciding: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """A read that waits for its snapshot to be past."""

    number: int
    operation: Operation
    snapshot: int


class Shard:
    """See the module.

    Args:
        records: the log, from its beginning.
        journal: where records go.
        time: what time it is.
        send: sends a message to a server.
    """

    inquire_after: float = INQUIRE_S

    def __init__(
        self,
        records: Iterable[Record],
        journal: Journal,
        time: Timekeeper,
        send: Callable[[str, Message], None],
    ) -> None:
        self.journal = journal
        self.time = time
        self.send = send
        self.versions: dict[str, list[tuple[int, Value]]] = {}
        self.prepared: dict[str, Prepared] = {}
        self.committed: set[str] = set()
        self.highest = 0
        self._reads: dict[str, Read] = {}
        for record in records:
            self._replay(record)

    def read(self, txn: str, number: int, operation: Operation, snapshot: int) -> None:
        """Read a key or a prefix at a snapshot, when that is possible."""
        self._reads[txn] = Read(number, operation, snapshot)
        self.time.ask()
        self.serve()

    def serve(self) -> None:
        """Answer the reads that wait no longer."""
        for txn, read in list(self._reads.items()):
            if self.settled(read):
                del self._reads[txn]
                result = self._result(read.operation, read.snapshot)
                self.send(coordinator_of(txn), ("did", txn, read.number, result))

    def prepare(self, txn: str, snapshot: int, writes: Writes) -> None:
        """Vote on a transaction."""
        known = self.prepared.get(txn)
        if known is not None:
            if known.durable:
                self.send(coordinator_of(txn), ("vote", txn, known.timestamp))
            return
        if txn in self.committed:
            return  # a copy of a message that was under way for long
        if not self.time.known or self.conflict(snapshot, dict(writes)):
            self.send(coordinator_of(txn), ("vote", txn, None))
            return
        self.highest = max(self.time.latest(), self.highest + 1)
        prepared = self.prepared[txn] = Prepared(self.highest, writes, self.time.now)
        record = ("prepare", txn, prepared.timestamp, writes)
        self.journal.force(record, lambda: self._voted(txn, prepared))

    def decide(self, txn: str, timestamp: int | None) -> None:
        """Do what the coordinator has decided: commit at a time, or (None) not at all."""
        prepared = self.prepared.get(txn)
        if timestamp is None:
            if prepared is not None:
                assert not prepared.deciding, f"{txn} was decided both ways"
                del self.prepared[txn]
                self.journal.log(("end", txn))
                self.serve()
        elif prepared is None:
            assert txn in self.committed, f"{txn} was decided without this server's vote"
            self.send(coordinator_of(txn), ("ack", txn))
        elif not prepared.deciding:
            prepared.deciding = True
            self.journal.force(("commit", txn, timestamp), lambda: self._finish(txn, timestamp))

    def tick(self) -> None:
        """Ask what became of transactions that are in doubt for long; answer what can be."""
        for txn, prepared in self.prepared.items():
            waiting = prepared.durable and not prepared.deciding
            if waiting and self.time.now - prepared.heard > self.inquire_after:
                prepared.heard = self.time.now
                self.send(coordinator_of(txn), ("inquire", txn))
        self.serve()

    # What a planted bug may override

    def settled(self, read: Read) -> bool:
        """Whether nothing will be added any more to what a read sees."""
        return self.time.past(read.snapshot) and not any(
            prepared.timestamp <= read.snapshot and _touches(read.operation, prepared.writes)
            for prepared in self.prepared.values()
        )

    def conflict(self, snapshot: int, writes: Mapping[str, Value]) -> bool:
        """Whether another transaction writes the same and does not see this one, nor is seen."""
        newer = any(
            timestamp > snapshot for key in writes for timestamp, _ in self.versions.get(key, [])
        )
        others = self.prepared.values()
        return newer or any(key in writes for other in others for key, _ in other.writes)

    # Inside

    def _voted(self, txn: str, prepared: Prepared) -> None:
        if self.prepared.get(txn) is prepared:
            prepared.durable = True
            self.send(coordinator_of(txn), ("vote", txn, prepared.timestamp))

    def _finish(self, txn: str, timestamp: int) -> None:
        self._install(txn, timestamp)
        self.send(coordinator_of(txn), ("ack", txn))
        self.serve()

    def _install(self, txn: str, timestamp: int) -> None:
        for key, value in self.prepared.pop(txn).writes:
            self.versions.setdefault(key, []).append((timestamp, value))
        self.highest = max(self.highest, timestamp)
        self.committed.add(txn)

    def _replay(self, record: Record) -> None:
        match record:
            case ("prepare", txn, timestamp, writes):
                self.prepared[txn] = Prepared(timestamp, writes, 0.0, durable=True)
                self.highest = max(self.highest, timestamp)
            case ("commit", txn, timestamp):
                self._install(txn, timestamp)
            case ("end", txn):
                self.prepared.pop(txn, None)

    def _result(self, operation: Operation, snapshot: int) -> Value:
        match operation:
            case ("scan", prefix):
                values = {key: self._seen(key, snapshot) for key in self.versions}
                return rows(values, prefix)
            case (_, key, *_):
                return self._seen(key, snapshot)
        raise AssertionError(f"{operation!r} reads nothing")

    def _seen(self, key: str, snapshot: int) -> Value:
        for timestamp, value in reversed(self.versions.get(key, [])):
            if timestamp <= snapshot:
                return value
        return None


def _touches(operation: Operation, writes: Writes) -> bool:
    """Whether any of the writes is of what the operation reads."""
    f, name = operation[:2]
    return any(key.startswith(name) if f == "scan" else key == name for key, _ in writes)
