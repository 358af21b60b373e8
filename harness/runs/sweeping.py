"""What runs leave behind is removed, at a small and bounded share of their time."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from splitbrain.harness.hosttime import cpu_seconds

RUNS = 30
"""So many runs at least are between two full sweeps."""

SHARE = 0.01
"""Of the process's CPU time, what full sweeps may take: where a process holds millions of objects,
as one with many tests does, one takes a second."""


class Sweeper:
    """Sweeps for reference cycles after runs.

    A sweep of what is young is cheap, and makes what a run answered with old. Nothing else looks at
    what is old, since the collector rests while runs go on: a hunt of many hours would grow by up
    to a megabyte a run. So now and then all is looked through.
    """

    def __init__(self, cpu: Callable[[], float] = cpu_seconds) -> None:
        self._cpu = cpu
        self._runs = 0
        self._not_before = 0.0

    def after_run(self) -> None:
        """A run has ended, and its world is gone."""
        self._runs += 1
        if self._runs < RUNS or (began := self._cpu()) < self._not_before:
            gc.collect(1)
            return
        gc.collect()
        ended = self._cpu()
        self._runs = 0
        self._not_before = ended + (ended - began) / SHARE


_SWEEPER = Sweeper()


@contextmanager
def swept_afterwards() -> Iterator[None]:
    """One sweep when a run's world is gone and little is left to look through.

    It would have to look through all of the world if it came sooner.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        _SWEEPER.after_run()
        if collecting:
            gc.enable()
