"""The files called trio_* are the only ones that touch trio's private names; this says why.

A simulated node is one trio run of its own: ``trio.sleep``, ``trio.move_on_after`` and
``trio.current_time`` in its code then follow that node's clock, pausing the node is not stepping
its run, and killing it is cancelling its run. trio offers `trio.lowlevel.start_guest_run` for a
run that somebody else drives, and `GuestRun` uses it. Three things are not public, and each is
named once, here:

* **Deterministic scheduling.** trio randomizes the order of runnable tasks on purpose. With
  ``_ALLOW_DETERMINISTIC_SCHEDULING`` it sorts them by age first and then asks ``_r.shuffle``;
  both are replaced while a world runs, so the order is ours (hypothesis and pytest-trio use the
  same hook).
* **Several runs in one thread.** A thread has one current runner, ``GLOBAL_RUN_CONTEXT.runner``;
  it is swapped when the world steps another node.
* **Speed.** A guest run polls the operating system for I/O in each step. `DirectRun` builds the
  runner with an I/O manager that has none and steps its tasks itself: the same batches in the
  same order, two to three times as fast. While a world runs, ``trio.sleep`` is replaced, too, by
  one that needs no cancel scope (imported by name before, it is trio's: slower, with the same
  effect), and so is the context manager in which a cancel scope registers its deadline, by one
  that is no generator; scopes that are entered and left without more ado, and wake-ups that tell
  nothing, are `trio_scopes`'s. The tests run the same plans under both and compare the traces.

`check_trio` fails loudly, with trio's version, if any of these names is gone or no longer works so.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from math import inf
from typing import Any, Protocol

import sniffio
import trio
import trio._core._run as trio_run
import trio._threads as trio_threads

Task = trio.lowlevel.Task
Policy = Callable[[list[Task]], None]
"""Reorders a batch of runnable tasks in place; the last one runs first."""

THREAD_STARTER = (trio_threads, "start_thread_soon")
"""Where `trio.to_thread` gets its threads, some of them started long ago."""

module: Any = trio_run
"""trio's module of the run loop, to replace names in."""

context: Any = trio_run.GLOBAL_RUN_CONTEXT
"""The thread's current runner and task, as attributes."""


class UnsupportedTrio(RuntimeError):
    """This version of trio no longer has what the simulator builds on."""


class Stepped(Protocol):
    """What the hooks ask of the run that is being stepped.

    Attributes:
        policy: the order of its runnable tasks.
        moved: when a scope's deadline is met, if a test says so; None: when it is.
        generator_hooks: trio's hooks for async generators that this run iterates first.
    """

    policy: Policy | None
    moved: Callable[[Any, float], float] | None
    generator_hooks: tuple[Any, Any]

    def sleep(self, seconds: float) -> Any:
        """What to await in place of `trio.sleep`, if that is a number above 0."""
        ...

    def sleep_until(self, deadline: float) -> Any:
        """What to await in place of `trio.sleep_until`."""
        ...


class Order:
    """Takes the place of trio's random generator; `run` is the one that is being stepped."""

    def __init__(self) -> None:
        self.run: Stepped | None = None

    def shuffle(self, batch: list[Task]) -> None:
        """Called by trio with each batch of runnable tasks."""
        if self.run is not None and self.run.policy is not None and len(batch) > 1:
            self.run.policy(batch)

    def random(self) -> float:
        """Called by trio where it would toss a coin; the answer is always the same."""
        return 0.9

    def uniform(self, low: float, high: float) -> float:
        """Called by trio where it would add jitter; there is none."""
        return low


order = Order()


trio_sleep_until = trio.sleep_until
"""trio's own, whatever is in its place now."""

_trio_sleep = trio.sleep
_trio_current_time = trio.current_time


async def _sleep_until(deadline: float) -> None:
    run = order.run
    if deadline != deadline:
        raise ValueError("deadline must not be NaN")
    await (trio_sleep_until(deadline) if run is None else run.sleep_until(deadline))


def _sleep(seconds: float) -> Any:
    run = order.run
    if run is None or not seconds > 0:
        return _trio_sleep(seconds)
    return run.sleep(seconds)


def _current_time() -> float:
    if order.run is None:
        return _trio_current_time()
    now: float = context.runner.clock.current_time()
    return now


class _Registering:
    """What ``CancelScope._might_change_registered_deadline`` does, at a third of the cost."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Any) -> None:
        self._scope = scope

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        scope = self._scope
        old = scope._registered_deadline
        new = inf if scope._cancel_status is None or scope._cancel_called else scope._deadline
        run = order.run
        if new != inf and run is not None and run.moved is not None:
            new = run.moved(scope, new)
        if old != new:
            scope._registered_deadline = new
            deadlines = context.runner.deadlines
            if old != inf:
                deadlines.remove(old, scope)
            if new != inf:
                deadlines.add(new, scope)


_scopes: Any = trio.CancelScope
_trio_registering = _scopes._might_change_registered_deadline


def _registering(scope: Any) -> AbstractContextManager[None]:
    if context.runner.is_guest:
        guests: AbstractContextManager[None] = _trio_registering(scope)
        return guests
    return _Registering(scope)


@contextmanager
def _generators_told_apart() -> Iterator[None]:
    """Give each async generator to the run that iterates it first.

    trio's hooks belong to a runner, and Python has one pair of hooks a thread. To swap them with
    the runner at each step would cost more than the step.
    """
    outer = sys.get_asyncgen_hooks()
    owners: dict[int, tuple[Any, Any]] = {}

    def first_iterated(generator: AsyncGenerator[Any, Any]) -> None:
        run = order.run
        first, _ = owners[id(generator)] = run.generator_hooks if run else outer
        if first is not None:
            first(generator)

    def finalized(generator: AsyncGenerator[Any, Any]) -> None:
        _, last = owners.pop(id(generator), outer)
        if last is not None:
            last(generator)

    sys.set_asyncgen_hooks(first_iterated, finalized)
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*outer)


@contextmanager
def deterministic_scheduling() -> Iterator[None]:
    """While active, trio's scheduling order is decided by the running node's policy alone.

    Raises:
        UnsupportedTrio: this trio has no such hook.
        RuntimeError: called from inside a trio run.
    """
    check_trio()
    if trio.lowlevel.in_trio_run():
        raise RuntimeError(
            "a simulation was started inside a running trio program: call it from synchronous code"
        )
    saved = module._ALLOW_DETERMINISTIC_SCHEDULING, module._r
    registering = _scopes._might_change_registered_deadline
    library = sniffio.thread_local.name
    times = trio.sleep, trio.sleep_until, trio.current_time
    module._ALLOW_DETERMINISTIC_SCHEDULING = True
    module._r = order
    trio.sleep, trio.sleep_until, trio.current_time = _sleep, _sleep_until, _current_time
    _scopes._might_change_registered_deadline = _registering
    sniffio.thread_local.name = "trio"
    try:
        with _generators_told_apart():
            yield
    finally:
        _scopes._might_change_registered_deadline = registering
        module._ALLOW_DETERMINISTIC_SCHEDULING, module._r = saved
        trio.sleep, trio.sleep_until, trio.current_time = times
        sniffio.thread_local.name = library


_NAMES = {
    trio_run: (
        "_ALLOW_DETERMINISTIC_SCHEDULING",
        "_r",
        "GLOBAL_RUN_CONTEXT",
        "TheIOManager",
        "KIManager",
        "EntryQueue",
        "setup_runner",
        "_NO_SEND",
    ),
    trio_run.Task: (
        "_counter",
        "_next_send_fn",
        "_next_send",
        "_abort_func",
        "_cancel_status",
        "_attempt_delivery_of_any_pending_cancel",
    ),
    trio_run.Runner: (
        "reschedule",
        "spawn_impl",
        "task_exited",
        "init",
        "close",
        "is_guest",
        "instruments",
    ),
    trio_run.CancelStatus: ("_parent", "_children", "_tasks", "effectively_cancelled"),
    trio_run.CancelScope: (
        "_close",
        "_has_been_entered",
        "_relative_deadline",
        "_might_change_registered_deadline",
        "_registered_deadline",
        "_deadline",
        "_cancel_called",
        "_cancel_status",
        "__exit__",
    ),
    trio_run.Deadlines: ("expire", "next_deadline", "add", "remove", "_heap", "_active"),
    trio_threads: ("start_thread_soon",),
}


def check_trio() -> None:
    """Check that trio still has every private name used here.

    Raises:
        UnsupportedTrio: a name is gone; the message says which, and trio's version.
    """
    for owner, names in _NAMES.items():
        fields = set(dir(owner)) | set(getattr(owner, "__annotations__", ()))
        for name in names:
            if name not in fields:
                raise UnsupportedTrio(
                    f"trio {trio.__version__} has no {getattr(owner, '__name__', owner)}.{name}: "
                    "install a trio between 0.29 and 0.35, or a newer splitbrain"
                )
