"""Verdicts on strong eventual consistency checked again, read by read, from the definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import VALID, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each kind that the verdict tells; of a valid one, that none is.

    Compares every two reads, and every read with every update: quadratic.

    Raises:
        CertificateError: a kind is not there, or the verdict is valid and one is.
    """
    begin = next((event.index for event in history.events(f=PHASE) if event.value == FINAL), None)
    calls = [call for call in history.calls() if call.outcome != FAIL]
    reads = [call for call in calls if call.f == "read" and call.outcome == OK]
    updates = [call for call in calls if call.f != "read"]
    final = [read for read in reads if begin is not None and read.invoke_index > begin]
    for event in history.events(f=ANSWERS):
        if GONE in event.value.values():
            final = []  # what a server that never came back had alone, nobody has
    found = {kind for read in reads for kind in _strange(read, updates)}
    found |= {kind for read in final for kind in _wrong(read, updates)}
    if any(_differ(one, other) for one, other in combinations(reads, 2)):
        found.add("diverged")
    if any(_superseded(read, reads, updates, read in final) for read in reads):
        found.add("superseded")
    told = {anomaly.kind for anomaly in verdict.anomalies}
    if verdict.validity is VALID:
        if found:
            raise CertificateError(f"the verdict is valid, and the history shows {min(found)}")
        return Certified(f"every two of {len(reads)} reads were compared, and all updates sought")
    if not told or told - found:
        missing = min(told - found, default="nothing")
        raise CertificateError(f"the verdict tells {missing}, and the history doesn't show it")
    return Certified(f"{', '.join(sorted(told))}: the history shows it")


def _differ(one: Call, other: Call) -> bool:
    """Whether two reads have seen the same and are not equal."""

    def plain(read: Call) -> list[Any]:
        elements = sorted(repr(frozen(each)) for each in read.result["elements"])
        return [elements, *(frozen(read.result[part]) for part in ("counter", "register"))]

    same = frozen(one.result["seen"]) == frozen(other.result["seen"])
    return same and plain(one) != plain(other)


def _strange(read: Call, updates: list[Call]) -> Iterator[str]:
    wanted = [("add", each) for each in read.result["elements"]]
    if read.result["register"] is not None:
        wanted.append(("assign", read.result["register"]))
    for f, value in wanted:
        begun = [u for u in updates if u.f == f and frozen(u.argument) == frozen(value)]
        if not any(update.invoked < (read.completed or 0) for update in begun):
            yield "unexpected"


def _wrong(read: Call, updates: list[Call]) -> Iterator[str]:
    def sure(update: Call) -> bool:
        return update.outcome == OK and (update.completed or 0) < read.invoked

    held = [frozen(each) for each in read.result["elements"]]
    sums = {0}
    for update in updates:
        argument = frozen(update.argument)
        same = [each for each in updates if frozen(each.argument) == argument]
        if update.f == "add" and sure(update) and argument not in held:
            later = [u for u in same if u.f == "remove" and not _ended_before(u, update)]
            if not later:
                yield "lost"
        added = [each for each in same if each.f == "add"]
        once = len(added) == 1 and not _ended_before(update, added[0])
        if update.f == "remove" and sure(update) and argument in held and once:
            yield "resurrected"
        if update.f == "increment" and update.invoked < (read.completed or 0):
            more = {total + update.argument for total in sums}
            sums = more if sure(update) else sums | more
    if read.result["counter"] not in sums:
        yield "miscounted"


def _ended_before(one: Call, other: Call) -> bool:
    return one.outcome == OK and one.completed is not None and one.completed < other.invoked


def _superseded(read: Call, reads: list[Call], updates: list[Call], final: bool) -> bool:
    """Whether somebody had replaced the register's value who knew it: anybody, for a final read."""
    here = frozen(read.result["register"])
    for process in {call.process for call in updates} if final else {read.process}:
        values = [
            (
                call.invoked,
                call,
                frozen(call.argument if call.f == "assign" else call.result["register"]),
            )
            for call in (*updates, *reads)
            if call.process == process and call.f in ("assign", "read")
        ]
        ended = [
            (at, value)
            for at, call, value in values
            if call.f == "assign" and call.outcome == OK and (call.completed or 0) < read.invoked
        ]
        at, value = max(ended, default=(0, here))
        if value != here and any(known == here and begun < at for begun, _, known in values):
            return True
    return False
