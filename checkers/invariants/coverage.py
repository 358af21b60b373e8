"""Did the run exercise anything?

*Property.* A run in which every write timed out satisfies any safety property, and shows nothing.
So: each kind of operation that clients invoked succeeded at least once, something that changes the
system succeeded, some read shows what was written, and enough operations succeeded overall
(Jepsen's checker ``stats`` does the first).

*Source.* The clients' operations. A kind is an f; of a transaction, a list of micro-operations
``[f, key, value]``, each of these f is one.

*Algorithm.* Count operations by kind and outcome. Never invalid: what is missing is evidence.

*Left out.* Operations that faults asked for: whether they succeed is the faults' affair. Whether
the faults did anything: their ``effect`` is in the history for reports to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.asked import asked_for
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.verdict import UNKNOWN, VALID, Checker, Verdict
from splitbrain.checkers.vocabulary import REPLICA_STATE

REFUSALS = 10
"""So many operations of one kind, all refused, are no chance."""

Shows = Callable[[str, Any, Any], bool]
"""Whether a read (its f, argument and result) shows anything that a write left."""


def exercised(
    *,
    at_least: int = 1,
    reads: Iterable[str] = (),
    shows: Shows | None = None,
    refusable: Iterable[str] = (),
) -> Checker:
    """A checker: every kind of operation succeeded, and `at_least` operations did overall.

    Args:
        at_least: how many operations must have succeeded.
        reads: the f of operations that change nothing; ``r`` in a transaction is one always.
        shows: what tells whether a read shows anything; unless given, one does whose result is
            neither empty nor what it was invoked with (`shows_something`).
        refusable: the f of operations that a right system may refuse for what they ask, such as a
            compare-and-set that doesn't match: fewer than `REFUSALS` may all fail by chance.

    Raises:
        ValueError: `at_least` is not positive: nothing is exercised by no operation.
    """
    if at_least < 1:
        raise ValueError(f"at_least is {at_least}: give at least 1")
    return _Exercised(at_least, frozenset(reads), shows or shows_something, frozenset(refusable))


def shows_something(f: str, argument: Any, result: Any) -> bool:
    """Whether a read's result is other than empty, and than what it was invoked with.

    Null, and empty strings, lists and objects are empty; so is a key's empty value.
    """
    if isinstance(argument, list) and len(argument) == 2 and isinstance(result, list):
        result = result[1] if len(result) == 2 and result[0] == argument[0] else result
    return result not in (None, "", [], {}) and result != argument


@dataclass(slots=True)
class _Kind:
    """How many operations of one kind there were, succeeded, and certainly failed."""

    invoked: int = 0
    ok: int = 0
    failed: int = 0

    def missing(self, refusals: int) -> bool:
        return not self.ok and (self.failed < self.invoked or self.invoked >= refusals)


@dataclass(frozen=True, slots=True)
class _Exercised:
    at_least: int
    reads: frozenset[str]
    shows: Shows
    refusable: frozenset[str]
    name: str = "exercised"

    def check(self, history: History) -> Verdict:
        """See `Checker.check`."""
        kinds: dict[str, _Kind] = {}
        calls, asked = history.calls(), asked_for(history)
        outcomes: dict[str, int] = {}
        succeeded, seen = 0, False
        for call in calls:
            succeeded += call.outcome == OK
            outcomes[f"{call.outcome} {call.f}"] = outcomes.get(f"{call.outcome} {call.f}", 0) + 1
            if call.f == REPLICA_STATE or call.invoke_index in asked:
                continue
            for f in _kinds_of(call):
                kind = kinds.setdefault(f, _Kind())
                kind.invoked += 1
                kind.ok += call.outcome == OK
                kind.failed += call.outcome == FAIL
            seen = seen or (call.outcome == OK and self._sees(call))
        coverage = {"operations": len(calls), "ok": succeeded, **dict(sorted(outcomes.items()))}
        reason = self._missing(kinds, seen)
        if reason is None and succeeded < self.at_least:
            reason = f"{succeeded} operations succeeded, and {self.at_least} were wanted"
        if reason is not None:
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{succeeded} of {len(calls)} operations succeeded, some of every kind"
        return Verdict(self.name, VALID, reason, coverage=coverage)

    def _missing(self, kinds: dict[str, _Kind], seen: bool) -> str | None:
        """What was not exercised; None if all was."""
        if not kinds:
            return "the history has no operations"
        never = [f for f in sorted(kinds) if kinds[f].missing(self._needed(f))]
        if never:
            return f"no {' and no '.join(never)} ever succeeded"
        writes = [kind for f, kind in kinds.items() if not self._reads(f)]
        if writes and not any(kind.ok for kind in writes):
            return "nothing was changed: no operation but reads ever succeeded"
        if writes and any(self._reads(f) for f in kinds) and not seen:
            return "nothing was seen: no read shows anything of what was written"
        return None

    def _reads(self, kind: str) -> bool:
        return kind in self.reads or kind == "r"

    def _needed(self, kind: str) -> int:
        """So many failures show that the kind is not exercised."""
        return REFUSALS if kind in self.refusable else 1

    def _sees(self, call: Call) -> bool:
        if call.f in self.reads:
            return self.shows(call.f, call.argument, call.result)
        micros = _micros(call.result)
        return any(f == "r" and shows_something(f, None, value) for f, _, value in micros)


def _micros(value: Any) -> list[list[Any]]:
    """The micro-operations of a transaction; none if it is something else."""
    if not isinstance(value, list):
        return []
    fits = all(isinstance(m, list) and len(m) == 3 and isinstance(m[0], str) for m in value)
    return value if fits else []


def _kinds_of(call: Call) -> set[str]:
    micros = _micros(call.argument)
    return {micro[0] for micro in micros} if micros else {call.f}
