"""Cancel scopes and wake-ups in a run that is stepped directly: trio's, at half the cost.

A run enters hundreds of timeouts and nurseries, and each is entered and left once, by its own task,
with nobody cancelled. That case is done here in one function each; any other, and each scope of a
run through trio's guest mode, is trio's own. The tests run the same plans both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappush
from itertools import count
from math import inf
from typing import Any

import trio
import trio._core._run as trio_run

from splitbrain.harness.simulation.trio_hooks import context, module, order
from splitbrain.harness.simulation.trio_runs import WOKEN

_scopes: Any = trio.CancelScope
_runners: Any = trio_run.Runner
_status: Any = trio_run.CancelStatus
_trio_enter: Callable[[Any], Any] = _scopes.__enter__
_trio_exit: Callable[[Any, Any, BaseException | None, Any], Any] = _scopes.__exit__
_trio_close: Callable[[Any, BaseException | None], BaseException | None] = _scopes._close
_trio_reschedule: Callable[..., None] = _runners.reschedule
_no_send: Any = module._NO_SEND
_trio_move_on_after = trio.move_on_after
_new = object.__new__
_tie = count().__next__


_SCOPE = (
    "_cancel_status",
    "_has_been_entered",
    "_registered_deadline",
    "_cancel_called",
    "cancelled_caught",
    "_cancel_reason",
    "_relative_deadline",
    "_deadline",
    "_shield",
)
_SCOPE_AS_KNOWN = tuple(field.name for field in _scopes.__attrs_attrs__) == _SCOPE
"""Whether this trio's scopes have these attributes and no others: then they are made faster."""


def _move_on_after(seconds: float, *, shield: bool = False) -> Any:
    """``trio.move_on_after``, without a constructor that looks at each argument three times."""
    if order.run is None or not 0 <= seconds < inf:
        return _trio_move_on_after(seconds, shield=shield)
    scope: Any = _new(_scopes)
    scope._cancel_status = scope._cancel_reason = None
    scope._has_been_entered = scope._cancel_called = scope.cancelled_caught = False
    scope._registered_deadline = scope._deadline = inf
    scope._relative_deadline = seconds
    scope._shield = shield
    return scope


def _enter(scope: Any) -> Any:
    """``CancelScope.__enter__``, of one that is not cancelled from the start."""
    run = order.run
    runner = context.runner
    if run is None or runner.is_guest or scope._has_been_entered or scope._cancel_called:
        return _trio_enter(scope)
    task = context.task
    parent = task._cancel_status
    now = runner.clock.current_time()
    deadline = scope._deadline
    if scope._relative_deadline != inf:
        deadline = now + scope._relative_deadline
    if now >= deadline or parent is None or parent.effectively_cancelled:
        return _trio_enter(scope)
    scope._has_been_entered = True
    scope._deadline = deadline
    scope._relative_deadline = inf
    status = scope._cancel_status = task._cancel_status = _status(scope)
    status._parent = parent
    parent._children.add(status)
    parent._tasks.remove(task)
    status._tasks.add(task)
    if deadline != inf:
        if run.moved is not None:
            deadline = run.moved(scope, deadline)
        scope._registered_deadline = deadline
        deadlines = runner.deadlines  # its `add`, which breaks ties by where scopes are in memory
        heappush(deadlines._heap, (deadline, _tie(), scope))
        deadlines._active += 1
    return scope


def _left(scope: Any) -> bool:
    """Leave a scope, if that is done by the only task in it, which is in no other."""
    status = scope._cancel_status
    if status is None or order.run is None or context.runner.is_guest:
        return False
    task, parent = context.task, status._parent
    alone = task._cancel_status is status and len(status._tasks) == 1 and not status._children
    if parent is None or not alone or parent.effectively_cancelled:
        return False
    task._cancel_status = parent
    parent._tasks.add(task)
    parent._children.remove(status)
    status._tasks.clear()
    status._parent = scope._cancel_status = None
    if scope._registered_deadline != inf:
        scope._registered_deadline = inf
        context.runner.deadlines._active -= 1  # its `remove`
    return True


def _exit(scope: Any, kind: Any, error: BaseException | None, trace: Any) -> Any:
    """``CancelScope.__exit__``."""
    if error is None and _left(scope):
        return True
    return _trio_exit(scope, kind, error, trace)


def _close(scope: Any, error: BaseException | None) -> BaseException | None:
    """``CancelScope._close``, which nurseries call."""
    if error is None and _left(scope):
        return None
    return _trio_close(scope, error)


def _reschedule(runner: Any, task: Any, next_send: Any = _no_send) -> None:
    """``Runner.reschedule``, without an outcome made for each task that is told nothing."""
    if runner.is_guest or runner.instruments.data:
        _trio_reschedule(runner, task, next_send)
        return
    assert task._next_send_fn is None, f"{task!r} is runnable already"
    task._next_send_fn = task.coro.send
    task._next_send = WOKEN if next_send is _no_send else next_send
    task._abort_func = None
    task.custom_sleep_data = None
    runner.runq.append(task)


@contextmanager
def quick_scopes() -> Iterator[None]:
    """While active, the scopes and wake-ups of a run that is stepped directly are those here."""
    saved = _scopes.__enter__, _scopes.__exit__, _scopes._close
    others = _runners.reschedule, trio.move_on_after
    _scopes.__enter__, _scopes.__exit__, _scopes._close = _enter, _exit, _close
    _runners.reschedule = _reschedule
    if _SCOPE_AS_KNOWN:
        trio.move_on_after = _move_on_after
    try:
        yield
    finally:
        _scopes.__enter__, _scopes.__exit__, _scopes._close = saved
        _runners.reschedule, trio.move_on_after = others
