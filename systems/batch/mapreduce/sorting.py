"""Sorting and combining more pairs than fit in memory: sorted runs on disk, then a merge."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from splitbrain.harness.node import Disk
from splitbrain.systems import frames
from splitbrain.systems.batch.mapreduce.jobs import Pair

Combine = Callable[[Iterable[Any]], Any]

_START = 0x534F5254  # what the first frame's checksum continues


class Sorter:
    """Pairs in, by key in order out, each key's values combined.

    Args:
        disk: where the runs are; they are gone when the sorter was read, or at the next start.
        name: begins the names of its files; no other sorter's at the time.
        combine: makes one value of several.
        spill_at: the most pairs held in memory.
    """

    def __init__(self, disk: Disk, name: str, combine: Combine, spill_at: int) -> None:
        self._disk = disk
        self._name = name
        self._combine = combine
        self._spill_at = spill_at
        self._pairs: list[Pair] = []
        self._runs: list[str] = []

    def add(self, pair: Pair) -> None:
        """One more pair."""
        self._pairs.append(pair)
        if len(self._pairs) >= self._spill_at:
            self.spill()

    def spill(self) -> None:
        """Write what is in memory as a sorted run."""
        path = f"{self._name}.{len(self._runs)}"
        if self._disk.exists(path):
            self._disk.remove(path)
        data, _ = frames.encode(self._in_memory(), _START)
        self._disk.append(path, data)
        self._runs.append(path)
        self._pairs = []

    def _in_memory(self) -> list[Pair]:
        return list(self._grouped(sorted(self._pairs, key=_key)))

    def _grouped(self, pairs: Iterable[Pair]) -> Iterator[Pair]:
        for key, group in groupby(pairs, _key):
            yield key, self._combine(value for _, value in group)

    def pairs(self) -> list[Pair]:
        """All pairs, combined, in order; the runs are removed."""
        runs = [frames.decode(self._disk.read(path), _START)[0] for path in self._runs]
        merged = heapq.merge(*runs, self._in_memory(), key=_key)
        result = list(self._grouped((key, value) for key, value in merged))
        for path in self._runs:
            self._disk.remove(path)
        self._runs, self._pairs = [], []
        return result


def _key(pair: Any) -> str:
    return str(pair[0])
