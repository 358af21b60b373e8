"""Queues with repeated elements: copies are told apart, and the queues' monitor asked.

Identical elements are interchangeable: whoever dequeues x may have taken any x. In an order the
n-th dequeue of x takes the n-th enqueued. So a linearization of a history in which copies are told
apart, dequeues of each in the order of their enqueues, is one of the history itself. Which copy was
first is not known where they overlap; what is tried is the order of invocations, of completions and
of what is between. If none of these has a linearization, nothing follows: this finds orders, and
refutes none. Where most elements are copies, it mostly finds none, and the search is left with it.

Indeterminate enqueues of an element that others enqueue too are the last of its copies, which
leaves most out: what nobody took need not have happened.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors.monitor import Chosen, MonitorResult, Obstacle
from splitbrain.checkers.linearizability.monitors.queue import QUEUE
from splitbrain.checkers.models import Queue
from splitbrain.checkers.models.model import frozen

_Moment = Callable[[Call], int]


def repeated_elements(model: Queue, calls: Sequence[Call], key: Any) -> MonitorResult | None:
    """An order of a queue's calls, found with copies told apart; None if that finds none."""
    for put, take in product(_MOMENTS, repeat=2):
        told_apart = _copies(model, calls, put, take)
        prepared = QUEUE.prepare(model, told_apart)
        if isinstance(prepared, Obstacle):
            return None
        result = Chosen(QUEUE, prepared).check(key)
        if result.order is not None:
            told = {**result.cost, "preconditions": "copies of elements were told apart"}
            return MonitorResult(result.order, None, told)
    return None


def _invoked(call: Call) -> int:
    return call.invoked


def _completed(call: Call) -> int:
    return call.invoked if call.completed is None else call.completed


def _middle(call: Call) -> int:
    return _invoked(call) + _completed(call)


_MOMENTS: tuple[_Moment, ...] = (_invoked, _completed, _middle)
"""By what copies are put in order."""


def _copies(model: Queue, calls: Sequence[Call], put: _Moment, take: _Moment) -> list[Call]:
    """The calls with each copy's number beside its element."""
    numbers: dict[tuple[str, Hashable], int] = {}
    named: dict[int, Call] = {}

    def order(call: Call) -> tuple[bool, int]:
        moment = put if call.f == model.insertion else take
        return call.outcome == "info", moment(call)

    for call in sorted((c for c in calls if c.outcome != "fail"), key=order):
        inserts = call.f == model.insertion
        value = call.argument if inserts else call.result
        if value is None:
            continue
        place = call.f, frozen(value)
        number = numbers[place] = numbers.get(place, -1) + 1
        copy = [value, number]
        named[call.invoke_index] = (
            replace(call, argument=copy) if inserts else replace(call, result=copy)
        )
    return [named.get(call.invoke_index, call) for call in calls]
