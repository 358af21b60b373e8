"""A transfer takes from one account and gives to another, both once, and balances add up.

*Property.* Requests are operations ``transfer`` ``[id, source, target, amount]`` with ids of their
own; a read, ``accounts``, gives ``{"entries": [[id, account, amount], ...], "balances": {account:
sum}}``: what was booked so far, in which all requests that were known when it was asked for are.
The debit of a request is an entry of the negative amount on its source.

==================  ================================================================================
lost                a request was acknowledged before the read, or an earlier read had an entry of
                    it, and the read has none
half-booked         of a request that was acknowledged, or of which an earlier read had an entry,
                    the read has one entry only
double-booked       it has an entry of a request twice
unrequested         it has an entry that no request asks for, or one that failed does
wrong-balance       a balance is not the sum of the account's entries
==================  ================================================================================

*Source.* DDIA chapter 12, "The End-to-End Argument for Databases", "Multi-partition request
processing" and "Trust, but verify"; Saltzer, Reed and Clark, "End-to-End Arguments in System
Design" (TOCS 1984).

*Algorithm.* A table of entries for each read. O(reads * (requests + entries)).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.calls.recheck import verify_transfers
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

TRANSFER, ACCOUNTS = "transfer", "accounts"
NAME = "transfers"

Entry = tuple[Any, Any, Any]
"""The id of a request, an account, and what is added to it."""


def transfers_booked_once() -> Checker:
    """A checker: transfers are booked on both sides, once. See the module."""
    return _Transfers()


@dataclass(frozen=True, slots=True)
class _Transfers:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a request or a read is none.
        """
        calls = history.calls()
        requests = {call.argument[0]: call for call in calls if _is_request(call)}
        reads = [call for call in calls if call.f == ACCOUNTS and call.outcome == OK]
        told: dict[tuple[str, Any], Anomaly] = {}
        given = [(read, *_given(read)) for read in reads]
        identities = [
            (read.completed or 0, {entry[0] for entry in seen}) for read, seen, _ in given
        ]
        for read, entries, balances in given:
            earlier = set[Any]().union(*(ids for end, ids in identities if end < read.invoked))
            found = (*_entries(read, entries, requests, earlier), *_balances(entries, balances))
            for kind, about, said in found:
                at = (read.complete_index or read.invoke_index,)
                message = f"process {read.process} reads {said}"
                told.setdefault((kind, about), Anomaly(kind, message, at))
        acknowledged = sum(call.outcome == OK for call in requests.values())
        booked = max((sum(entries.values()) for _, entries, _ in given), default=0)
        coverage = {"acknowledged transfers": acknowledged, "reads": len(reads), "entries": booked}
        vain = None if booked else "no read has any entry"
        holds = f"{booked} entries of {len(requests)} transfers add up"
        return verdict_of(self.name, told.values(), coverage, holds=holds, vain=vain)


def _is_request(call: Call) -> bool:
    if call.f != TRANSFER:
        return False
    match call.argument:
        case [int(), str(), str(), int()]:
            return True
    said = f"{shown(call.argument)} is no transfer: give [id, source, target, amount]"
    raise ModelError(call.invoke_index, said)


def _given(read: Call) -> tuple[Counter[Entry], Mapping[Any, Any]]:
    try:
        entries = Counter((i, account, amount) for i, account, amount in read.result["entries"])
        return entries, dict(read.result["balances"])
    except (TypeError, ValueError, KeyError):
        said = f"{ACCOUNTS} gave {shown(read.result)}: give entries and balances"
        raise ModelError(read.invoke_index, said) from None


def sides(request: Call) -> tuple[Entry, Entry]:
    """The entries of a request: debit and credit."""
    identity, source, target, amount = request.argument
    return (identity, source, -amount), (identity, target, amount)


def _entries(
    read: Call, entries: Counter[Entry], requests: Mapping[Any, Call], earlier: set[Any]
) -> Iterator[tuple[str, Any, str]]:
    asked: set[Entry] = set()
    for identity, request in requests.items():
        mine = sides(request)
        if request.outcome != FAIL and request.invoked < (read.completed or 0):
            asked.update(mine)
        booked = [entries.get(side, 0) for side in mine]
        there = sum(count > 0 for count in booked)
        acknowledged = request.outcome == OK and (request.completed or 0) < read.invoked
        if acknowledged and not there:
            yield "lost", identity, f"nothing of {_named(request)}, which was acknowledged before"
        elif identity in earlier and request.outcome != FAIL and not there:
            yield "lost", identity, f"nothing of {_named(request)}, which was there before"
        if there == 1 and (acknowledged or identity in earlier):
            yield "half-booked", identity, f"one side only of {_named(request)}"
        if max(booked) > 1:
            yield "double-booked", identity, f"a side of {_named(request)} more than once"
    for entry in entries:
        if entry not in asked:
            yield "unrequested", entry, f"the entry {shown(list(entry))}, which nothing asks for"


def _named(request: Call) -> str:
    return f"transfer {shown(request.argument)}"


def _balances(
    entries: Counter[Entry], balances: Mapping[Any, Any]
) -> Iterator[tuple[str, Any, str]]:
    sums: dict[Any, int] = {}
    for (_, account, amount), count in entries.items():
        sums[account] = sums.get(account, 0) + count * amount
    for account in sorted({*sums, *balances}, key=str):
        balance, right = balances.get(account, 0), sums.get(account, 0)
        if balance != right:
            said = f"a balance of {shown(balance)} on {account}, whose entries make {right}"
            yield "wrong-balance", account, said


ENTRY = CheckerEntry(
    NAME, transfers_booked_once, "transfers are booked on both sides, once", verify=verify_transfers
)
