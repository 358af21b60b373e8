"""Runs the search's kernels over all keys of a history, within a budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from checkers import kernels
from checkers.history.columns import Int64
from checkers.linearizability import _search_kernels as k
from checkers.linearizability._memo_kernels import T_MASKS
from checkers.linearizability.search import Budget

Progress = Callable[[int, int], None]
"""Told, now and then, how many of how many events have been passed."""

_SLICE = 150_000
_ROWS, _FRAMES = 1 << 12, 1 << 8


@dataclass(slots=True)
class Limits:
    """How far a search may go, and who wants to know how far it is.

    Attributes:
        budget: see `Budget`.
        deadline: on ``time.perf_counter``, or None.
        progress: see `Progress`.
        interrupted: whether somebody pressed Ctrl-C; what was not decided then stays so.
    """

    budget: Budget
    deadline: float | None = None
    progress: Progress | None = None
    interrupted: bool = False
    out_of_time: bool = False
    out_of_memory: bool = False

    @property
    def stopped(self) -> bool:
        """Whether to begin nothing more."""
        return self.interrupted or self.out_of_time

    def look(self) -> bool:
        """Look at the clock; True if it is time to stop."""
        if self.deadline is not None and time.perf_counter() > self.deadline:
            self.out_of_time = True
        return self.stopped


@dataclass(slots=True)
class Problems:
    """All problems of a history, as `_search_kernels` wants them; see there.

    Attributes:
        events: events, key by key.
        ops: operations, key by key.
        keys: keys; the search fills its last columns.
        optionals: operations that need not happen, key by key.
        values: how many values there are.
        log: room for a linearization of each key.
        best: room for the longest prefix of one.
    """

    events: Int64
    ops: Int64
    keys: Int64
    optionals: Int64
    values: int
    log: Int64
    best: Int64

    def order(self, key: int) -> Int64:
        """The operations placed for a key: all if it was found linearizable, else the most."""
        start, length = int(self.keys[key, k.OPERATIONS]), int(self.keys[key, k.LENGTH])
        log = self.log if self.keys[key, k.STATUS] == k.FOUND else self.best
        out = np.empty(length, dtype=np.int64)
        run = kernels.of(k, size=length)
        run.ordered(self.ops, log[start : start + length], out)
        return out


def search_all(p: Problems, limits: Limits) -> None:
    """Search every key; what became of each is in ``p.keys`` afterwards.

    Args:
        p: the problems.
        limits: when to stop. Keys not decided by then are `OPEN` or `EXHAUSTED`.
    """
    run = kernels.of(k, size=len(p.events))
    words = np.maximum(1, -(-p.keys[:-1, k.SLOTS] // k.BITS))
    more = -(-np.diff(p.keys[:, k.OPTIONALS]) // k.BITS)
    wanted = np.zeros(p.values + 1, dtype=np.int64)
    stamp = 0
    for shape in sorted(set(zip(words.tolist(), more.tolist(), strict=True))):
        chosen = np.flatnonzero((words == shape[0]) & (more == shape[1]))
        search = _Search(run, p, limits, chosen, wanted, *shape)
        search.machine[k.STAMP] = stamp
        try:
            search.run()
        except KeyboardInterrupt:
            limits.interrupted = True
        if limits.stopped:
            return
        stamp = int(search.machine[k.STAMP])


class _Search:
    """A search of keys whose masks are equally wide."""

    def __init__(
        self,
        compiled: Any,
        p: Problems,
        limits: Limits,
        chosen: Int64,
        wanted: Int64,
        words: int,
        more: int,
    ) -> None:
        self.compiled, self.p, self.limits, self.chosen = compiled, p, limits, chosen
        self.wanted, self.words = wanted, words
        slots = max(int(p.keys[chosen, k.SLOTS].max(initial=0)), 1)
        self.machine = np.zeros(k.PLACED + words + more + slots, dtype=np.int64)
        self.machine[k.WORDS], self.machine[k.MORE] = words, more
        self.machine[k.LIMIT] = limits.budget.configurations
        self.table = np.zeros((_ROWS, T_MASKS + words + more), dtype=np.int64)
        self.frames = np.zeros((_FRAMES, k.F_MASKS + 2 * (words + more)), dtype=np.int64)

    def run(self) -> None:
        """Search the keys, or as many as the limits allow."""
        m = self.machine
        while True:
            m[k.STOP] = m[k.STAMP] + _SLICE
            why = self._go_on()
            if why == k.DONE or (why == k.PAUSED and self.limits.look()):
                return
            if why == k.PAUSED:
                self._tell()
            elif why == k.STACK_FULL:
                frames = np.zeros((2 * len(self.frames), self.frames.shape[1]), dtype=np.int64)
                frames[: len(self.frames)] = self.frames
                self.frames = frames
            elif 3 * self.table.nbytes + self.frames.nbytes <= self.limits.budget.memory:
                table = np.zeros((2 * len(self.table), self.table.shape[1]), dtype=np.int64)
                self.compiled.rehash(self.table, table, self.words)
                self.table = table
            else:
                self.limits.out_of_memory = True
                self.p.keys[self.chosen[m[k.AT]], k.STATUS] = k.EXHAUSTED
                m[k.AT] += 1
                m[k.MODE] = k.START

    def _go_on(self) -> int:
        p = self.p
        why: int = self.compiled.run(
            *(p.events, p.ops, p.keys, p.optionals, self.machine, self.table, self.frames),
            *(self.wanted, p.log, p.best, self.chosen),
        )
        return why

    def _tell(self) -> None:
        """Tell how far it is."""
        if self.limits.progress is not None:
            keys = self.p.keys
            events = np.diff(keys[:, k.EVENTS])
            decided = int(events[keys[:-1, k.STATUS] != k.OPEN].sum())
            key = self.chosen[self.machine[k.AT]]
            here = int(self.machine[k.FAR] - keys[key, k.EVENTS])
            self.limits.progress(decided + here, len(self.p.events))
