"""The monitor of priority queues.

A removal takes the least element, so it can't happen while a lesser one is inside. Going from the
least element to the greatest, each is made to be inside for as short a time as possible: a passing
element for an instant; a staying one from the completion of its insertion to the first moment at
which no lesser element is inside and its removal has been invoked. By induction no linearization
has it inside for less, so if its removal completes before there is such a moment, there is none.

The first free moment is found with a disjoint-set forest over gaps, whence O(n log n) in all, the
sorting included. Priority queues are among the objects of Lee and Mathur, "Efficient
decrease-and-conquer linearizability monitoring", OOPSLA 2025.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors import _gap_kernels
from splitbrain.checkers.linearizability.monitors.elements import (
    Elements,
    Ranks,
    Spans,
    calls_of,
    chain,
    elements_of,
    flaw_of,
    spans_of,
    values_of,
)
from splitbrain.checkers.linearizability.monitors.monitor import (
    NONLINEARIZABLE,
    Judgment,
    Monitor,
    Obstacle,
    anomaly,
)
from splitbrain.checkers.linearizability.wording import named
from splitbrain.checkers.models import PriorityQueue
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.models.queues import place, rank
from splitbrain.checkers.verdict import Anomaly

_EXPLAINED = 200


def _prepare(model: PriorityQueue, calls: Sequence[Call]) -> Elements | Obstacle:
    return tied(model, calls) or elements_of(model, calls, rank)


def tied(model: PriorityQueue, calls: Sequence[Call]) -> Obstacle | None:
    """The first insertion of an element that is at one place with another, as 1 and 1.0 are."""
    first: dict[Hashable, Call] = {}
    for call in calls:
        if call.f == model.insertion and call.outcome != "fail":
            earlier = first.setdefault(place(call.argument), call)
            if rank(earlier.argument) != rank(call.argument):
                value = shown(earlier.argument)
                return Obstacle(
                    call.invoke_index,
                    f"it puts in {shown(call.argument)} and operation {earlier.invoke_index} "
                    f"{value}, neither of which goes before the other",
                )
    return None


def _decide(elements: Elements, key: Any) -> Judgment:
    flaw = flaw_of(elements, key)
    if flaw is not None:
        return flaw
    spans = spans_of(elements)
    ranks = [rank(call.argument) for call in elements.inserted]
    order = np.array(sorted(range(len(ranks)), key=ranks.__getitem__), np.int64)
    gaps, empty_gaps, broken = kernels.of(_gap_kernels, size=len(order)).shortest_stays(
        spans.put_return[order],
        spans.take_call[order],
        spans.take_return[order],
        spans.empty_call,
        spans.empty_return,
        spans.horizon,
    )
    if broken >= 0:
        return _overtaken(elements, spans, key, order, gaps, int(broken))
    return _linearization(elements, spans, order, gaps, empty_gaps)


def _overtaken(
    elements: Elements, spans: Spans, key: Any, order: Ranks, gaps: Ranks, broken: int
) -> Anomaly:
    """A removal during all of which lesser elements must be inside.

    Args:
        elements: the operations.
        spans: their intervals.
        key: for the sentence.
        order: elements from least to greatest.
        gaps: the gap in which the i-th least is removed at the earliest, for those that can be.
        broken: place in `order` of the first that can't be; beyond its end, of a removal that met
            an empty queue.
    """
    put_return, number = spans.put_return[order], len(order)
    pending: list[tuple[int, int, int]] = []
    if broken < number:
        element = int(order[broken])
        taken = elements.removed[element]
        pending.append((broken, int(spans.take_call[element]), int(spans.take_return[element])))
        involved = {broken: None}
    else:
        at = broken - number
        taken = elements.empty[at]
        pending.append((number, int(spans.empty_call[at]), int(spans.empty_return[at])))
        involved = {}
    blocking: list[int] = []
    # What delays the elements that are in the way belongs to the reason.
    while pending and len(involved) < _EXPLAINED:
        limit, left, right = pending.pop()
        staying = np.flatnonzero(gaps[:limit] > put_return[:limit])
        found = [int(staying[i]) for i in chain(put_return[staying], gaps[staying], left, right)]
        blocking = blocking or found
        for i in found:
            if i not in involved:
                involved[i] = None
                pending.append((i, int(spans.take_call[order[i]]), int(gaps[i])))
    assert taken is not None
    values = values_of(elements, [int(order[i]) for i in blocking])
    calls = calls_of(elements, [int(order[i]) for i in involved])
    removal = named(elements.model, taken)
    message = (
        f"{removal} found nothing, but at every moment of it {values} was inside"
        if taken.result is None
        else f"at every moment of {removal} a lesser element was inside: {values}"
    )
    return anomaly(NONLINEARIZABLE, key, message, (taken, *calls))


def _linearization(
    elements: Elements, spans: Spans, order: Ranks, gaps: Ranks, empty_gaps: Ranks
) -> list[int]:
    """In each gap removals from least to greatest, then those that met nothing, then insertions."""
    put = np.array([call.invoke_index for call in elements.inserted], np.int64)[order]
    take = np.array([-1 if c is None else c.invoke_index for c in elements.removed], np.int64)
    take = take[order]
    empty = np.array([call.invoke_index for call in elements.empty], np.int64)
    put_return = spans.put_return[order]
    passes = gaps < put_return
    place = 2 * np.arange(len(order))
    at = np.concatenate((np.where(passes, gaps, put_return - 1), gaps, empty_gaps))
    kind = np.concatenate(
        (np.where(passes, 0, 2), np.zeros(len(order), np.int64), np.ones(len(empty), np.int64))
    )
    within = np.concatenate((place, place + 1, np.arange(len(empty))))
    indices = np.concatenate((put, take, empty))
    return [int(i) for i in indices[np.lexsort((within, kind, at))] if i >= 0]


PRIORITY_QUEUE = Monitor(
    name="priority-queue",
    algorithm="priority queue by shortest stays, least element first, O(n log n)",
    preconditions="every element inserted at most once, no two as alike as 1 and 1.0, and no "
    "indeterminate delete-min that may have taken an acknowledged element",
    prepare=_prepare,
    decide=_decide,
)
"""Decides histories of `splitbrain.checkers.models.priority_queue`."""
