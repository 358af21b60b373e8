"""Planted bugs of the transactional systems: the system as it is, with one decision wrong.

Each overrides one small method from outside; ids are those of the catalogue of bugs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from systems.bug import Bug
from systems.transactions.commit.coordinator import Coordinator
from systems.transactions.commit.core import CommitCore, CommitServer
from systems.transactions.commit.messages import coordinator_of
from systems.transactions.commit.participant import Participant
from systems.transactions.locking.engine import LockingEngine
from systems.transactions.locking.locks import Lock, LockManager, Mode, Target
from systems.transactions.log import LogManager, Record
from systems.transactions.manager import TransactionManager
from systems.transactions.operations import READS, Operation, Value, problem
from systems.transactions.server import (
    LockingServer,
    SerializableSnapshotServer,
    SnapshotServer,
)
from systems.transactions.snapshot.engine import SnapshotEngine, Transaction
from systems.transactions.snapshot.serializable import SerializableEngine

# Two-phase locking


class WritesWithoutLocks(LockingEngine):
    """Takes locks for reading only."""

    def operate(self, txn: str, operation: Operation) -> None:
        """Write at once."""
        if operation[0] in READS or problem(operation):
            super().operate(txn, operation)
        else:
            self._perform(txn, operation)


class ReadsWithoutLocks(LockingEngine):
    """Takes locks for writing only."""

    def operate(self, txn: str, operation: Operation) -> None:
        """Read at once, whoever is writing there."""
        if operation[0] in READS and not problem(operation):
            self._perform(txn, operation)
        else:
            super().operate(txn, operation)


class LocksRowsOnly(LockingEngine):
    """Scans lock the rows that they find, and not the predicate."""

    def operate(self, txn: str, operation: Operation) -> None:
        """Lock what is there."""
        if operation[0] != "scan":
            super().operate(txn, operation)
            return
        for key in [key for key in self.values if key.startswith(operation[1])]:
            if not self.locks.acquire_lock(txn, Target(key), "shared"):
                self._blocked[txn] = operation
                self.break_deadlock(txn)
                return
        self._perform(txn, operation)


class UpgradesAtOnce(LockManager):
    """Turns a shared lock into an exclusive one without looking for other holders."""

    def acquire_lock(self, txn: str, target: Target, mode: Mode) -> bool:
        """An upgrade is always granted."""
        if self._upgrades(Lock(txn, target, mode)):
            self._grant(Lock(txn, target, mode))
            return True
        return super().acquire_lock(txn, target, mode)


class UpgradesAtOnceEngine(LockingEngine):
    """With `UpgradesAtOnce`."""

    locks_class = UpgradesAtOnce


class OverlooksDeadlocks(LockingEngine):
    """Lets transactions wait for each other."""

    def break_deadlock(self, txn: str) -> None:
        """Nobody looks."""


class ForgetsTheDead(TransactionManager):
    """Forgets a transaction whose client is gone, and leaves its locks."""

    def expire(self, txn: str) -> None:
        """Drop the session alone."""
        del self.sessions[txn]


class ForcesLater(LogManager):
    """Says that records are durable when they are in the page cache; every 64th time they are."""

    _times = 0

    async def force(self) -> None:
        """Put it off."""
        self._times += 1
        if self._times % 64 == 1:
            await super().force()
        self.durable = self.written


class WritesWithoutLocksServer(LockingServer):
    """TX-01."""

    engine_class = WritesWithoutLocks


class ReadsWithoutLocksServer(LockingServer):
    """TX-02."""

    engine_class = ReadsWithoutLocks


class LocksRowsOnlyServer(LockingServer):
    """TX-07."""

    engine_class = LocksRowsOnly


class UpgradesAtOnceServer(LockingServer):
    """TX-13."""

    engine_class = UpgradesAtOnceEngine


class OverlooksDeadlocksServer(LockingServer):
    """TX-14."""

    engine_class = OverlooksDeadlocks


class ForgetsTheDeadServer(LockingServer):
    """TX-15."""

    manager_class = ForgetsTheDead


class ForcesLaterServer(LockingServer):
    """TX-16."""

    log_class = ForcesLater


# Snapshot isolation


class ReadsUncommitted(SnapshotEngine):
    """Reads what others are writing, if they have not ended."""

    def seen(self, transaction: Transaction, key: str) -> Value:
        """The newest that anybody has."""
        for other in reversed(self.active.values()):
            if key in other.writes:
                return other.writes[key]
        return super().seen(transaction, key)


class ReadsLatest(SnapshotEngine):
    """Takes a snapshot of each key when it is first read, not of all at the begin."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._first_seen: dict[tuple[str, str], Value] = {}
        super().__init__(records)

    def seen(self, transaction: Transaction, key: str) -> Value:
        """The latest version, then and from then on."""
        versions = self._versions.get(key)
        latest = versions[-1][1] if versions else None
        return self._first_seen.setdefault((transaction.id, key), latest)


class LastCommitterWins(SnapshotEngine):
    """Commits a write whatever others have committed meanwhile."""

    def conflict(self, transaction: Transaction) -> str | None:
        """None is looked for."""
        return None


class Sites(SnapshotEngine):
    """Keeps two sites, of which each shows the other's commits a while later (as parallel snapshot
    isolation does: Sovran et al., "Transactional Storage for Geo-Replicated Systems", SOSP 2011).

    Conflicts are still found by what a transaction does not see, so updates are not lost.
    """

    LAG = 4

    def __init__(self, records: Sequence[Record]) -> None:
        self._site_of: dict[int, int] = {}
        super().__init__(records)

    def sees(self, transaction: Transaction, timestamp: int) -> bool:
        """Commits of the same site, and older ones of the other."""
        site = self._site_of.get(timestamp, self._site(transaction))
        lag = 0 if site == self._site(transaction) else self.LAG
        return timestamp <= transaction.snapshot - lag

    def commit(self, txn: str) -> None:
        """Note where it committed."""
        transaction = self.active[txn]
        super().commit(txn)
        if transaction.timestamp:
            self._site_of[transaction.timestamp] = self._site(transaction)

    def _site(self, transaction: Transaction) -> int:
        return int(transaction.id.rpartition(".")[2]) % 2


class ReadsPastOwnWrites(SnapshotEngine):
    """Reads its snapshot, also of keys that it has written itself."""

    def read(self, transaction: Transaction, key: str) -> Value:
        """From the snapshot."""
        return self.seen(transaction, key)


class ValidatesTooEarly(SnapshotEngine):
    """Between validation and commit the log is forced, and nobody is kept out meanwhile."""

    def being_committed(self) -> Iterable[Transaction]:
        """Not looked at."""
        return ()


class RestartsClock(SnapshotEngine):
    """Keeps its counter of timestamps in memory only."""

    def continue_clock(self) -> None:
        """From zero."""
        self._timestamp = self._latest = 0


class ReadsUncommittedServer(SnapshotServer):
    """TX-03."""

    engine_class = ReadsUncommitted


class ReadsLatestServer(SnapshotServer):
    """TX-04."""

    engine_class = ReadsLatest


class LastCommitterWinsServer(SnapshotServer):
    """TX-05."""

    engine_class = LastCommitterWins


class SitesServer(SnapshotServer):
    """TX-10."""

    engine_class = Sites


class ReadsPastOwnWritesServer(SnapshotServer):
    """TX-11."""

    engine_class = ReadsPastOwnWrites


class ValidatesTooEarlyServer(SnapshotServer):
    """TX-12."""

    engine_class = ValidatesTooEarly


class RestartsClockServer(SnapshotServer):
    """TX-17."""

    engine_class = RestartsClock


# Serializable snapshot isolation


class WatchesNothing(SerializableEngine):
    """Plain snapshot isolation by another name."""

    def remember(self, transaction: Transaction) -> None:
        """Nothing."""


class ForgetsReaders(SerializableEngine):
    """Forgets what a transaction read when it commits: one of two rw-dependencies is seen."""

    def readers_of(self, writer: Transaction) -> list[Transaction]:
        """Nobody any more."""
        return []


class TrustsReaders(SerializableEngine):
    """Takes it that a transaction that only reads is in nobody's way."""

    def remember(self, transaction: Transaction) -> None:
        """Only those that wrote."""
        if transaction.writes:
            super().remember(transaction)

    def conflict(self, transaction: Transaction) -> str | None:
        """None for those that only read."""
        return super().conflict(transaction) if transaction.writes else None


class WatchesNothingServer(SerializableSnapshotServer):
    """TX-06."""

    engine_class = WatchesNothing


class ForgetsReadersServer(SerializableSnapshotServer):
    """TX-08."""

    engine_class = ForgetsReaders


class TrustsReadersServer(SerializableSnapshotServer):
    """TX-09."""

    engine_class = TrustsReaders


# Two-phase commit


class RollsBackAfterYes(Participant):
    """Rolls back what it voted for, when the coordinator is silent for too long."""

    def inquire(self, txn: str) -> None:
        """Take the silence for a no."""
        self.engine.rollback(txn, "the coordinator was silent for too long")

    def commit_again(self, txn: str) -> None:
        """Too late."""
        self.send(coordinator_of(txn), ("ack", txn))


class KeepsDoubt(Participant):
    """Waits for the decision, and never asks."""

    def inquire(self, txn: str) -> None:
        """Wait on."""


class CommitsAnything(Participant):
    """Acknowledges a decision on a transaction that it knows nothing of."""

    def commit_again(self, txn: str) -> None:
        """It must have been long ago."""
        self.send(coordinator_of(txn), ("ack", txn))


class VotesTooEarly(LockingEngine):
    """Gives its promise without a note of it on disk."""

    def write_prepare(self, txn: str, coordinator: str) -> None:
        """Answer at once."""
        self.answers.append((txn, ("prepared",)))


class TellsTooEarly(Coordinator):
    """Tells the decision before it is durable; the note of it is written when there is time."""

    def decide(self, txn: str, participants: tuple[str, ...]) -> None:
        """Tell everyone."""
        self.announce(txn)

    def acknowledged(self, server: str, txn: str) -> None:
        """Nothing was written, so there is nothing to forget in the log."""
        transaction = self._transactions.get(txn)
        if transaction is not None and server in transaction.missing:
            transaction.missing.remove(server)
            if not transaction.missing:
                del self._transactions[txn]


class RollsBackAfterYesCore(CommitCore):
    """With `RollsBackAfterYes`."""

    participant_class = RollsBackAfterYes


class TellsTooEarlyCore(CommitCore):
    """With `TellsTooEarly`."""

    coordinator_class = TellsTooEarly


class KeepsDoubtCore(CommitCore):
    """With `KeepsDoubt`."""

    participant_class = KeepsDoubt


class CommitsAnythingCore(CommitCore):
    """With `CommitsAnything`."""

    participant_class = CommitsAnything


class RollsBackAfterYesServer(CommitServer):
    """TX-20."""

    core_class = RollsBackAfterYesCore


class TellsTooEarlyServer(CommitServer):
    """TX-21."""

    core_class = TellsTooEarlyCore


class KeepsDoubtServer(CommitServer):
    """TX-22."""

    core_class = KeepsDoubtCore


class VotesTooEarlyServer(CommitServer):
    """TX-23."""

    engine_class = VotesTooEarly
    core_class = CommitsAnythingCore


BUGS: tuple[Bug, ...] = (
    Bug(
        id="TX-01",
        system="two-phase-locking",
        title="writes take no locks",
        server=WritesWithoutLocksServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G0",),
        source="Adya, section 4.2.1; Hermitage; DDIA 7",
    ),
    Bug(
        id="TX-02",
        system="two-phase-locking",
        title="reads take no locks: uncommitted and aborted writes are seen",
        server=ReadsWithoutLocksServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G1a", "G1b", "incompatible-order"),
        source="Redpanda, VoltDB 6.3 (Jepsen); DDIA 7",
    ),
    Bug(
        id="TX-03",
        system="snapshot-isolation",
        title="reads see what transactions under way are writing",
        server=ReadsUncommittedServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G1c", "G1a", "incompatible-order", "dirty-update"),
        source="Adya, section 4.2.1; MongoDB 4.2.6 (Jepsen)",
    ),
    Bug(
        id="TX-04",
        system="snapshot-isolation",
        title="each key is read as of its first read, not as of the begin",
        server=ReadsLatestServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G-single",),
        source="YugaByte 1.1.9, MySQL 8.0.34 (Jepsen); DDIA 7",
    ),
    Bug(
        id="TX-05",
        system="snapshot-isolation",
        title="the last committer wins, not the first",
        server=LastCommitterWinsServer,
        workload="rw-register",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("lost-update", "G-single"),
        source="MySQL 8.0.34 (Jepsen); DDIA 7",
    ),
    Bug(
        id="TX-06",
        system="serializable-snapshot-isolation",
        title="no rw-dependency is watched: plain snapshot isolation",
        server=WatchesNothingServer,
        workload="doctors",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("write-skew",),
        source="DDIA 7; PostgreSQL 12.3 (Jepsen)",
    ),
    Bug(
        id="TX-07",
        system="two-phase-locking",
        title="a scan locks the rows it finds, and not the predicate",
        server=LocksRowsOnlyServer,
        workload="booking",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("phantom",),
        source="Eswaran et al., CACM 1976; DDIA 7",
    ),
    Bug(
        id="TX-08",
        system="serializable-snapshot-isolation",
        title="what a transaction read is forgotten when it commits",
        server=ForgetsReadersServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("G2-item",),
        source="Cahill et al., section 3.3; PostgreSQL 12.3 (Jepsen)",
    ),
    Bug(
        id="TX-09",
        system="serializable-snapshot-isolation",
        title="transactions that only read are not watched",
        server=TrustsReadersServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("G2-item",),
        source="Fekete, O'Neil and O'Neil, SIGMOD Record 2004",
    ),
    Bug(
        id="TX-10",
        system="snapshot-isolation",
        title="two sites show each other's commits a while later",
        server=SitesServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G-nonadjacent",),
        source="RDS PostgreSQL 17.4 (Jepsen); Sovran et al., SOSP 2011",
    ),
    Bug(
        id="TX-11",
        system="snapshot-isolation",
        title="a transaction does not read its own writes",
        server=ReadsPastOwnWritesServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("internal",),
        source="MongoDB 4.2.6, MySQL 8.0.34 (Jepsen)",
    ),
    Bug(
        id="TX-12",
        system="snapshot-isolation",
        title="between validation and commit others may validate",
        server=ValidatesTooEarlyServer,
        workload="rw-register",
        faults=(),
        nodes=1,
        seeds=100,
        shows=("lost-update", "G-single", "G0"),
        source="seen in a public teaching implementation",
    ),
    Bug(
        id="TX-13",
        system="two-phase-locking",
        title="a shared lock becomes exclusive without a look at other holders",
        server=UpgradesAtOnceServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("G-single", "lost-update", "G2-item", "G1", "G0", "internal"),
        source="DDIA 7; Gray and Reuter, section 7.8",
    ),
    Bug(
        id="TX-14",
        system="two-phase-locking",
        title="nobody looks for deadlocks",
        server=OverlooksDeadlocksServer,
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("no-progress",),
        source="DDIA 7; Gray and Reuter, section 7.11",
    ),
    Bug(
        id="TX-15",
        system="two-phase-locking",
        title="the locks of a client that is gone stay",
        server=ForgetsTheDeadServer,
        workload="list-append",
        faults=("net.loss",),
        nodes=1,
        seeds=20,
        shows=("no-progress",),
        source="seen in a public teaching implementation",
    ),
    Bug(
        id="TX-16",
        system="two-phase-locking",
        title="a commit is acknowledged before its record is durable",
        server=ForcesLaterServer,
        workload="list-append",
        faults=("process.power_loss",),
        nodes=1,
        seeds=50,
        shows=("incompatible-order", "G1a", "G0", "G-single", "G2-item", "lost-update"),
        source="Mohan et al., TODS 1992; DDIA 7",
    ),
    Bug(
        id="TX-17",
        system="snapshot-isolation",
        title="timestamps start again after a crash",
        server=RestartsClockServer,
        workload="list-append",
        faults=("process.kill",),
        nodes=1,
        seeds=20,
        shows=("G-single", "G-nonadjacent", "incompatible-order", "lost-update"),
        source="seen in a public teaching implementation",
    ),
    Bug(
        id="TX-20",
        system="two-phase-commit",
        title="a participant rolls back on its own after voting yes",
        server=RollsBackAfterYesServer,
        workload="list-append",
        faults=("process.pause", "net.latency"),
        nodes=3,
        seeds=100,
        shows=("split-decision",),
        source="DDIA 9; Bernstein et al., section 7.4",
    ),
    Bug(
        id="TX-21",
        system="two-phase-commit",
        title="a decision is told before it is durable",
        server=TellsTooEarlyServer,
        workload="list-append",
        faults=("process.kill", "net.loss"),
        nodes=3,
        seeds=200,
        shows=("split-decision", "G-single", "G0", "G1", "incompatible-order", "lost-update"),
        source="DDIA 9; Bernstein et al., section 7.4",
    ),
    Bug(
        id="TX-22",
        system="two-phase-commit",
        title="a participant in doubt never asks",
        server=KeepsDoubtServer,
        workload="list-append",
        faults=("process.power_loss",),
        nodes=3,
        seeds=100,
        shows=("no-progress",),
        source="DDIA 9",
    ),
    Bug(
        id="TX-23",
        system="two-phase-commit",
        title="a vote is not noted; a lost transaction's commit is acknowledged",
        server=VotesTooEarlyServer,
        workload="list-append",
        faults=("process.power_loss",),
        nodes=3,
        seeds=100,
        shows=("G-single", "G0", "G1", "incompatible-order", "lost-update", "split-decision"),
        source="Mohan, Lindsay and Obermarck, TODS 1986",
    ),
)
