"""An invariant that every read must satisfy.

*Property.* Each successful read of the whole (all bookings of a room, say) shows a state in which
an invariant of the application holds. If every transaction keeps the invariant when it runs alone,
a serializable system keeps it in all states that can be read, so a read that breaks it refutes
serializability, and the kind of invariant says how (DDIA chapter 7, "Write Skew and Phantoms").
`balances` and `on_call` (beside this file) are invariants that
say more.

*Algorithm.* One pass; the invariant is a function of the value read.

*Left out.* Which transactions broke it; see `splitbrain.checkers.isolation` for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

Problem = Callable[[Any], str | None]
"""What is wrong with a value that was read, as the end of a sentence ("..., so the total is 95");
None if nothing is. It raises ValueError for what it cannot read."""

Causes = Callable[[Any, Sequence[Call]], Iterable[Call]]
"""Of what was read and the changes, those that made what is wrong with it."""

WITNESSES = 8


def _unknown(seen: Any, changes: Sequence[Call]) -> Iterable[Call]:
    return ()


def every_read(
    name: str, kind: str, problem: Problem, *, f: str = "read", causes: Causes = _unknown
) -> Checker:
    """A checker: no successful read shows a value with a problem. See the module.

    Args:
        name: the checker's name.
        kind: the anomaly that a read with a problem shows.
        problem: judges what was read.
        f: the operations that read.
        causes: which changes made a problem, for the witness.
    """
    return _EveryRead(name, kind, problem, f, causes)


@dataclass(frozen=True, slots=True)
class _EveryRead:
    name: str
    kind: str
    problem: Problem
    f: str
    causes: Causes

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            splitbrain.checkers.models.ModelError: what a read gave cannot be read.
        """
        reads = [call for call in history.calls() if call.f == self.f and call.outcome == OK]
        others = [call for call in history.calls() if call.f != self.f and call.outcome == OK]
        judged = ((call, self._judged(call)) for call in reads)
        found = [(call, problem) for call, problem in judged if problem is not None]
        coverage = {"reads": len(reads), "changes": len(others), "reads with a problem": len(found)}
        if found:
            anomalies = tuple(self._anomaly(*each, history) for each in found[:WITNESSES])
            return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)
        if not reads or not others:
            missing = "read" if not reads else "change"
            reason = f"no {missing} succeeded, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"the invariant holds in all of {len(reads)} reads"
        return Verdict(self.name, VALID, reason, coverage=coverage)

    def _judged(self, read: Call) -> str | None:
        try:
            return self.problem(read.result)
        except ValueError as error:
            raise ModelError(event_of(read), str(error)) from None

    def _anomaly(self, read: Call, problem: str, history: History) -> Anomaly:
        changes = [c for c in history.calls() if c.f != self.f and c.outcome != FAIL]
        named = [read, *self.causes(read.result, changes)]
        events = [index for call in named for index in (call.invoke_index, call.complete_index)]
        return Anomaly(
            self.kind,
            f"the read by process {read.process} at {read.start / 1e9:.3f} s {problem}",
            tuple(index for index in events if index is not None),
        )
