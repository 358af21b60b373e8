"""Verdicts on queues checked again: each message in each read.

The definition is that of `splitbrain.checkers.streams.message_deliveries`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.streams.recheck.results import STEPS
from splitbrain.checkers.verdict import Verdict


def verify_deliveries(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each read, and of each buffer that was announced.

    O(reads * messages * messages).

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    calls = history.calls()
    sent = [call for call in calls if call.f == "send"]
    reads = [call for call in calls if call.f == "processed" and call.outcome == OK]
    rows = max((len(read.result["processed"]) for read in reads), default=0)
    if len(reads) * (len(sent) + len(reads) + rows + 1) ** 2 > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    found = {read.complete_index or 0: {*_wrong(read, sent), *_gone(read, reads)} for read in reads}
    for event in history.events("buffered"):
        if event.value["messages"] > event.value["bound"]:
            found[event.index] = {"unbounded"}
    return compare(verdict, found, f"each message was looked up again in {len(reads)} reads")


def _wrong(read: Call, sent: list[Call]) -> Iterator[str]:
    processed = [(frozen(key), frozen(number)) for key, number in read.result["processed"]]
    dead = [(frozen(key), frozen(number)) for key, number in read.result["dead"]]
    there = processed + dead
    known = []
    for call in sent:
        key, number = map(frozen, call.argument[:2])
        is_due = call.outcome == OK and (call.completed or 0) < read.invoked
        if is_due and not any(number == other for _, other in there):
            yield "lost"
        if call.argument[2] and any(number == other for _, other in processed):
            yield "poison-processed"
        if not call.argument[2] and any(number == other for _, other in dead):
            yield "buried"
        if call.outcome != FAIL and call.invoked <= (read.completed or 0):
            known.append((key, number))
    for row in there:
        if row not in known:
            yield "unsent"
        elif there.count(row) > 1:
            yield "repeated"
    places = {frozen(c.argument[1]): c.result[3] for c in sent if c.outcome == OK}
    firsts = [row for at, row in enumerate(processed) if row not in processed[:at]]
    for at, (key, number) in enumerate(firsts):
        for other, later in firsts[at + 1 :]:
            if other == key and {number, later} <= places.keys() and places[number] > places[later]:
                yield "out-of-order"


def _gone(read: Call, reads: list[Call]) -> Iterator[str]:
    """Whether something that a read before this one had is gone, or has something new before it."""
    for other in reads:
        if (other.completed or 0) >= read.invoked:
            continue
        if any(row not in read.result["dead"] for row in other.result["dead"]):
            yield "taken-back"
        for key in {frozen(key) for key, _ in other.result["processed"]}:
            before, now = (
                [number for name, number in each.result["processed"] if frozen(name) == key]
                for each in (other, read)
            )
            if len(now) < len(before) or any(a != b for a, b in zip(before, now, strict=False)):
                yield "taken-back"
