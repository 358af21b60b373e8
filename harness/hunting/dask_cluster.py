"""The workers of a Dask cluster, for hunts that one machine is too small for.

The scheduler's address is all that is known of it. Workers must be able to import what the hunt
imports: this package, and the systems hunted in. Dask runs tasks in threads, and simulations of one
process can't run side by side (they guard its clock, its randomness and so on), so tasks of one
process wait for each other: give each core a worker of its own (``dask worker --nworkers 8
--nthreads 1``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from splitbrain.harness.hunting.pool import Workers
from splitbrain.harness.runs.folders import StoreError

CONNECTING_S = 60
"""How long a scheduler and its first worker may take to be there, in seconds; one that starts anew
takes a while."""

LEAST_JOBS = 8
"""So many tasks are handed out at a time at least, since workers may join later."""

_alone = threading.Lock()


def cluster(address: str) -> Workers:
    """The workers of the cluster whose scheduler is at this address (``tcp://host:8786``).

    Raises:
        StoreError: Dask is not installed, or no scheduler with a worker answers there.
    """
    with _connected(address) as executor:
        jobs = max(LEAST_JOBS, executor.threads())
    return Workers(lambda: _connected(address), jobs)


class _Cluster(Executor):
    """A client's executor, whose tasks run one at a time in each process."""

    def __init__(self, client: Any) -> None:
        self._client = client
        # Not pure: what is done again is done again, whatever was remembered of it.
        self._executor = client.get_executor(pure=False)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(_by_itself, function, *arguments, **named)
        return future

    def threads(self) -> int:
        """How many threads all workers have."""
        return sum(self._client.nthreads().values())


def _by_itself(function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    with _alone:
        return function(*arguments, **named)


@contextmanager
def _connected(address: str) -> Iterator[_Cluster]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise StoreError(
            "Dask is not installed: pip install 'splitbrain[dask]', here and where workers run"
        ) from None
    try:
        client = distributed.Client(address, timeout=CONNECTING_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise StoreError(f"no Dask scheduler answers at {address}: {error}") from None
    try:
        try:
            client.wait_for_workers(1, timeout=CONNECTING_S)
        except (OSError, TimeoutError) as error:
            raise StoreError(
                f"the Dask scheduler at {address} has no workers: dask worker {address} "
                f"--nthreads 1 ({error})"
            ) from None
        yield _Cluster(client)
    finally:
        client.close(timeout=5)
