"""Workers: processes of this machine or any other executor; new ones if they are lost.

Processes of ours each have a hash seed that is given. What depends on the order of a set of
strings, on a hash or on a process id then differs from one pool to another, so that repeating a run
in another worker shows it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Self

from splitbrain.harness.workers import ready

HASH_SEED = "PYTHONHASHSEED"

Start = Callable[[], AbstractContextManager[Executor]]
"""Starts workers; they end with the block. It is called again when they are lost."""


class Workers:
    """Workers that can be had again when they are lost.

    Attributes:
        jobs: how many tasks they do at a time.
        generation: how often they were started.
        executor: takes work.
    """

    executor: Executor

    def __init__(self, start: Start, jobs: int) -> None:
        self.jobs = jobs
        self.generation = 0
        self._start = start
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._again()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def renew(self, generation: int) -> None:
        """Start new workers, unless that was done since this generation.

        Raises:
            StoreError: there are none to be had.
        """
        if generation == self.generation:
            with suppress(OSError, RuntimeError):  # what is lost may not end well
                self._stack.close()
            self._again()

    def _again(self) -> None:
        self._stack = ExitStack()
        self.executor = self._stack.enter_context(self._start())
        self.generation += 1


def _prepare() -> None:
    """Nothing that systems print in thousands of runs is shown: each traced run has it."""
    ready()
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def local(jobs: int, hash_seed: int = 0) -> Workers:
    """Processes of this machine."""
    return Workers(lambda: processes(jobs, hash_seed), jobs)


@contextmanager
def processes(jobs: int, hash_seed: int) -> Iterator[Executor]:
    """That many worker processes, ended with the block, whatever they are doing.

    Args:
        jobs: how many.
        hash_seed: the PYTHONHASHSEED of these workers.
    """
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_prepare)
    others = set(multiprocessing.active_children())
    before = os.environ.get(HASH_SEED)
    os.environ[HASH_SEED] = str(hash_seed)
    try:
        # The pool starts a process for each task that finds none idle: as many at once as it has.
        wait([pool.submit(os.getpid) for _ in range(jobs)])
    finally:
        if before is None:
            del os.environ[HASH_SEED]
        else:
            os.environ[HASH_SEED] = before
    workers = [child for child in multiprocessing.active_children() if child not in others]
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
            worker.join()
