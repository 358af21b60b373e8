"""Verdicts on outboxes checked again: each write in each list of what was published.

The definition is that of `splitbrain.checkers.streams.publishing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.streams.recheck.results import STEPS
from splitbrain.checkers.verdict import Verdict


def verify_publications(
    history: History, verdict: Verdict, options: Mapping[str, Any]
) -> Certified:
    """What the history says of each read. O(reads * (writes + published)^2 + reads^2 * published).

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    calls = history.calls()
    puts = [call for call in calls if call.f == "put"]
    reads = [call for call in calls if call.f == "published" and call.outcome == OK]
    rows = max((len(read.result) for read in reads), default=0)
    if len(reads) * (len(reads) + len(puts) + rows) * (rows + 1) > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    found = {read.complete_index or 0: set(_wrong(read, puts, reads)) for read in reads}
    return compare(verdict, found, f"each write was looked up again in {len(reads)} reads")


def _rows(read: Call) -> list[Any]:
    return [tuple(map(frozen, row)) for row in read.result]


def _wrong(read: Call, puts: list[Call], reads: list[Call]) -> Iterator[str]:
    rows = _rows(read)
    for put in puts:
        key, value = map(frozen, put.argument)
        is_due = put.outcome == OK and (put.completed or 0) < read.invoked
        if is_due and not any((row[0], row[2]) == (key, value) for row in rows):
            yield "unpublished"
    for at, row in enumerate(rows):
        if row in rows[:at]:
            yield "published-twice"
            continue
        before = {other for other in rows[:at] if other[0] == row[0]}
        if row[1] != len(before) + 1:
            yield "out-of-order"
        if not any(_is_of(row, put, read) for put in puts):
            yield "unwritten"
    for earlier in reads:
        if (earlier.completed or 0) < read.invoked and not set(_rows(earlier)) <= set(rows):
            yield "taken-back"


def _is_of(row: Any, put: Call, read: Call) -> bool:
    """Whether what is published is a write that had been asked for, as it was answered."""
    if put.outcome == FAIL or put.invoked > (read.completed or 0):
        return False
    is_it = (row[0], row[2]) == tuple(map(frozen, put.argument))
    return is_it and (put.outcome != OK or put.result[2] == row[1])
