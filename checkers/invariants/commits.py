"""A transaction over several nodes commits on all of them or on none.

*Property.* Agreement of atomic commitment: no two processes reach different decisions, and none
changes its own (Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database
Systems", section 7.3, AC1 and AC2).

*Source.* Nodes announce what they carried out: events of a node's process with f ``decided`` and
value ``{"txn": "n1.0.7", "outcome": "commit"}``, or ``"abort"``.

*Algorithm.* One pass.

*Left out.* A node that never decides (see `splitbrain.checkers.invariants.liveness`), and what
clients were told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.history import NEMESIS, History, Operation
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

DECIDED = "decided"
SPLIT_DECISION = "split-decision"


def atomic_commit() -> Checker:
    """A checker: all nodes decide alike on each transaction. See the module."""
    return _AtomicCommit()


@dataclass(frozen=True, slots=True)
class _AtomicCommit:
    name: str = "atomic-commit"

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            ModelError: an announcement names no transaction, or no outcome.
        """
        announced = [e for e in history.events(f=DECIDED) if e.process != NEMESIS]
        first: dict[str, Operation] = {}
        against: dict[str, Operation] = {}
        for event in announced:
            txn, outcome = _decision(event)
            if _decision(first.setdefault(txn, event))[1] != outcome:
                against.setdefault(txn, event)
        coverage = {"decisions": len(announced), "transactions": len(first)}
        anomalies = tuple(_split(txn, first[txn], event) for txn, event in against.items())
        if anomalies:
            return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)
        if not announced:
            reason = "no node announced a decision, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(first)} transactions, decided alike wherever they were decided"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _decision(event: Operation) -> tuple[str, str]:
    match event.value:
        case Mapping() as value if isinstance(value.get("txn"), str):
            if value.get("outcome") in ("commit", "abort"):
                return value["txn"], value["outcome"]
    raise ModelError(
        event.index,
        f"{event.process} announces {DECIDED} with value {shown(event.value)}; "
        'the value is {"txn": NAME, "outcome": "commit" or "abort"}',
    )


def _split(txn: str, one: Operation, other: Operation) -> Anomaly:
    def told(event: Operation) -> str:
        return f"{event.process} decided to {_decision(event)[1]} (at {event.time / 1e9:.3f} s)"

    return Anomaly(
        SPLIT_DECISION,
        f"of transaction {txn}, {told(one)} and {told(other)}",
        (one.index, other.index),
        {"txn": txn, "nodes": [str(one.process), str(other.process)]},
    )
