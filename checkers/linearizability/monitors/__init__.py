"""Monitors: polynomial decision procedures for histories of special form.

Deciding linearizability is NP-complete in general (Gibbons and Korach 1997), even with one
register. When every value is written or put in only once, much is known from the values alone, and
for the common objects sorting is enough. A monitor is chosen only if its preconditions hold, which
it checks completely; its verdict then is exact, with an order or with operations that have none.

    chosen = choose(model, calls)
    if chosen is not None:
        result = chosen.check(key)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.linearizability.monitors.bounds import counter_bounds
from splitbrain.checkers.linearizability.monitors.counter import COUNTER
from splitbrain.checkers.linearizability.monitors.element_set import ELEMENT_SET
from splitbrain.checkers.linearizability.monitors.grow_only_set import GROW_ONLY_SET
from splitbrain.checkers.linearizability.monitors.monitor import (
    Chosen,
    Monitor,
    MonitorResult,
    Obstacle,
    PreconditionError,
)
from splitbrain.checkers.linearizability.monitors.priority_queue import PRIORITY_QUEUE
from splitbrain.checkers.linearizability.monitors.queue import QUEUE
from splitbrain.checkers.linearizability.monitors.register import REGISTER
from splitbrain.checkers.linearizability.monitors.stack import STACK
from splitbrain.checkers.models import Counter, Model, PriorityQueue, Queue, Register, Set, Stack

__all__ = [
    "MONITORS",
    "Chosen",
    "Monitor",
    "MonitorResult",
    "Obstacle",
    "PreconditionError",
    "choose",
    "counter_bounds",
    "monitors_for",
    "refute",
]

MONITORS: dict[str, Monitor] = {
    monitor.name: monitor
    for monitor in (
        REGISTER,
        QUEUE,
        STACK,
        PRIORITY_QUEUE,
        GROW_ONLY_SET,
        ELEMENT_SET,
        COUNTER,
    )
}
"""All monitors by name."""

_BY_MODEL: dict[type, tuple[Monitor, ...]] = {
    Register: (REGISTER,),
    Queue: (QUEUE,),
    Stack: (STACK,),
    PriorityQueue: (PRIORITY_QUEUE,),
    Set: (GROW_ONLY_SET, ELEMENT_SET),
    Counter: (COUNTER,),
}


def monitors_for(model: Model) -> tuple[Monitor, ...]:
    """The monitors that may apply to histories of this model; none for a user's own."""
    return _BY_MODEL.get(type(model), ())


def refute(model: Model, calls: Sequence[Call], key: Any) -> MonitorResult | None:
    """What a condition that is necessary, not sufficient, says of calls that break it.

    Only counters have one: `counter_bounds`. It takes any additions.
    """
    if type(model) is not Counter:
        return None
    anomaly = counter_bounds(model, calls, key)
    if anomaly is None:
        return None
    cost = {
        "algorithm": "bounds of a counter, O(n log n)",
        "preconditions": "a read is outside of them",
    }
    return MonitorResult(None, anomaly, cost)


def choose(model: Model, calls: Sequence[Call]) -> Chosen | None:
    """A monitor whose preconditions these calls meet, ready to check them; None if there is none.

    Args:
        model: the model; its `Model.check` has accepted the calls.
        calls: one key's, in order of invocation.
    """
    with collector_paused():
        for monitor in monitors_for(model):
            prepared = monitor.prepare(model, calls)
            if not isinstance(prepared, Obstacle):
                return Chosen(monitor, prepared)
    return None
