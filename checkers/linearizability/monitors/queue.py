"""The monitor of first-in first-out queues.

Say that element a *must precede* b if a's insertion completes before b's is invoked, or a's removal
before b's (an element never removed counts as removed last). A history in which every element is
inserted once is linearizable exactly when no two elements must precede each other, and every
removal that met an empty queue has an instant at which no element is certainly inside (Henzinger,
Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013; Bouajjani, Emmi, Enea
and Hamza, "On reducing linearizability to state reachability", ICALP 2015). Both precedences are
interval orders, so a longer cycle of their union contains one of two.

The order: a removal from an empty queue is taken for an element that comes and goes at its instant.
The union is sorted topologically; every insertion then happens as early as it may with those of its
predecessors before it, and likewise every removal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors import _order_kernels
from splitbrain.checkers.linearizability.monitors.elements import (
    Elements,
    Ranks,
    Spans,
    calls_of,
    elements_of,
    flaw_of,
    placed_empties,
    spans_of,
)
from splitbrain.checkers.linearizability.monitors.monitor import (
    NONLINEARIZABLE,
    Judgment,
    Monitor,
    Obstacle,
    anomaly,
)
from splitbrain.checkers.linearizability.wording import named
from splitbrain.checkers.models import Queue
from splitbrain.checkers.models.model import frozen, shown
from splitbrain.checkers.verdict import Anomaly


def _prepare(model: Queue, calls: Sequence[Call]) -> Elements | Obstacle:
    return elements_of(model, calls, frozen)


def _decide(elements: Elements, key: Any) -> Judgment:
    flaw = flaw_of(elements, key)
    if flaw is not None:
        return flaw
    spans = spans_of(elements)
    gaps = placed_empties(elements, spans, key)
    if isinstance(gaps, Anomaly):
        return gaps
    conflict = _conflict(spans)
    if conflict is not None:
        return _crossed(elements, key, *conflict)
    return _linearization(elements, spans, gaps)


def _conflict(spans: Spans) -> tuple[int, int] | None:
    """Elements a and b with a inserted before b but removed after b (or never), if any."""
    if not len(spans.put_call):
        return None
    order = np.argsort(spans.put_return, kind="stable")
    latest = np.maximum.accumulate(spans.take_call[order])
    earlier = np.searchsorted(spans.put_return[order], spans.put_call)
    broken = np.flatnonzero((earlier > 0) & (latest[earlier - 1] > spans.take_return))
    if not len(broken):
        return None
    second = int(broken[np.argmin(spans.take_return[broken])])
    among = order[: earlier[second]]
    return int(among[np.argmax(spans.take_call[among])]), second


def _crossed(elements: Elements, key: Any, first: int, second: int) -> Anomaly:
    model, taken = elements.model, elements.removed[second]
    assert taken is not None
    late = elements.removed[first]
    stayed = (
        f"{shown(elements.inserted[first].argument)} was never taken"
        if late is None
        else f"{named(model, late)} began only after that"
    )
    return anomaly(
        NONLINEARIZABLE,
        key,
        f"{named(model, elements.inserted[first])} completed before "
        f"{named(model, elements.inserted[second])} began, but {named(model, taken)} overtook it: "
        f"{stayed}",
        calls_of(elements, (first, second)),
    )


def _linearization(elements: Elements, spans: Spans, gaps: Ranks) -> list[int]:
    number = len(elements.inserted)
    instants = 4 * gaps + 2
    # What comes after an instant of emptiness is inserted right after it, not at it.
    put_call = np.concatenate((4 * spans.put_call, instants + 1))
    put_return = np.concatenate((4 * spans.put_return, instants + 1))
    take_call = np.concatenate((4 * spans.take_call, instants))
    take_return = np.concatenate((4 * spans.take_return, instants))
    columns = (put_call, put_return, take_call, take_return)
    order = kernels.of(_order_kernels, size=len(put_call)).extension(
        *columns, *(np.argsort(column, kind="stable") for column in columns)
    )
    assert len(order) == len(put_call)
    put_at = np.maximum.accumulate(put_call[order])
    real = order < number
    take_at = np.maximum.accumulate(
        np.where(real, np.maximum(take_call[order], put_at), take_call[order])
    )
    place = np.arange(len(order))
    kept = np.concatenate((np.flatnonzero(real), place))
    kind = np.repeat((0, 1), (int(real.sum()), len(order)))
    at = np.where(kind == 0, put_at[kept], take_at[kept])
    put = [call.invoke_index for call in elements.inserted]
    take = [-1 if call is None else call.invoke_index for call in elements.removed]
    take += [call.invoke_index for call in elements.empty]
    indices = np.concatenate((np.array(put, np.int64)[order[real]], np.array(take)[order]))
    sequence = indices[np.lexsort((kept, kind, at))] if len(indices) else indices
    return [int(i) for i in sequence if i >= 0]


QUEUE = Monitor(
    name="queue",
    algorithm="queue aspects (Henzinger, Sezgin, Vafeiadis 2013), O(n log n)",
    preconditions="every element enqueued at most once, and no indeterminate dequeue that may have "
    "taken an acknowledged element",
    prepare=_prepare,
    decide=_decide,
)
"""Decides histories of `splitbrain.checkers.models.queue`."""
