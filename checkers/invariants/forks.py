"""No two readers disagree about the order of two writes: long fork, and causal reverse.

*Long fork* (Sovran et al., "Transactional Storage for Geo-Replicated Systems", SOSP 2011, section
2.2): two transactions write different keys; one reader sees the first write and not the second, and
another the second and not the first. Parallel snapshot isolation allows it, prefix consistency does
not. Every key is written once, so reads of several keys are compared as sets of keys written by
then: for each two, one must contain the other (on the keys that both read).

*Causal reverse* (Jepsen's workload for CockroachDB, "strict serializability"): a write completes,
then another is invoked, and a reader sees the second and not the first.

*History.* rw-register transactions (``[["w", 3, 1]]`` and ``[["r", 3, null], ["r", 4, null]]``);
each key is written at most once. Or, as in Jepsen's comments, ``write 3`` and ``read``, which gives
all that was written: ``[3, 4]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

WITNESSES = 8


def long_fork() -> Checker:
    """A checker: no two reads saw two writes in opposite orders. See the module."""
    return _SingleWrites("long-fork")


def causal_reverse() -> Checker:
    """A checker: no read saw a write without one that had completed before it. See the module."""
    return _SingleWrites("causal-reverse")


@dataclass(frozen=True, slots=True)
class _Read:
    """What a transaction saw: keys that were written by then, and keys that were not."""

    call: Call
    present: frozenset[Any]
    absent: frozenset[Any]


@dataclass(frozen=True, slots=True)
class _SingleWrites:
    """The checkers of histories in which each key is written once."""

    name: str

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            splitbrain.checkers.models.ModelError: a key is written twice, or an operation is no
            transaction.
        """
        calls = _as_transactions(history.calls())
        writers = _writers(calls)
        reads = [read for call in calls if call.outcome == OK and (read := _read(call))]
        several = [read for read in reads if len(read.present) + len(read.absent) > 1]
        coverage = {"writes": len(writers), "reads of several keys": len(several)}
        if not any(read.present for read in several):
            reason = "no read of several keys saw a write, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        found = _forks(several) if self.name == "long-fork" else _reversed(several, writers)
        anomalies = tuple(anomaly for _, anomaly in zip(range(WITNESSES), found, strict=False))
        if anomalies:
            return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)
        reason = f"{len(several)} reads of several keys agree on the order of writes"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _as_transactions(calls: list[Call]) -> list[Call]:
    """Comments as transactions: a write writes its own key, and a read reads all keys."""
    written = [call.argument for call in calls if call.f == "write"]
    if not written or any(isinstance(key, list | dict) for key in written):
        return calls

    def transaction(call: Call) -> Call:
        if call.f == "write":
            return replace(call, argument=[["w", call.argument, True]], result=[])
        if call.f != "read":
            return call
        if call.outcome != OK or not isinstance(call.result, list):
            return replace(call, argument=[])
        seen = frozenset(key for key in call.result if not isinstance(key, list | dict))
        return replace(call, argument=[], result=[["r", k, k in seen or None] for k in written])

    return [transaction(call) for call in calls]


def _writers(calls: list[Call]) -> dict[Any, Call]:
    writers: dict[Any, Call] = {}
    for call in calls:
        for f, key, _ in _micro_operations(call, call.argument):
            if f != "r" and call.outcome != FAIL:
                if key in writers:
                    raise ModelError(
                        call.invoke_index,
                        f"it writes {shown(key)}, which operation {writers[key].invoke_index} "
                        "wrote; every key may be written once in this workload",
                    )
                writers[key] = call
    return writers


def _read(call: Call) -> _Read | None:
    own = {k for f, k, _ in _micro_operations(call, call.result) if f != "r"}
    seen = [(k, v) for f, k, v in call.result if f == "r" and k not in own]
    present = frozenset(key for key, value in seen if value is not None)
    absent = frozenset(key for key, value in seen if value is None)
    return _Read(call, present, absent) if seen else None


def _micro_operations(call: Call, value: Any) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(m, list) and len(m) == 3 for m in value):
        raise ModelError(
            event_of(call),
            f'its value is {shown(value)}; a transaction is a list like [["w", 3, 1]]',
        )
    for _, key, _ in value:
        if isinstance(key, list | dict):
            raise ModelError(
                event_of(call), f"its key {shown(key)} is no string, number or boolean"
            )
    return value


def _forks(reads: list[_Read]) -> Iterator[Anomaly]:
    """Pairs of reads that saw two writes in opposite orders.

    Who saw a write, and who missed it, are looked up by key, so that only reads that share keys are
    compared.
    """
    missed: dict[Any, list[int]] = {}
    for number, read in enumerate(reads):
        for key in read.absent:
            missed.setdefault(key, []).append(number)
    for number, read in enumerate(reads):
        others = sorted({other for key in read.present for other in missed.get(key, ())})
        for other in others:
            later = reads[other].present & read.absent
            if other > number and later:
                first = sorted(read.present & reads[other].absent, key=str)[0]
                second = sorted(later, key=str)[0]
                one, two = event_of(read.call), event_of(reads[other].call)
                message = (
                    f"operation {one} saw the write of {shown(first)} and not that of "
                    f"{shown(second)}, operation {two} the other way round"
                )
                yield Anomaly("long-fork", message, (one, two), {"keys": [first, second]})
                break


def _reversed(reads: list[_Read], writers: dict[Any, Call]) -> Iterator[Anomaly]:
    """Reads that saw a write and missed one that had completed when it was invoked."""
    for read in reads:
        pairs = (
            (first, second)
            for first in sorted(read.absent & writers.keys(), key=str)
            for second in sorted(read.present & writers.keys(), key=str)
            if _before(writers[first], writers[second])
        )
        for first, second in pairs:
            index = event_of(read.call)
            one, two = event_of(writers[first]), event_of(writers[second])
            message = (
                f"operation {index} saw the write of {shown(second)} (operation {two}) and not "
                f"that of {shown(first)} (operation {one}), which had completed before"
            )
            details = {"keys": [first, second]}
            yield Anomaly("causal-reverse", message, (one, two, index), details)
            break


def _before(first: Call, second: Call) -> bool:
    return first.outcome == OK and first.completed is not None and first.completed < second.invoked
