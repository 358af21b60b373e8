"""A store's own invariants hold: what it finds when it is asked to look at its files.

*Property.* A ``verify`` returns a list of what is wrong, in words, and it is empty. What must hold
is the store's: the order of keys in a B-tree, the levels of an LSM tree, the chain of a log.

*Source.* Petrov, "Database Internals" (2019), chapters 2 to 4 and 7: invariants of B-trees and LSM
trees.

*Algorithm.* One pass over the results; linear.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.history import OK, History
from splitbrain.checkers.models.model import ModelError, event_of, shown
from splitbrain.checkers.storage.observations import at
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict


def structure() -> Checker:
    """A checker: no ``verify`` found anything wrong; see the module."""
    return Structure()


@dataclass(frozen=True, slots=True)
class Structure:
    """The checker that `structure` makes."""

    name: str = "structure"

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            splitbrain.checkers.models.ModelError: a ``verify`` returned no list.
        """
        looked = [c for c in history.calls() if c.f == "verify" and c.outcome == OK]
        anomalies = []
        for call in looked:
            if not isinstance(call.result, (list, tuple)):
                raise ModelError(
                    event_of(call), f"verify returns a list of problems, not {shown(call.result)}"
                )
            assert call.complete_index is not None
            anomalies += [
                Anomaly("broken", f"at {at(call)}: {problem}", (call.complete_index,))
                for problem in call.result
            ]
        coverage = {"looked": len(looked)}
        if anomalies:
            said = anomalies[0].message
            return Verdict(self.name, INVALID, said, tuple(anomalies[:8]), coverage=coverage)
        if not looked:
            reason = "nobody looked at the store's files, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"the store looked at its files {len(looked)} times, and nothing was wrong"
        return Verdict(self.name, VALID, reason, coverage=coverage)
