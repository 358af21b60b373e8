"""Planted bugs of two-phase locking, its log and its transaction manager."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.transactions.log import LogManager
from splitbrain.systems.transactions.manager import TransactionManager
from splitbrain.systems.transactions.operations import READS, Operation, problem
from splitbrain.systems.transactions.two_phase_locking.engine import LockingEngine
from splitbrain.systems.transactions.two_phase_locking.locks import Lock, LockManager, Mode, Target
from splitbrain.systems.transactions.two_phase_locking.server import LockingServer


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


BUGS: tuple[Bug, ...] = (
    Bug(
        id="TX-01",
        title="writes take no locks",
        server=planted(LockingServer, engine_class=WritesWithoutLocks),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G0",),
        source="Adya, section 4.2.1; Hermitage; DDIA 7",
    ),
    Bug(
        id="TX-02",
        title="reads take no locks: uncommitted and aborted writes are seen",
        server=planted(LockingServer, engine_class=ReadsWithoutLocks),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("G1a", "G1b", "incompatible-order"),
        source="Redpanda, VoltDB 6.3 (Jepsen); DDIA 7",
        shows_all=("G1a", "G1b"),
    ),
    Bug(
        id="TX-07",
        title="a scan locks the rows it finds, and not the predicate",
        server=planted(LockingServer, engine_class=LocksRowsOnly),
        workload="booking",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("phantom",),
        source="Eswaran et al., CACM 1976; DDIA 7",
    ),
    Bug(
        id="TX-13",
        title="a shared lock becomes exclusive without a look at other holders",
        server=planted(
            LockingServer, engine_class=planted(LockingEngine, locks_class=UpgradesAtOnce)
        ),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("G-single", "lost-update", "G2-item", "G1", "G0", "internal"),
        source="DDIA 7; Gray and Reuter, section 7.8",
    ),
    Bug(
        id="TX-14",
        title="nobody looks for deadlocks",
        server=planted(LockingServer, engine_class=OverlooksDeadlocks),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=20,
        shows=("no-progress",),
        source="DDIA 7; Gray and Reuter, section 7.11",
    ),
    Bug(
        id="TX-15",
        title="the locks of a client that is gone stay",
        server=planted(LockingServer, manager_class=ForgetsTheDead),
        workload="list-append",
        faults=("net.loss",),
        nodes=1,
        seeds=20,
        shows=("no-progress",),
        source="seen in a public teaching implementation",
    ),
    Bug(
        id="TX-16",
        title="a commit is acknowledged before its record is durable",
        server=planted(LockingServer, log_class=ForcesLater),
        workload="list-append",
        faults=("process.power_loss",),
        nodes=1,
        seeds=50,
        shows=("incompatible-order", "G1a", "G0", "G-single", "G2-item", "lost-update"),
        source="Mohan et al., TODS 1992; DDIA 7",
    ),
)
