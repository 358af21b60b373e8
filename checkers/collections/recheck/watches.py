"""Verdicts on watches checked again: each finding is looked up by its definition, pair by pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.verdict import INVALID, Verdict

Line = tuple[int, Any, Any, int]
"""A revision, a key, a value, and the event of the history that tells it."""


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each finding; of a valid verdict, that there is none.

    O(answers * lines): for every answer all that was told is looked through afresh.

    Raises:
        CertificateError: a finding is not there, or the verdict is valid and one is.
        NoCertificate: the verdict has no findings, of either kind.
    """
    if "findings" not in verdict.certificate:
        raise NoCertificate("the verdict has no list of findings")
    calls = list(history.calls())
    found = set(_findings(calls))
    for kind, *events in verdict.certificate["findings"]:
        if not events or (kind, events[-1]) not in found:
            raise CertificateError(f"{kind} at operations {events}: the history doesn't show it")
    if verdict.validity is INVALID:
        if not verdict.certificate["findings"]:
            raise CertificateError("the verdict is invalid and lists no finding")
        return Certified(f"{len(verdict.certificate['findings'])} findings are in the history")
    if found:
        kind, index = min(found, key=str)
        raise CertificateError(f"the verdict is valid, and operation {index} shows {kind}")
    return Certified("no answer lacks, repeats or disorders anything")


def _findings(calls: list[Call]) -> Iterator[tuple[str, int]]:
    """Every kind of anomaly with the operation at which it shows."""
    ok = [call for call in calls if call.outcome == OK]
    puts = [call for call in ok if call.f == "put"]
    answers = [c for c in ok if c.f in ("watch", "drain") and "events" in c.result]
    lines: list[Line] = [(p.result[2], *p.result[:2], _end(p)) for p in puts]
    lines += [(*event, _end(answer)) for answer in answers for event in answer.result["events"]]
    asked = {tuple(c.argument): c.invoke_index for c in calls if c.f == "put" and c.outcome != FAIL}
    clear = True
    for revision, key, value, index in lines:
        for other, its_key, its_value, _ in lines:
            same = (key, value) == (its_key, its_value)
            clear = clear and (revision == other) == same
            if revision == other and not same:
                yield "conflicting", index
            if revision != other and same:
                yield "doubled", index
        if asked.get((key, value), index) >= index:
            yield "phantom", index
    for put in puts:
        if any(_end(o) < put.invoke_index and o.result[2] > put.result[2] for o in puts):
            yield "reordered", _end(put)
    for answer in answers:
        yield from _of_answer(answer, lines, puts)
    for snapshot in (call for call in ok if call.f == "snapshot"):
        if clear and _torn(snapshot.result, lines):
            yield "torn-snapshot", _end(snapshot)


def _of_answer(answer: Call, lines: list[Line], puts: list[Call]) -> Iterator[tuple[str, int]]:
    told, index = answer.result, _end(answer)
    after, upto = told["after"], told["upto"]
    revisions = [event[0] for event in told["events"]]
    for position, revision in enumerate(revisions):
        earlier = revisions[:position]
        if revision <= after or revision in earlier:
            yield "repeated", index
        elif revision > upto or any(other > revision for other in earlier):
            yield "disordered", index
    if any(after < line[0] <= upto and line[0] not in revisions for line in lines):
        yield "skipped", index
    if answer.f == "drain" and any(
        _end(put) < answer.invoke_index and put.result[2] > upto for put in puts
    ):
        yield "lost", index


def _torn(result: Any, lines: list[Line]) -> bool:
    revision, state = result["revision"], result["state"]
    for at, key, value, _ in lines:
        if at > revision:
            if key in state and state[key] == value:
                return True
            continue
        if key not in state:
            return True
        later = [line for line in lines if line[1] == key and at < line[0] <= revision]
        if later and state[key] == value:
            return True
    return False


def _end(call: Call) -> int:
    assert call.complete_index is not None
    return call.complete_index
