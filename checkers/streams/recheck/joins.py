"""Verdicts on joins of streams checked again: each two events, whether they meet.

The definitions are those of `splitbrain.checkers.streams.stream_joins`, restated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import OK, Call
from splitbrain.checkers.streams.recheck.results import STEPS, Row, of_input, told_by
from splitbrain.checkers.verdict import Verdict

_WINDOW_MS = 1000


def verify_joins(calls: list[Call], verdict: Verdict) -> Certified:
    """What the history says of each read. Quadratic in the events of a read.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    sent = [call for call in calls if call.f in ("search", "click", "tier", "region")]
    reads = [call for call in calls if call.f == "joins" and call.outcome == OK]
    if sum(len(read.result["events"]) ** 2 for read in reads) > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    found = {
        read.complete_index or 0: {
            *of_input(read, read.result["events"], sent),
            *_of_pairs(read.result),
            *_of_rows(read.result),
        }
        for read in reads
    }
    return compare(verdict, found, f"each two events of {len(reads)} reads were joined again")


def _accepted(given: Mapping[str, Any]) -> list[Row]:
    return [event for event in given["events"] if event[2] not in given["late"]]


def _is_passed(given: Mapping[str, Any], time: int) -> bool:
    """Whether every partition has an event so late that nothing of that time is to come."""
    far = {event[0] for event in given["events"] if event[4] - given["bound"] >= time}
    return bool(len(far) >= given["partitions"])


def _of_pairs(given: Mapping[str, Any]) -> Iterator[str]:
    events = _accepted(given)
    pairs = [tuple(pair) for pair in given["pairs"]]
    meeting = {
        (one[2], other[2])
        for one in events
        for other in events
        if (one[1], other[1], one[3]) == ("search", "click", other[3])
        and one[4] <= other[4] < one[4] + _WINDOW_MS
    }
    for pair in {*pairs, *meeting}:
        count = pairs.count(pair)
        if count > 1:
            yield "repeated-pair"
        if pair in meeting and not count:
            yield "missing-pair"
        if pair not in meeting and pair[1] is not None:
            yield "invented-pair"
    searches = {event[2]: event for event in events if event[1] == "search"}
    for search in {*searches, *(s for s, c in pairs if c is None), *given["open"]}:
        is_alone, opened = (search, None) in pairs, given["open"].count(search)
        if search not in searches:
            is_right = not is_alone and not opened
        elif _is_passed(given, searches[search][4] + _WINDOW_MS):
            is_right = not opened and is_alone != any(search == met for met, _ in meeting)
        else:
            is_right = not is_alone and opened == 1
        if not is_right:
            yield "wrong-unmatched"


def _of_rows(given: Mapping[str, Any]) -> Iterator[str]:
    events = _accepted(given)
    changes = {event[2]: event for event in events if event[1] in ("tier", "region")}
    told = [change for change, _, _ in given["rows"]]
    for change in {*changes, *told, *given["waiting"]}:
        count = told.count(change) + given["waiting"].count(change)
        is_due = change in changes and _is_passed(given, changes[change][4] + 1)
        if count > 1:
            yield "repeated-row"
        elif count and (change not in changes or (change in told and not is_due)):
            yield "invented-row"
        elif is_due and change not in told:
            yield "missing-row"
    for change, tier, region in given["rows"]:
        if change in changes:
            mine = changes[change]
            if (tier, region) != (told_by("tier", mine, events), told_by("region", mine, events)):
                yield "wrong-row"
