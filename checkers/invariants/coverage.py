"""Did the run exercise anything?

*Property.* A run in which every write timed out satisfies any safety property, and shows nothing.
So: each kind of operation that clients invoked must have succeeded at least once, and enough of
them overall (Jepsen's checker ``stats`` does the former).

*Algorithm.* Count operations by kind and outcome. Never invalid: what is missing is evidence.

*Left out.* Whether the faults did anything: their ``effect`` is in the history for reports to show.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.history import History
from splitbrain.checkers.verdict import UNKNOWN, VALID, Checker, Verdict


def exercised(*, at_least: int = 1) -> Checker:
    """A checker: every kind of operation succeeded, and `at_least` operations did overall.

    Raises:
        ValueError: `at_least` is not positive: nothing is exercised by no operation.
    """
    if at_least < 1:
        raise ValueError(f"at_least is {at_least}: give at least 1")
    return _Exercised(at_least)


@dataclass(frozen=True, slots=True)
class _Exercised:
    at_least: int
    name: str = "exercised"

    def check(self, history: History) -> Verdict:
        """See `Checker.check`."""
        coverage: dict[str, int] = {}
        functions: dict[str, None] = {}
        calls = history.calls()
        for call in calls:
            functions[call.f] = None
            what = f"{call.outcome} {call.f}"
            coverage[what] = coverage.get(what, 0) + 1
        succeeded = sum(call.outcome == "ok" for call in calls)
        coverage = {"operations": len(calls), "ok": succeeded, **dict(sorted(coverage.items()))}
        never = [f for f in sorted(functions) if not coverage.get(f"ok {f}")]
        if not calls:
            reason = "the history has no operations"
        elif never:
            reason = f"no {' and no '.join(never)} ever succeeded"
        elif succeeded < self.at_least:
            reason = f"{succeeded} operations succeeded, and {self.at_least} were wanted"
        else:
            reason = f"{succeeded} of {len(calls)} operations succeeded, some of every kind"
            return Verdict(self.name, VALID, reason, coverage=coverage)
        return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
