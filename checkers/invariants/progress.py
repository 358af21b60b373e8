"""In the end, everything is answered.

*Property.* Once faults have ended and the system had time to settle, each of the final operations
succeeds at the latest when it is repeated. A deadlock that nobody detects, a lock that its holder
took to the grave, or a transaction in doubt forever breaks it: liveness, made checkable by asking
for it at a time when there is no excuse left (as in TigerBeetle's liveness mode).

*Source.* The harness notes its phases: events of the process ``nemesis`` with f ``phase``. Client
operations that are invoked after the value ``final`` are the final ones; those with the same f and
argument are attempts at the same.

*Algorithm.* One pass.

*Left out.* How long it took, and whether anything made progress before.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.history import NEMESIS, OK, Call, History
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import FINAL, PHASE

NO_PROGRESS = "no-progress"


def progress() -> Checker:
    """A checker: every final operation succeeds. See the module."""
    return _Progress()


@dataclass(frozen=True, slots=True)
class _Progress:
    name: str = "progress"

    def check(self, history: History) -> Verdict:
        """See `Checker.check`."""
        begin = [e.index for e in history.events(PHASE, NEMESIS) if e.value == FINAL]
        calls = [c for c in history.calls() if begin and c.invoke_index > begin[0]]
        attempts: dict[tuple[str, str], list[Call]] = {}
        for call in calls:
            attempts.setdefault((call.f, repr(call.argument)), []).append(call)
        coverage = {"final operations": len(attempts), "attempts": len(calls)}
        if not attempts:
            reason = "nothing was asked of the system after it was healed"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        anomalies = tuple(
            _unanswered(group)
            for group in attempts.values()
            if not any(call.outcome == OK for call in group)
        )
        if anomalies:
            return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)
        number = len(attempts)
        reason = f"{number} final operation{'s' if number > 1 else ''}, each answered"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _unanswered(attempts: list[Call]) -> Anomaly:
    first, times = attempts[0], len(attempts)
    return Anomaly(
        NO_PROGRESS,
        f"{first.f} {shown(first.argument)} did not succeed in {times} "
        f"attempt{'s' if times > 1 else ''} after all faults had ended and the system had settled",
        tuple(i for c in attempts for i in (c.invoke_index, c.complete_index) if i is not None),
    )
