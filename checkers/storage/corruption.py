"""Damaged data is reported, never returned.

*Property.* Whatever a read returns somebody wrote: to that key, by an operation that did not fail,
invoked before the read completed. A disk may flip bits, lose and misplace writes; a store that
notices refuses to answer, and one that does not returns what nobody wrote.

*Source.* Ganesan et al., "Redundancy Does Not Imply Fault Tolerance" (FAST 2017).

*Algorithm.* A table of keys and values; linear.

*Left out.* An old value is no corruption here, though a lost write may be why: see ``durable``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import History
from splitbrain.checkers.storage.observations import Observations, Read, at
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

WITNESSES = 8


def detects_corruption() -> Checker:
    """A checker: reads return nothing that nobody wrote; see the module."""
    return DetectsCorruption()


@dataclass(frozen=True, slots=True)
class DetectsCorruption:
    """The checker that `detects_corruption` makes."""

    name: str = "detects-corruption"

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            splitbrain.checkers.models.ModelError: an operation has no key and value.
        """
        found = Observations(history)
        values = sum(value is not None for read in found.reads for value in read.seen.values())
        coverage = {**found.coverage(), "values": values}
        unexplained = [
            (read, key)
            for read in found.reads
            for key in read.seen
            if not found.explanations(read, key)
        ]
        if unexplained:
            anomalies = tuple(_anomaly(read, key) for read, key in unexplained[:WITNESSES])
            evidence = [
                {"read": read.call.complete_index, "key": key}
                for read, key in unexplained[:WITNESSES]
            ]
            claim, cost = {"unexplained": evidence}, {"anomalies": len(unexplained)}
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, anomalies, claim, coverage, cost)
        if not values:
            reason = "no read returned anything, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{values} values were read, and somebody wrote each of them"
        return Verdict(self.name, VALID, reason, (), {"unexplained": []}, coverage)


def _anomaly(read: Read, key: Any) -> Anomaly:
    call = read.call
    message = (
        f"process {call.process} read {key} = {read.seen[key]!r} at {at(call)}, which nobody wrote"
    )
    assert call.complete_index is not None
    return Anomaly("corrupt", message, (call.complete_index,), {"key": key})
