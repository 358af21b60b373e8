"""Worker processes, each with a hash seed of its own.

What depends on the order of a set of strings, on a hash or on a process id then differs from worker
to worker, so that repeating a run in another worker shows it.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, wait
from contextlib import contextmanager

from splitbrain.harness.processes import ready

HASH_SEED = "PYTHONHASHSEED"


@contextmanager
def processes(jobs: int, hash_seed: int) -> Iterator[Executor]:
    """That many worker processes, ended with the block, whatever they are doing.

    Args:
        jobs: how many.
        hash_seed: the PYTHONHASHSEED of these workers.
    """
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=ready)
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
    workers = list(multiprocessing.active_children())
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
            worker.join()
