"""Drives an engine by a script: who does what, and what was answered."""

from splitbrain.systems.transactions.serializable_snapshot_isolation.engine import (
    SerializableEngine,
)
from splitbrain.systems.transactions.snapshot_isolation.engine import SnapshotEngine
from splitbrain.systems.transactions.two_phase_locking.engine import LockingEngine
from splitbrain.systems.transactions.two_phase_locking.pages import EMPTY, PAGES

NO_PAGES = dict.fromkeys(range(PAGES), EMPTY)


def locking(records=(), pages=None):
    return LockingEngine(records, pages or NO_PAGES)


ENGINES = {"2PL": locking, "SI": SnapshotEngine, "SSI": SerializableEngine}


class Driver:
    """An engine with a log that is durable at once, unless told otherwise.

    Attributes:
        answers: the last answer to each transaction.
        log: the records so far.
    """

    def __init__(self, make, records=()):
        self.engine = make(list(records))
        self.log = list(records)
        self.answers = {}
        self.forcing = True
        self.settle()

    def __call__(self, txn, *operation):
        """Do a step; its answer, or None if it must wait."""
        self.answers.pop(txn, None)
        match operation:
            case ("begin" | "commit" as f,):
                getattr(self.engine, f)(txn)
            case ("rollback",):
                self.engine.rollback(txn, "asked for")
            case _:
                self.engine.operate(txn, operation)
        self.settle()
        return self.answers.get(txn)

    def settle(self):
        """Write records, force them if that is wanted, and take in the answers."""
        self.log += self.engine.records
        self.engine.records.clear()
        if self.forcing:
            self.engine.durable(len(self.log))
            self.log += self.engine.records
            self.engine.records.clear()
        self.answers.update(self.engine.answers)
        self.engine.answers.clear()

    def force(self):
        """Make everything durable."""
        self.engine.durable(len(self.log))
        self.settle()

    def all(self, script):
        """Do steps like ``T1 write x 1; T1 commit``; the answers, begins left out."""
        return [self.step(line) for line in script.split(";") if not line.endswith("begin")]

    def step(self, line):
        txn, *operation = line.split()
        if txn not in self.__dict__.setdefault("begun", set()) and operation != ["begin"]:
            self.begun.add(txn)
            self(txn, "begin")
        words = [int(word) if word.isdigit() else word for word in operation]
        return self(txn, *words)
