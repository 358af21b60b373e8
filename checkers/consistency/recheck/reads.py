"""Reads of regular and safe registers, and of stale ones, judged again one by one.

The definitions are those of `splitbrain.checkers.consistency.lamport` and
`splitbrain.checkers.consistency.staleness`; here each read is held against each write, which takes
reads times writes squared steps at worst, and reads times writes mostly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.history import Call, History, Operation
from splitbrain.checkers.linearizability.parts import parts_of
from splitbrain.checkers.models import register
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import VALID, Verdict

STEPS = 4_000_000
"""Pairs of a read and a write after which it stays unchecked."""

_FOREVER = 1 << 62
_BOUND = re.compile(r"(seconds|versions)=([0-9.e+-]+)")

Allowed = Callable[[Call, "Sequence[Call]"], bool]
"""Whether a read may miss the writes that lie wholly between its source and itself."""


def verify_regular(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Check a verdict on a regular register; see `verify_reads`."""
    return verify_reads(history, verdict, options, _misses_nothing)


def verify_safe(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Check a verdict on a safe register; see `verify_reads`."""
    return verify_reads(history, verdict, options, _misses_nothing, overlapping=False)


def verify_staleness(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Check a verdict on bounded staleness, by the bounds that it names; see `verify_reads`."""
    bounds = {name: float(bound) for name, bound in _BOUND.findall(verdict.checker)}
    bounds |= {name: options[name] for name in ("seconds", "versions") if options.get(name)}
    seconds, versions = bounds.get("seconds"), bounds.get("versions")

    def allowed(read: Call, missed: Sequence[Call]) -> bool:
        if versions is not None and len(missed) > versions:
            return False
        if seconds is None or not missed:
            return True
        first = min(missed, key=_end)
        return (read.start - (first.end or 0)) / 1e9 <= seconds

    return verify_reads(history, verdict, options, allowed)


def verify_told_staleness(
    history: History, verdict: Verdict, options: Mapping[str, Any]
) -> Certified:
    """Check a verdict on told ages, of each read by the age that it tells; see `verify_reads`."""
    operations: list[Operation] = []
    ages: dict[int | None, float] = {}
    for operation in history:
        if operation.f == "read" and operation.type == "ok":
            keyed = isinstance(operation.value, list)
            answer = operation.value[1] if keyed else operation.value
            ages[operation.index] = answer["age"]
            value = [operation.value[0], answer["value"]] if keyed else answer["value"]
            operation = replace(operation, value=value)
        operations.append(operation)

    def allowed(read: Call, missed: Sequence[Call]) -> bool:
        ended = (read.start - (write.end or 0) for write in missed)
        return max(ended, default=0) / 1e9 <= ages[read.complete_index]

    return verify_reads(History.from_operations(operations), verdict, options, allowed)


def verify_reads(
    history: History,
    verdict: Verdict,
    options: Mapping[str, Any],
    allowed: Allowed,
    *,
    overlapping: bool = True,
) -> Certified:
    """Check that a verdict says what the history shows of each read.

    Args:
        history: the history judged.
        verdict: the verdict.
        options: those of the checker: ``initial`` and ``keyed``.
        allowed: what a read may miss.
        overlapping: whether reads that overlap a write are judged.

    Raises:
        CertificateError: it doesn't.
    """
    model = register(initial=options.get("initial"))
    bad: dict[int, Any] = {}
    steps = reads = 0
    for part in parts_of(model, history, keyed=options.get("keyed")).parts:
        writes = [call for call in part.calls if call.f == "write" and call.outcome != "fail"]
        for read in part.calls:
            if read.f != "read" or read.outcome != "ok":
                continue
            steps, reads = steps + len(writes), reads + 1
            if steps > STEPS:
                return Certified("reads", complete=False, unchecked=f"more than {STEPS} steps")
            if not overlapping and any(_overlap(write, read) for write in writes):
                continue
            if not _explained(read, writes, model.initial, allowed):
                bad[read.invoke_index] = frozen(read.result)
    if verdict.validity is VALID and len(set(bad.values())) == 1 and "initial" not in options:
        return Certified(
            f"{reads - len(bad)} of {reads} reads are right",
            complete=False,
            unchecked="the others give one value, and are right only if that was the first: say "
            "-o initial=VALUE if `check` was told so",
        )
    return _compared(verdict, bad, reads)


def _explained(read: Call, writes: list[Call], initial: Any, allowed: Allowed) -> bool:
    """Whether some write, or the initial value, may be what a read gave."""
    value, begin = frozen(read.result), read.invoked
    ends = {_end(w) for w in writes if frozen(w.argument) == value and w.invoked < _end(read)}
    if value == initial:
        ends.add(-1)
    if not ends:
        return False
    # What is missed of one that ended last is missed of every other, too.
    last = max(ends)
    missed = [w for w in writes if w.invoked > last and _end(w) < begin]
    return allowed(read, missed)


def _misses_nothing(read: Call, missed: Sequence[Call]) -> bool:
    return not missed


def _overlap(write: Call, read: Call) -> bool:
    return write.invoked < _end(read) and read.invoked < _end(write)


def _end(call: Call) -> int:
    return _FOREVER if call.completed is None or call.outcome == "info" else call.completed


def _compared(verdict: Verdict, bad: Mapping[int, Any], reads: int) -> Certified:
    if verdict.validity is VALID:
        if bad:
            raise CertificateError(f"the verdict says valid, but read {min(bad)} is wrong")
        return Certified(f"valid: {reads} reads were judged again")
    if not bad:
        raise CertificateError("no read is wrong")
    for anomaly in verdict.anomalies:
        if not bad.keys() & set(anomaly.operations):
            raise CertificateError(f"none of the operations {list(anomaly.operations)} is wrong")
    return Certified(f"invalid: {len(bad)} of {reads} reads are wrong, as those that it names")
