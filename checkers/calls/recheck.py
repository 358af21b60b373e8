"""Verdicts on effects checked again, request by request and read by read, from the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import INVALID, Verdict


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each finding; of a valid verdict, that there is none.

    O(requests * reads * effects): for every pair the definition is looked up afresh.

    Raises:
        CertificateError: a finding is not there, or the verdict is valid and one is.
        NoCertificate: the verdict has no findings, of either kind.
    """
    if "findings" not in verdict.certificate:
        raise NoCertificate("the verdict has no list of findings")
    calls = history.calls()
    requests = [call for call in calls if call.f == "pay"]
    reads = [call for call in calls if call.f == "ledger" and call.outcome == OK]
    found = {
        (kind, read.complete_index) for read in reads for kind in _kinds(requests, reads, read)
    }
    for kind, *events in verdict.certificate["findings"]:
        if not events or (kind, events[-1]) not in found:
            raise CertificateError(f"{kind} at operations {events}: the history doesn't show it")
    if verdict.validity is INVALID:
        count = len(verdict.certificate["findings"])
        if not count:
            raise CertificateError("the verdict is invalid and lists no finding")
        return Certified(f"{count} findings are in the history")
    if found:
        kind, index = min(found, key=str)
        raise CertificateError(f"the verdict is valid, and operation {index} shows {kind}")
    return Certified(f"{len(requests)} requests and {len(reads)} reads: no read shows an anomaly")


def _kinds(requests: list[Call], reads: list[Call], read: Call) -> set[str]:
    effects = [(frozen(effect[0]), frozen(effect)) for effect in read.result]
    kinds = set()
    assert read.completed is not None
    for request in requests:
        identity, wanted = frozen(request.argument[0]), frozen(request.argument)
        mine = [effect for whose, effect in effects if whose == identity]
        if mine and request.invoked > read.completed:
            continue  # nobody had requested it yet
        done = request.outcome == OK and request.completed is not None
        if done and (request.completed or 0) < read.invoked and not mine:
            kinds.add("lost")
        if len(mine) > 1:
            kinds.add("duplicated")
        if mine and request.outcome == FAIL:
            kinds.add("failed-effect")
        if any(effect != wanted for effect in mine):
            kinds.add("altered")
    begun = [frozen(r.argument[0]) for r in requests if r.invoked < read.completed]
    if any(identity not in begun for identity, _ in effects):
        kinds.add("unrequested")
    present = {identity for identity, _ in effects}
    for earlier in reads:
        if (earlier.completed or 0) < read.invoked:
            had = {frozen(effect[0]) for effect in earlier.result}
            if had - present:
                kinds.add("vanished")
    return kinds
