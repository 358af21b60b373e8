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
  effect). The tests run the same plans under both and compare the traces.

`check_trio` fails loudly, with trio's version, if any of these names is gone or no longer works so.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

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


class Order:
    """Takes the place of trio's random generator; `policy` is the running node's, and so is
    `sleep_until` if that node is stepped by us."""

    def __init__(self) -> None:
        self.policy: Policy | None = None
        self.sleep_until: Callable[[float], Awaitable[None]] | None = None

    def shuffle(self, batch: list[Task]) -> None:
        """Called by trio (and by our stepper) with each batch of runnable tasks."""
        if self.policy is not None and len(batch) > 1:
            self.policy(batch)

    def random(self) -> float:
        """Called by trio where it would toss a coin; the answer is always the same."""
        return 0.9

    def uniform(self, low: float, high: float) -> float:
        """Called by trio where it would add jitter; there is none."""
        return low


order = Order()


_trio_sleep_until = trio.sleep_until


async def _sleep_until(deadline: float) -> None:
    sleep_until = order.sleep_until
    if sleep_until is None:
        await _trio_sleep_until(deadline)
    elif deadline != deadline:
        raise ValueError("deadline must not be NaN")
    else:
        await sleep_until(deadline)


async def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("`seconds` must be non-negative")
    if seconds == 0:
        await trio.lowlevel.checkpoint()
    else:
        await _sleep_until(trio.current_time() + seconds)


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
    hooks = sys.get_asyncgen_hooks()
    library = sniffio.thread_local.name
    sleeps = trio.sleep, trio.sleep_until
    module._ALLOW_DETERMINISTIC_SCHEDULING = True
    module._r = order
    trio.sleep, trio.sleep_until = _sleep, _sleep_until
    sniffio.thread_local.name = "trio"
    try:
        yield
    finally:
        module._ALLOW_DETERMINISTIC_SCHEDULING, module._r = saved
        trio.sleep, trio.sleep_until = sleeps
        sniffio.thread_local.name = library
        sys.set_asyncgen_hooks(*hooks)


_NAMES = {
    trio_run: (
        "_ALLOW_DETERMINISTIC_SCHEDULING",
        "_r",
        "GLOBAL_RUN_CONTEXT",
        "TheIOManager",
        "KIManager",
        "setup_runner",
    ),
    trio_run.Task: (
        "_counter",
        "_next_send_fn",
        "_next_send",
        "_abort_func",
        "_cancel_status",
        "_attempt_delivery_of_any_pending_cancel",
    ),
    trio_run.Runner: ("reschedule", "spawn_impl", "task_exited", "init", "close"),
    trio_run.Deadlines: ("expire", "next_deadline", "_heap"),
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
