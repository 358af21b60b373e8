"""Verdicts on sagas checked again, order by order and service by service, from the definition.

That is the one of `splitbrain.checkers.calls.sagas`; what became of an order at a service is read
off that service's lines alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.answers import servers_that
from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import FAIL, INFO, OK, Call, History
from splitbrain.checkers.verdict import Verdict
from splitbrain.checkers.vocabulary import GONE

Found = Iterator[tuple[str, int]]
"""Kinds, each with the operation that shows it."""


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Each order at each service, in each reading of the ledgers. O(orders times lines).

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    calls = history.calls()
    orders = {call.argument[0]: call for call in calls if call.f == "order"}
    reads = [call for call in calls if call.f in ("ledgers", "audit") and call.outcome == OK]
    excused = ("left-over", "torn") if servers_that(history, GONE) else ()
    found: dict[int, set[str]] = {}
    for read in reads:
        shown = [*_lines(read, orders)]
        if read.f == "audit":
            shown += [each for each in _ends(read, orders) if each[0] not in excused]
            shown += [] if excused else _refused(read, orders, history)
        for kind, index in shown:
            found.setdefault(index, set()).add(kind)
    told = f"{len(orders)} orders were followed through {len(reads)} readings of the ledgers"
    return compare(verdict, found, told)


def _lines(read: Call, orders: Mapping[int, Call]) -> Found:
    for lines in read.result.values():
        for number in {line[0] for line in lines}:
            done = [what for each, what in lines if each == number]
            order = orders.get(number)
            if order is None or order.invoke_index > _end(read):
                yield "unrequested", _end(read)
                continue
            at = max(_end(read), _end(order))
            first = done.index("did") if "did" in done else len(done)
            after = Counter(done[first:])
            if first:
                yield "undone-without-doing", at
            if after["did"] > 1:
                yield "done-twice", at
            if after["undid"] + (first > 0) > 1:
                yield "undone-twice", at


def _ends(read: Call, orders: Mapping[int, Call]) -> Found:
    """How many services have an order in the end: what was done last counts."""
    for number, order in orders.items():
        if order.invoke_index > read.invoke_index:
            continue
        last = [
            [what for each, what in lines if each == number][-1:] for lines in read.result.values()
        ]
        having = sum(what == ["did"] for what in last)
        at = max(_end(read), _end(order))
        if order.outcome == OK and having < len(last):
            yield "lost-step", at
        if order.outcome == FAIL and having:
            yield "left-over", at
        if order.outcome == INFO and 0 < having < len(last):
            yield "torn", at


def _refused(read: Call, orders: Mapping[int, Call], history: History) -> Found:
    """Who was refused for want of a seat, on a day on which no service was ever full."""
    days = {n: call.argument[1] for n, call in orders.items() if len(call.argument) > 1}
    days = {n: day for n, day in days.items() if isinstance(day, int | str)}
    full: set[Any] = set()
    for lines in read.result.values():
        most = {
            day: max(
                sum(1 if what == "did" else -1 for n, what in lines[:end] if days.get(n) == day)
                for end in range(len(lines) + 1)
            )
            for day in {days[n] for n, _ in lines if n in days}
        }
        if not most:
            return
        full |= {day for day, taken in most.items() if taken == max(most.values())}
    for number, order in orders.items():
        if order.outcome == FAIL and order.completed is not None and number in days:
            told = history.errors[order.completed] or ""
            if told.startswith("no seat was left") and days[number] not in full and read.result:
                yield "refused-while-free", max(_end(read), _end(order))


def _end(call: Call) -> int:
    return call.invoke_index if call.complete_index is None else call.complete_index
