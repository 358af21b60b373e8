"""No id is given out twice.

*Property.* The results of all ``generate`` that succeed differ: 1, 1.0 and "1" are different ids.

*Source.* ``jepsen.checker/unique-ids``; Maelstrom's workload of this name (doc/workloads.md).

*Algorithm.* A table of the ids that were seen. Linear.

*Left out.* Ids that were made for an answer that never came: nobody has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import event_of, frozen, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

NAME = "unique-ids"
GENERATE = "generate"

_SHOWN = 100


def unique_ids() -> Checker:
    """A checker: no two ids are the same. See the module."""
    return _UniqueIds()


@dataclass(frozen=True, slots=True)
class _UniqueIds:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`."""
        given = [call for call in history.calls() if call.f == GENERATE and call.outcome == OK]
        first: dict[Any, Call] = {}
        anomalies = []
        for call in given:
            before = first.setdefault(frozen(call.result), call)
            if before is not call:
                said = (
                    f"process {call.process} was given {shown(call.result)[:80]}, which process "
                    f"{before.process} has"
                )
                anomalies.append(Anomaly("duplicate", said, (event_of(before), event_of(call))))
        coverage = {"ids": len(given)}
        if anomalies:
            reason = f"{len(anomalies)} of {len(given)} ids are not new; {anomalies[0].message}"
            return Verdict(self.name, INVALID, reason, tuple(anomalies[:_SHOWN]), coverage=coverage)
        if len(given) < 2:
            reason = "fewer than two ids were given, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(given)} ids, all different"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Find the ids that several have by sorting them.

    Raises:
        CertificateError: the history shows something else than the verdict says.
    """
    given = [(repr(frozen(e.value)), e.index) for e in history if (e.f, e.type) == (GENERATE, OK)]
    groups = ([at for _, at in same] for _, same in groupby(sorted(given), lambda pair: pair[0]))
    shared = [set(same) for same in groups if len(same) > 1]
    if (verdict.validity is INVALID) != bool(shared):
        raise CertificateError(f"{len(shared)} ids were given twice; the verdict says otherwise")
    for anomaly in verdict.anomalies:
        pair = set(anomaly.operations)
        if len(pair) != 2 or not any(pair <= same for same in shared):
            raise CertificateError(f"operations {sorted(pair)} were not given the same id")
    return Certified("the ids were sorted and compared again")


ENTRY = CheckerEntry(NAME, unique_ids, "no id is given out twice", verify=verify)
"""By name."""
