"""Verdicts on concurrent writes checked again, value by value, from the definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import INVALID, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each finding; of a valid verdict, that there is none.

    Instead of a set of what happened, it asks of each value whether anything may have replaced it,
    and of that whether it may have happened, and so on: up to the square of a key's operations.

    Raises:
        CertificateError: a finding is not there, or the verdict is valid and one is.
        NoCertificate: the verdict has no findings, of either kind.
    """
    if "findings" not in verdict.certificate:
        raise NoCertificate("the verdict has no list of findings")
    begin = [event.index for event in history.events(f=PHASE) if event.value == FINAL][:1]
    every = options.get("current", False) or verdict.checker.endswith("(current)")
    gone = any(GONE in event.value.values() for event in history.events(f=ANSWERS))
    calls = [call for call in history.calls() if call.outcome != FAIL]
    found: set[tuple[str, int | None]] = set()
    for read in (call for call in calls if call.f == "read" and call.outcome == OK):
        late = any(read.invoke_index > index for index in begin)
        missing = "lost" if late and (every or not gone) else "stale" if every else None
        found.update((kind, read.complete_index) for kind in _kinds(calls, read, missing))
    findings = verdict.certificate["findings"]
    for kind, *events in findings:
        if not events or (kind, events[-1]) not in found:
            raise CertificateError(f"{kind} at operations {events}: the history doesn't show it")
    if verdict.validity is INVALID:
        if not findings:
            raise CertificateError("the verdict is invalid and lists no finding")
        return Certified(f"{len(findings)} findings are in the history")
    if found:
        kind, index = min(found, key=str)
        raise CertificateError(f"the verdict is valid, and operation {index} shows {kind}")
    return Certified("each value was looked for again in each read that should show it")


def _kinds(calls: list[Call], read: Call, missing: str | None) -> Iterator[str]:
    """What is wrong with one read; `missing` names what lacks, None if it may be behind."""
    assert read.completed is not None
    key, values = frozen(read.result[0]), [frozen(value) for value in read.result[1]]
    begun = [
        call
        for call in calls
        if call.f in ("write", "remove")
        and frozen(call.argument[0]) == key
        and call.invoked < read.completed
    ]
    by_value = {frozen(call.argument[1][0]): call for call in begun if call.f == "write"}
    for value in set(values):
        if value not in by_value:
            yield "unexpected"
        elif values.count(value) > 1:
            yield "duplicated"
    if missing is None:
        return

    def acknowledged(call: Call) -> bool:
        return call.outcome == OK and (call.completed or 0) < read.invoked

    def over(call: Call) -> list[Any]:
        argument = call.argument[1]
        return [frozen(value) for value in (argument[1] if call.f == "write" else argument)]

    def happened(call: Call, asked: frozenset[int]) -> bool:
        """Whether it may have; what is asked already may, for all that its own replacement says."""
        there = call.f == "write" and frozen(call.argument[1][0]) in values
        if acknowledged(call) or there or call.invoke_index in asked:
            return True
        if any(value in values for value in over(call)):
            return False
        return call.f == "remove" or replaced(call, asked | {call.invoke_index})

    def replaced(call: Call, asked: frozenset[int] = frozenset()) -> bool:
        value = frozen(call.argument[1][0])
        return any(value in over(other) and happened(other, asked) for other in begun)

    for value, call in by_value.items():
        if value in values and replaced(call):
            yield "resurrected"
        if value not in values and acknowledged(call) and not replaced(call):
            yield missing
