"""Verdicts on event stores checked again: each append in each read, and reads two by two.

The definition is that of `splitbrain.checkers.streams.rebuilding`, its fold restated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.streams.recheck.results import STEPS
from splitbrain.checkers.verdict import Verdict


def verify_stores(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each read and append. O((reads + appends)^2 * events).

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    calls = history.calls()
    appends = [call for call in calls if call.f == "append"]
    reads = [call for call in calls if call.f in ("read", "rebuild") and call.outcome == OK]
    most = max((len(read.result["events"]) for read in reads), default=0)
    if (len(reads) + len(appends)) ** 2 * (most + 1) > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    found: dict[int, set[str]] = {}
    for read in reads:
        mine = [call for call in appends if call.argument[0] == read.argument]
        others = [other for other in reads if other.argument == read.argument]
        found[read.complete_index or 0] = {*_of_read(read, others), *_of_appends(read, mine)}
    for append in appends:
        if any(_clash(append, other) for other in appends if other is not append):
            found[append.complete_index or 0] = {"both-accepted"}
    return compare(verdict, found, f"each append was looked up again in {len(reads)} reads")


def _of_read(read: Call, reads: list[Call]) -> Iterator[str]:
    events, state = read.result["events"], 0
    for value in events:
        state = (state * 1_000_003 + value + 1) % 2**31
    if (read.result["version"], read.result["state"]) != (len(events), state):
        yield "live-differs"
    if len(set(events)) < len(events):
        yield "repeated-event"
    for other in reads:
        given = other.result["events"]
        if any(one != two for one, two in zip(events, given, strict=False)):
            yield "rewritten"
        if (other.completed or 0) < read.invoked and len(given) > len(events):
            yield "went-back"


def _of_appends(read: Call, appends: list[Call]) -> Iterator[str]:
    events = read.result["events"]
    begun = [append for append in appends if append.invoked <= (read.completed or 0)]
    asked = {value for append in begun for value in append.argument[1]}
    if any(value not in asked for value in events):
        yield "unwritten-event"
    for append in appends:
        values = append.argument[1]
        if not any(value in events for value in values):
            if append.outcome == OK and (append.completed or 0) < read.invoked:
                yield "lost-append"
            continue
        told = append.result[1] if append.outcome == OK else None
        at = events.index(values[0]) if values[0] in events else None
        if at is None or events[at : at + len(values)] != values or told not in (None, at):
            yield "torn-append"
        elif append.outcome == FAIL:
            yield "refused-append"


def _clash(one: Call, two: Call) -> bool:
    """Whether two acknowledged appends to a stream have a place in common."""
    if one.outcome != OK or two.outcome != OK or one.argument[0] != two.argument[0]:
        return False
    first, second = one.result[1], two.result[1]
    if first is None or second is None:
        return False
    ends = first + len(one.argument[1]), second + len(two.argument[1])
    return bool(first < ends[1] and second < ends[0])
