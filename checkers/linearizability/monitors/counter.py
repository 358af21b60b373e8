"""The monitor of counters whose additions all add the same amount.

Such additions are interchangeable, so a history is judged in one pass over its events, by letting
additions take effect as late as they may. One takes effect only when it must:

* when it completes;
* when a read completes that saw more than were done so far. Then acknowledged additions that are
  open go first, those that complete first before others, and indeterminate ones last, since these
  can wait for ever.

So at every moment as few additions are done as possible, and a read that saw fewer than were done
at its invocation is too low in every linearization; a read that saw more than had begun when it
completed is too high. O(n log n).

For additions of different amounts the question is a sum of subsets, and left to the general search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors.monitor import (
    NONLINEARIZABLE,
    Judgment,
    Monitor,
    Obstacle,
    anomaly,
)
from splitbrain.checkers.linearizability.wording import ended, named
from splitbrain.checkers.models import Counter
from splitbrain.checkers.verdict import Anomaly


@dataclass(frozen=True, slots=True)
class _Task:
    """A counter's operations.

    Attributes:
        model: the counter.
        calls: those that matter, in order of invocation.
        amount: what every addition adds.
    """

    model: Counter
    calls: list[Call]
    amount: int


def _prepare(model: Counter, calls: Sequence[Call]) -> _Task | Obstacle:
    first: Call | None = None
    kept = []
    for call in calls:
        # What leaves the counter alone and was not acknowledged constrains nothing.
        idle = call.f == "read" or call.argument == 0
        if call.outcome == "fail" or (call.outcome == "info" and idle):
            continue
        if call.f == "fetch-add":
            return Obstacle(call.invoke_index, "it adds and reads at once")
        kept.append(call)
        if idle:
            continue
        first = first or call
        if call.argument != first.argument:
            return Obstacle(
                call.invoke_index,
                f"it adds {call.argument}, but operation {first.invoke_index} adds "
                f"{first.argument}",
            )
    return _Task(model, kept, first.argument if first else 1)


@dataclass(slots=True)
class _State:
    """Where the pass is.

    Attributes:
        order: invocation indices of what took effect.
        done: additions that did, by invocation index; `placed` likewise for reads and idle ones.
        open: open acknowledged additions as (completion, number of the call), a heap.
        spare: indeterminate additions invoked so far that have not taken effect.
        reading: open reads by the number of additions that they saw.
        raised: the last operation that made additions take effect.
    """

    order: list[int] = field(default_factory=list)
    count: int = 0
    done: dict[int, None] = field(default_factory=dict)
    open: list[tuple[int, int]] = field(default_factory=list)
    spare: list[Call] = field(default_factory=list)
    reading: dict[int, list[Call]] = field(default_factory=dict)
    raised: Call | None = None


def _decide(task: _Task, key: Any) -> Judgment:
    state = _State()
    for _, completes, number in _events(task.calls):
        call = task.calls[number]
        if call.f == "add" and call.argument != 0:
            if not completes:
                _begin(state, call, number)
            elif call.invoke_index not in state.done:
                _add(task, state)
                state.raised = call
        elif call.f == "add":
            if completes:
                state.order.append(call.invoke_index)
        else:
            flaw = _read(task, state, call, completes, key)
            if flaw is not None:
                return flaw
    return state.order


def _events(calls: list[Call]) -> list[tuple[int, bool, int]]:
    events = [(call.invoked, False, i) for i, call in enumerate(calls)]
    events += [(c.completed, True, i) for i, c in enumerate(calls) if c.completed is not None]
    return sorted(events)


def _begin(state: _State, call: Call, number: int) -> None:
    if call.completed is None:
        state.spare.append(call)
    else:
        heappush(state.open, (call.completed, number))


def _add(task: _Task, state: _State) -> bool:
    """Let one addition take effect, after the reads that saw those so far; False if none can."""
    if not state.open and not state.spare:
        return False
    for read in state.reading.pop(state.count, ()):
        state.order.append(read.invoke_index)
        state.done[read.invoke_index] = None
    call = task.calls[heappop(state.open)[1]] if state.open else state.spare.pop()
    state.order.append(call.invoke_index)
    state.done[call.invoke_index] = None
    state.count += 1
    return True


def _read(task: _Task, state: _State, call: Call, completes: bool, key: Any) -> Anomaly | None:
    """A read begins or completes; what is wrong with it, if anything."""
    seen, rest = divmod(call.result - task.model.initial_value, task.amount)
    if not completes:
        if rest or seen < 0:
            return _impossible(task, key, call)
        if seen < state.count:
            return _too_low(task, state, key, call, seen)
        state.reading.setdefault(seen, []).append(call)
        return None
    if call.invoke_index in state.done:
        return None
    while state.count < seen:
        state.raised = call
        if not _add(task, state):
            return _too_high(task, state, key, call, seen)
    for read in state.reading.pop(seen):
        state.order.append(read.invoke_index)
        state.done[read.invoke_index] = None
    return None


def _impossible(task: _Task, key: Any, call: Call) -> Anomaly:
    sentence = (
        f"{named(task.model, call)} is not what any number of additions of {task.amount} makes of "
        f"{task.model.initial_value}"
    )
    return anomaly(NONLINEARIZABLE, key, sentence, (call,))


def _too_low(task: _Task, state: _State, key: Any, call: Call, seen: int) -> Anomaly:
    assert state.raised is not None
    least = task.model.initial_value + state.count * task.amount
    sentence = (
        f"{named(task.model, call)} saw {seen} additions, but when it began at least "
        f"{state.count} had taken effect (a value of {least}), by "
        f"{named(task.model, state.raised)} at the latest"
    )
    return anomaly(NONLINEARIZABLE, key, sentence, (call, state.raised))


def _too_high(task: _Task, state: _State, key: Any, call: Call, seen: int) -> Anomaly:
    sentence = (
        f"{named(task.model, call)} saw {seen} additions of {task.amount}, but only "
        f"{state.count} had begun when it completed at {ended(call)}"
    )
    return anomaly(NONLINEARIZABLE, key, sentence, (call,))


COUNTER = Monitor(
    name="counter",
    algorithm="additions as late as they may be, O(n log n)",
    preconditions="all additions add the same amount, and none tells the sum",
    prepare=_prepare,
    decide=_decide,
)
"""Decides histories of `splitbrain.checkers.models.counters`."""
