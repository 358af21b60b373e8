"""Verdicts on effects and transfers checked again, request by request, read by read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate, compare
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import INVALID, Verdict

STEPS = 20_000_000
"""Pairs of an entry and a transfer that are looked at, at most."""


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


def verify_transfers(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each read of accounts, by the definition of
    `splitbrain.checkers.calls.transfers`. O(reads * requests * entries).

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    calls = history.calls()
    requests = {call.argument[0]: call for call in calls if call.f == "transfer"}
    reads = [call for call in calls if call.f == "accounts" and call.outcome == OK]
    most = max((len(read.result["entries"]) for read in reads), default=0)
    if len(reads) * (len(requests) + len(reads) + most) * (most + 1) > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    found = {read.complete_index or 0: set(_books(read, requests, reads)) for read in reads}
    return compare(verdict, found, f"each transfer was looked up again in {len(reads)} reads")


def _books(read: Call, requests: Mapping[Any, Call], reads: list[Call]) -> Iterator[str]:
    entries = [tuple(entry) for entry in read.result["entries"]]
    before = [other for other in reads if (other.completed or 0) < read.invoked]
    had = {entry[0] for other in before for entry in other.result["entries"]}
    asked = []
    for identity, request in requests.items():
        _, source, target, amount = request.argument
        debit, credit = (identity, source, -amount), (identity, target, amount)
        if request.outcome != FAIL and request.invoked < (read.completed or 0):
            asked += [debit, credit]
        counts = entries.count(debit), entries.count(credit)
        done = request.outcome == OK and (request.completed or 0) < read.invoked
        was_there = identity in had and request.outcome != FAIL
        if (done or was_there) and counts == (0, 0):
            yield "lost"
        if (done or identity in had) and (counts[0] == 0) != (counts[1] == 0):
            yield "half-booked"
        if max(counts) > 1:
            yield "double-booked"
    if any(entry not in asked for entry in entries):
        yield "unrequested"
    told = read.result["balances"]
    for account in {account for _, account, _ in entries} | set(told):
        if told.get(account, 0) != sum(amount for _, other, amount in entries if other == account):
            yield "wrong-balance"
