"""Told staleness: a read says how old it is at most, and is no older.

A replica that answers by itself may be behind, and its reader may not mind, as long as the replica
says by how much: "a lag of a few seconds" (Kleppmann, "Designing Data-Intensive Applications",
chapter 5, "Problems with Replication Lag"). The result of a read is ``{"value": v, "age": s}``.

*Property.* For each read with an age of s seconds there is an order of all writes of its key and
that read which respects real time, but that the read may have begun s seconds earlier: it misses no
write that completed more than s seconds before it began. That is t-visibility (Bailis and others,
"Probabilistically bounded staleness", VLDB 2012), with a t of each read's own; with s = 0 it is the
regular register (`splitbrain.checkers.consistency.lamport`). An age may be too great, never too
small.

==============  ====================================================================================
age-too-small   a write that the read misses had completed earlier than the age says
unwritten-read  no write begun by then wrote the value
==============  ====================================================================================

Times are the history's, so they mean what its clock means. O(n log n). The greatest age that was
told, and the greatest that was true, are in the coverage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from splitbrain.checkers.consistency.lamport import stale, unwritten
from splitbrain.checkers.consistency.reads import Bad, Fine, judge_reads
from splitbrain.checkers.consistency.recheck.reads import verify_told_staleness
from splitbrain.checkers.consistency.staleness import Oldest, missed_writes
from splitbrain.checkers.consistency.writes import Writes
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError, register
from splitbrain.checkers.verdict import Checker, Verdict

NAME = "told-staleness"

TOO_SMALL = "age-too-small"


def told_staleness(*, initial: Any = None, keyed: bool | None = None) -> Checker:
    """A checker: no read is older than it says; see the module.

    Args:
        initial: the register's value before any write.
        keyed: whether values are ``[key, value]`` with independent keys; None finds out.
    """
    return ToldStaleness(initial, keyed)


@dataclass(frozen=True, slots=True)
class ToldStaleness:
    """The checker that `told_staleness` makes."""

    initial: Any
    keyed: bool | None
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is neither a read nor a write, or a read tells no age.
        """
        plain, ages = _without_ages(history)
        lags: list[float] = []

        def judge(writes: Writes, reads: Sequence[Call]) -> list[Fine | Bad]:
            return _judged(writes, reads, ages, lags)

        verdict = judge_reads(
            self.name,
            "no read is older than it says",
            register(initial=self.initial),
            plain,
            self.keyed,
            judge,
            {"algorithm": "interval tests, O(n log n)", "definition": "t-visible, t of each read"},
        )
        coverage = {
            **verdict.coverage,
            "greatest age told (ms)": round(1e3 * max(ages.values(), default=0.0)),
            "greatest age that was true (ms)": round(1e3 * max(lags, default=0.0)),
        }
        return replace(verdict, coverage=coverage)


def _judged(
    writes: Writes, reads: Sequence[Call], ages: Mapping[int, float], lags: list[float]
) -> list[Fine | Bad]:
    sources = [writes.source(read) for read in reads]
    missed = missed_writes(writes, reads, sources)
    oldest = Oldest(writes)
    found: list[Fine | Bad] = []
    for read, source, number in zip(reads, sources, missed, strict=True):
        if source is None:
            found.append(unwritten(writes, read))
            continue
        first = oldest.after(source.end) if number else None
        lag = 0.0 if first is None else (read.start - (first.end or 0)) / 1e9
        lags.append(lag)
        age = ages[read.complete_index or 0]
        if first is None or lag <= age:
            found.append(Fine(True, source.write))
            continue
        more = f", {lag:.3f} s before the read began, which says that it is {age:.3f} s old at most"
        found.append(replace(stale(writes, read, source, first, more), kind=TOO_SMALL))
    return found


def _without_ages(history: History) -> tuple[History, dict[int, float]]:
    """The history as that of a register, and the age of each ok read by its completion's index."""
    ages: dict[int, float] = {}
    operations = []
    for operation in history:
        if operation.f == "read" and operation.type == "ok":
            value, age = _answer(operation)
            ages[operation.index] = age
            operation = replace(operation, value=value)
        operations.append(operation)
    return History.from_operations(operations), ages


def _answer(operation: Operation) -> tuple[Any, float]:
    """A read's value, with its key if it has one, and its age."""
    age: Any = None
    found: Any = None
    match operation.value:
        case [key, {"value": value, "age": age}]:
            found = [key, value]
        case {"value": found, "age": age}:
            pass
    if type(age) not in (int, float) or not isfinite(age) or age < 0:
        raise ModelError(
            operation.index,
            f"a read gives {operation.value!r}: give its value and its age in seconds, "
            '{"value": ..., "age": ...}',
        )
    return found, float(age)


ENTRY = CheckerEntry(
    NAME,
    told_staleness,
    "no read is older than it says",
    frozenset({"keyed"}),
    verify=verify_told_staleness,
)
