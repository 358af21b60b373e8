"""The same jobs on real threads, processes or machines: any executor of `concurrent.futures`.

What the simulated workers make must be what these make: a local pool, or a Dask cluster by
``distributed.Client.get_executor()`` (extra ``dask``). Pairs are sorted in memory here, and no task
runs twice unless the executor sees to that.

>>> from concurrent.futures import ThreadPoolExecutor
>>> with ThreadPoolExecutor(2) as pool:
...     run_locally(pool, "mean", "k1 3\\nk2 4\\nk1 5\\n", split=6, reducers=2)
[('k1', (8, 2)), ('k2', (4, 1))]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from random import Random
from typing import Any

from splitbrain.systems.batch.mapreduce.jobs import Job, Pair, Split, splits


def run_locally(
    executor: Executor, function: str, text: str, split: int = 60, reducers: int = 2
) -> list[tuple[str, Any]]:
    """The output of a job, its tasks run by an executor: reduce tasks when all map tasks have
    ended.

    Args:
        function: what is computed of each key's numbers, as jobs of the system say it.
        text: the input, a key and a number in each line.
        split: characters of the input in a map task.
        reducers: how many reduce tasks there are.

    Raises:
        ValueError: a line of the text is no key and number.
    """
    maps = [executor.submit(mapped, text, part, reducers) for part in splits(text, split)]
    made = [each.result() for each in maps]
    reduces = [
        executor.submit(reduced, function, [parts[reducer] for parts in made])
        for reducer in range(reducers)
    ]
    return sorted(pair for each in reduces for pair in each.result())


def mapped(text: str, split: Split, reducers: int) -> list[list[Pair]]:
    """A map task: by reducer, its keys with their values combined."""
    job = Job()
    parts: list[list[Pair]] = [[] for _ in range(reducers)]
    for line in job.records(text, split):
        key, value = job.mapped(line)
        parts[job.partition(key, reducers, Random(0))].append((key, value))
    return [_combined(job, part) for part in parts]


def reduced(function: str, parts: Iterable[Sequence[Pair]]) -> list[Pair]:
    """A reduce task: each of its keys with its output."""
    job = Job()
    pairs = _combined(job, [pair for part in parts for pair in part])
    return [(key, job.reduced(function, value)) for key, value in pairs]


def _combined(job: Job, pairs: Iterable[Pair]) -> list[Pair]:
    values: dict[str, list[Any]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return [(key, job.combined(values[key])) for key in sorted(values)]
