"""The monitor of stacks.

An element that passes (its push and pop can follow each other at once) never matters: it can be
left out, and put back anywhere between its pop's invocation and its push's completion. Likewise,
wherever no element is certainly inside, the stack may as well be empty: of the elements pushed
earlier and popped later, each can be pushed later or popped earlier, without disorder.

So the history falls into *blocks*: stretches of time at every moment of which some element is
certainly inside. During a block the stack is never empty, hence one element is at its bottom
throughout. It must be able to be pushed before anything of the block completes its push and popped
after the last pop of the block is invoked. If there is no such element, there is no linearization.
If there are some, all of them can be taken for the lowest, in any order, and what remains falls
into smaller blocks, and so on.

This is decrease and conquer in the sense of Lee and Mathur ("Efficient decrease-and-conquer
linearizability monitoring", OOPSLA 2025); that blocks shrink makes it O(n log n): as a block's
start only grows later and its end earlier, an element that could be pushed early enough once can be
ever after, so each is found once for its push and once for its pop (`_stack_kernels`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors import _stack_kernels
from splitbrain.checkers.linearizability.monitors.elements import (
    Elements,
    Ranks,
    Spans,
    calls_of,
    chain,
    elements_of,
    flaw_of,
    placed_empties,
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
from splitbrain.checkers.models import Stack
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import Anomaly


def _prepare(model: Stack, calls: Sequence[Call]) -> Elements | Obstacle:
    return elements_of(model, calls, frozen)


def _decide(elements: Elements, key: Any) -> Judgment:
    flaw = flaw_of(elements, key)
    if flaw is not None:
        return flaw
    spans = _popped_at_last(spans_of(elements))
    gaps = placed_empties(elements, spans, key)
    if isinstance(gaps, Anomaly):
        return gaps
    staying = np.flatnonzero(spans.stays)
    staying = staying[np.argsort(spans.put_return[staying], kind="stable")]
    kernel = kernels.of(_stack_kernels, size=4 * len(staying))
    events, times, first, last = kernel.nested(
        spans.put_call[staying],
        spans.put_return[staying],
        spans.take_call[staying],
        spans.take_return[staying],
        np.sort(np.concatenate((spans.put_return[staying], spans.take_call[staying]))),
    )
    if first >= 0:
        return _without_bottom(elements, spans, key, int(first), int(last))
    return _linearization(elements, spans, gaps, staying, events, times)


def _popped_at_last(spans: Spans) -> Spans:
    """With a removal after all else, at the same time as the others, for each that has none."""
    remaining = spans.take_call == spans.horizon
    number = int(remaining.sum())
    call, end = spans.take_call.copy(), spans.take_return.copy()
    call[remaining] = spans.horizon + np.arange(number)
    end[remaining] = spans.horizon + number + np.arange(number)
    return Spans(
        spans.put_call,
        spans.put_return,
        call,
        end,
        spans.empty_call,
        spans.empty_return,
        spans.horizon + 2 * number,
    )


def _without_bottom(elements: Elements, spans: Spans, key: Any, first: int, last: int) -> Anomaly:
    """A block from rank `first` to rank `last` in which no element can be lowest.

    As few elements as keep the stack filled all along already have no lowest one: whether an
    element can be lowest depends on the block's ends alone. (Those that can be lowest here are
    lowest in a block around this one.)
    """
    inside = spans.stays & (spans.put_return >= first) & (spans.take_call <= last)
    block = np.flatnonzero(inside & ((spans.put_call > first) | (spans.take_return < last)))
    covering = chain(spans.put_return[block], spans.take_call[block], first, last)
    chosen = [int(block[i]) for i in covering]
    values = values_of(elements, chosen)
    return anomaly(
        NONLINEARIZABLE,
        key,
        f"there was always one of {values} on the stack, so one of them was lowest all along; "
        "but none can have been pushed before the others and popped after them",
        calls_of(elements, chosen),
    )


def _linearization(
    elements: Elements,
    spans: Spans,
    gaps: Ranks,
    staying: Ranks,
    events: Ranks,
    times: Ranks,
) -> list[int]:
    """Staying elements as nested, the others and removals from the empty stack in between."""
    put = np.array([call.invoke_index for call in elements.inserted], np.int64)
    take = np.array([-1 if c is None else c.invoke_index for c in elements.removed], np.int64)
    nested = staying[events >> 1] if len(events) else staying[:0]
    pops = (events & 1).astype(np.bool_)
    passing = np.flatnonzero(~spans.stays)
    instants = np.repeat(2 * spans.take_call[passing] + 1, 2)
    pairs = np.column_stack((put[passing], take[passing])).ravel()
    empty = np.array([call.invoke_index for call in elements.empty], np.int64)
    indices = np.concatenate((np.where(pops, take[nested], put[nested]), pairs, empty))
    at = np.concatenate((times, instants, 2 * gaps + 1))
    # At one instant: pops of a block's elements, what happens between blocks, then pushes.
    between = np.ones(len(pairs) + len(empty), np.int64)
    kind: npt.NDArray[np.int64] = np.concatenate((np.where(pops, 0, 2), between))
    sequence = indices[np.lexsort((np.arange(len(at)), kind, at))]
    return [int(i) for i in sequence if i >= 0]


STACK = Monitor(
    name="stack",
    algorithm="stack by decrease and conquer (Lee, Mathur 2025), O(n log n)",
    preconditions="every element pushed at most once, and no indeterminate pop that may have taken "
    "an acknowledged element",
    prepare=_prepare,
    decide=_decide,
)
"""Decides histories of `splitbrain.checkers.models.stack`."""
