"""The coordinator's half: transactions of the clients that ask this server.

To the transaction manager it is an engine (`splitbrain.systems.transactions.engine.Engine`). A
transaction's snapshot is the latest that it may be when it begins; its writes stay here until it
commits:

    1  every shard that it writes to prepares, and votes with a timestamp; all must
    2  the greatest of these is the transaction's: forced to disk, which commits it
    3  the shards are told, again and again until all have acknowledged; its client is told once
       that timestamp is past ("commit wait")

Invariants:

1. A timestamp is not before the time at which the commit was asked for.
2. A client is told of a commit only when its timestamp is past: whoever begins after that has a
   greater snapshot, whichever server it asks.
3. A decision is durable before anyone hears of it, and is never taken back; a transaction that
   neither memory nor log knows has not committed and never will (presumed abort).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from splitbrain.harness.node import Message
from splitbrain.systems.clocks.commit_wait.journal import Journal
from splitbrain.systems.clocks.commit_wait.shard import Writes
from splitbrain.systems.clocks.commit_wait.timekeeping import Timekeeper
from splitbrain.systems.transactions.engine import Answers
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.operations import Operation, Value, changed, problem
from splitbrain.systems.transactions.two_phase_commit.messages import partition_of

PREPARE_S = 1.0
"""How long shards may take to vote, in seconds."""

RESEND_S = 0.2
"""How long to wait for an answer before asking again, in seconds."""

Phase = Literal["active", "preparing", "deciding", "decided"]


@dataclass(slots=True)
class Running:
    """A transaction as its coordinator sees it.

    Attributes:
        snapshot: it sees commits at this time and before.
        phase: how far it is.
        writes: what it has written so far.
        reading: the operation that a shard is asked for.
        number: how many reads it has asked for.
        missing: shards that have not voted, or not acknowledged.
        timestamp: the greatest of the votes; then that of the commit.
        since: when it began to prepare.
        asked: when shards were asked last.
        told: whether its client may know that it has committed.
    """

    snapshot: int
    phase: Phase = "active"
    writes: dict[str, Value] = field(default_factory=dict)
    reading: Operation | None = None
    number: int = 0
    missing: list[str] = field(default_factory=list)
    timestamp: int = 0
    since: float = 0.0
    asked: float = 0.0
    told: bool = False


class Coordinator:
    """See the module.

    Args:
        servers: all servers, sorted.
        records: the log, from its beginning.
        journal: where records go.
        time: what time it is.
        send: sends a message to a server.

    Attributes:
        highest: the greatest timestamp that the log has decided on.
    """

    prepare_within: float = PREPARE_S
    resend_after: float = RESEND_S

    def __init__(
        self,
        servers: Sequence[str],
        records: Iterable[Record],
        journal: Journal,
        time: Timekeeper,
        send: Callable[[str, Message], None],
    ) -> None:
        self.answers: Answers = []
        self.records = journal.records
        self.journal = journal
        self.time = time
        self.send = send
        self.highest = 0
        self._servers = servers
        self._running: dict[str, Running] = {}
        self._committed: set[str] = set()
        for record in records:
            self._replay(record)

    # The client's side

    @property
    def committed(self) -> Collection[str]:
        """See `Engine`; those that anybody may know of."""
        return self._committed

    def log(self, record: Record) -> int:
        """See `Engine`."""
        return self.journal.log(record)

    def durable(self, lsn: int) -> None:
        """See `Engine`."""
        self.journal.durable(lsn)

    def begin(self, txn: str) -> None:
        """See `Engine`."""
        self._running[txn] = Running(self.time.latest())

    def operate(self, txn: str, operation: Operation) -> None:
        """See `Engine`."""
        reason = problem(operation)
        if reason is not None:
            self.rollback(txn, reason)
            return
        running = self._running[txn]
        f, key = operation[:2]
        if f in ("write", "delete") or (f in ("read", "append") and key in running.writes):
            self._done(txn, running, operation, running.writes.get(key))
            return
        running.reading, running.asked = operation, self.time.now
        running.number += 1
        self._ask_for(txn, running)

    def commit(self, txn: str) -> None:
        """See `Engine`."""
        running = self._running[txn]
        if not running.writes:
            del self._running[txn]
            self.answers.append((txn, ("committed",)))
            return
        running.phase, running.since = "preparing", self.time.now
        running.missing = self._shards(running)
        self._ask(txn, running)

    def rollback(self, txn: str, reason: str) -> None:
        """See `Engine`."""
        running = self._running.pop(txn)
        assert running.phase in ("active", "preparing"), f"{txn} is decided already"
        if running.phase == "preparing":
            for server in self._shards(running):
                self.send(server, ("decide", txn, None))
        self.answers.append((txn, ("aborted", reason)))

    def busy(self, txn: str) -> bool:
        """See `Engine`."""
        running = self._running.get(txn)
        return running is None or running.phase != "active"

    def tick(self) -> None:
        """Ask again those who have not answered; give up a preparation that takes too long."""
        now = self.time.now
        for txn, running in list(self._running.items()):
            if running.phase == "preparing" and now - running.since > self.prepare_within:
                self.rollback(txn, "a shard did not vote in time")
            elif now - running.asked > self.resend_after:
                running.asked = now
                if running.reading is not None:
                    self._ask_for(txn, running)
                elif running.missing:
                    self._ask(txn, running)
        self.tell()

    def tell(self) -> None:
        """Tell clients of the commits whose time is past."""
        for txn, running in list(self._running.items()):
            if running.phase == "decided" and not running.told and self.may_tell(running):
                running.told = True
                self._committed.add(txn)
                self.answers.append((txn, ("committed",)))
                self._forget(txn, running)

    # The shards' side

    def did(self, txn: str, number: int, result: Value) -> None:
        """A shard has read something."""
        running = self._running.get(txn)
        if running is None or running.reading is None or running.number != number:
            return
        operation, running.reading = running.reading, None
        self._done(txn, running, operation, result)

    def voted(self, server: str, txn: str, timestamp: int | None) -> None:
        """A shard has voted."""
        running = self._running.get(txn)
        if running is None or running.phase != "preparing":
            return
        if timestamp is None:
            self.rollback(txn, "another transaction wrote the same first")
            return
        running.timestamp = max(running.timestamp, timestamp)
        if server in running.missing:
            running.missing.remove(server)
        if not running.missing:
            running.phase = "deciding"
            record = ("decide", txn, running.timestamp, tuple(self._shards(running)))
            self.journal.force(record, lambda: self._decided(txn, running))

    def acknowledged(self, server: str, txn: str) -> None:
        """A shard has committed, durably."""
        running = self._running.get(txn)
        if running is not None and running.phase == "decided" and server in running.missing:
            running.missing.remove(server)
            self._forget(txn, running)

    def asked(self, server: str, txn: str) -> None:
        """A shard asks what became of a transaction."""
        running = self._running.get(txn)
        if running is None:
            self.send(server, ("decide", txn, None))
        elif running.phase == "decided":
            self.send(server, ("decide", txn, running.timestamp))

    # What a planted bug may override

    def may_tell(self, running: Running) -> bool:
        """Whether a client may be told of a commit: commit wait."""
        return self.time.past(running.timestamp)

    # Inside

    def _done(self, txn: str, running: Running, operation: Operation, value: Value) -> None:
        result: Value = None
        match operation:
            case ("read", _):
                result = value
            case ("scan", prefix):
                merged = {**dict(value), **running.writes}
                found = ((key, merged[key]) for key in sorted(merged) if key.startswith(prefix))
                result = tuple((key, value) for key, value in found if value is not None)
            case (_, key, *_):
                running.writes[key] = changed(operation, value)
        self.answers.append((txn, ("done", result)))

    def _ask_for(self, txn: str, running: Running) -> None:
        operation = running.reading
        assert operation is not None, f"{txn} reads nothing"
        server = partition_of(operation[1], self._servers)
        self.send(server, ("read", txn, running.number, operation, running.snapshot))

    def _ask(self, txn: str, running: Running) -> None:
        running.asked = self.time.now
        for server in running.missing:
            if running.phase == "preparing":
                self.send(server, ("prepare", txn, running.snapshot, self._part(running, server)))
            elif running.phase == "decided":
                self.send(server, ("decide", txn, running.timestamp))

    def _shards(self, running: Running) -> list[str]:
        return sorted({partition_of(key, self._servers) for key in running.writes})

    def _part(self, running: Running, server: str) -> Writes:
        return tuple(
            (key, value)
            for key, value in running.writes.items()
            if partition_of(key, self._servers) == server
        )

    def _decided(self, txn: str, running: Running) -> None:
        running.phase, running.missing = "decided", self._shards(running)
        self._ask(txn, running)
        self.time.ask()
        self.tell()

    def _forget(self, txn: str, running: Running) -> None:
        if running.told and not running.missing:
            self.log(("forget", txn))
            del self._running[txn]

    def _replay(self, record: Record) -> None:
        match record:
            case ("decide", txn, timestamp, shards):
                self._running[txn] = Running(
                    0, "decided", missing=list(shards), timestamp=timestamp, told=True
                )
                self._committed.add(txn)
                self.highest = max(self.highest, timestamp)
            case ("forget", txn):
                del self._running[txn]
