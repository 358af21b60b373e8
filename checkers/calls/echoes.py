"""What is echoed comes back as it was sent.

*Property.* An ``echo`` that succeeds gives what it was asked with: 1, 1.0 and true are different.

*Source.* The workload of this name in Maelstrom (doc/workloads.md), challenge 1 of Fly.io's.

*Algorithm.* Compare each answer with its request. Linear.

*Left out.* Who answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import INVOKE, OK, History
from splitbrain.checkers.models.model import event_of, frozen, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

NAME = "echo"

_SHOWN = 100


def echoed() -> Checker:
    """A checker: each answer is what was asked with. See the module."""
    return _Echoed()


@dataclass(frozen=True, slots=True)
class _Echoed:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`."""
        answered = [call for call in history.calls() if call.f == NAME and call.outcome == OK]
        wrong = [call for call in answered if frozen(call.argument) != frozen(call.result)]
        coverage = {"answers": len(answered)}
        if wrong:
            anomalies = tuple(
                Anomaly(
                    "altered",
                    f"process {call.process} sent {shown(call.argument)[:80]} and was answered "
                    f"{shown(call.result)[:80]}",
                    (call.invoke_index, event_of(call)),
                )
                for call in wrong[:_SHOWN]
            )
            reason = f"{len(wrong)} of {len(answered)} answers differ; {anomalies[0].message}"
            return Verdict(self.name, INVALID, reason, anomalies, coverage=coverage)
        if not answered:
            reason = "nothing was answered, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{len(answered)} answers are what was asked"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Compare again, event by event.

    Raises:
        CertificateError: the history shows something else than the verdict says.
    """
    asked: dict[Any, Any] = {}
    differing = set()
    for event in history:
        if event.f == NAME and event.type == INVOKE:
            asked[event.process] = event.value
        elif (event.f, event.type) == (NAME, OK) and frozen(asked[event.process]) != frozen(
            event.value
        ):
            differing.add(event.index)
    if (verdict.validity is INVALID) != bool(differing):
        raise CertificateError(f"{len(differing)} answers differ, and the verdict says otherwise")
    for anomaly in verdict.anomalies:
        if anomaly.operations[-1] not in differing:
            raise CertificateError(f"the answer at operation {anomaly.operations[-1]} is right")
    return Certified("each answer was compared again")


ENTRY = CheckerEntry(NAME, echoed, "each answer is what was asked with", verify=verify)
"""By name."""
