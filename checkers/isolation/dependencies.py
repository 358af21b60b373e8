"""Dependencies between transactions: the direct serialization graph, and what time adds to it.

The kinds are Adya's ("Weak Consistency: A Generalized Theory", MIT 1999, section 3.1), with two
from Kingsbury and Alvaro ("Elle", VLDB 2020):

    ww   the second wrote the version after the first's
    wr   the second read the version that the first wrote
    rw   the second wrote the version after the one that the first read
    process    the second followed the first in its session
    realtime   the first had completed when the second was invoked
    per-key    the same, of two that touch a key in common

*Auxiliary nodes* stand for many edges at once: an instant, between all transactions that completed
before it and all that were invoked after it; or the writes of a key that nobody read. An edge into
one has the kind of the dependency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history.columns import joined
from splitbrain.checkers.isolation.kernels import fans, times
from splitbrain.checkers.isolation.kernels.codes import (
    FAIL,
    OK,
    PER_KEY,
    PROCESS,
    REALTIME,
    RW,
    RW_PREDICATE,
    WR,
    WW,
)
from splitbrain.checkers.isolation.transactions import Transactions

Array = npt.NDArray[Any]

NAMES = {
    WW: "ww",
    WR: "wr",
    RW: "rw",
    RW_PREDICATE: "rw-predicate",
    PROCESS: "process",
    REALTIME: "realtime",
    PER_KEY: "per-key",
}
"""What a kind of dependency is called, by its bit."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """A graph of transactions.

    Attributes:
        transactions: number of transactions: nodes from there on are auxiliary.
        nodes: number of nodes.
        source: where each edge begins.
        target: where it ends.
        kind: its kind, one bit: `WW`, `WR`, `RW`, `RW_PREDICATE`, `PROCESS`, `REALTIME` or
            `PER_KEY`; or `WW` or `RW` together with a kind of time and `INFERRED`.
    """

    transactions: int
    nodes: int
    source: Array
    target: Array
    kind: Array

    def __len__(self) -> int:
        return len(self.source)


class Builder:
    """Collects edges, and gives out numbers for auxiliary nodes."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions
        self.nodes = len(transactions)
        self._sources: list[Array] = []
        self._targets: list[Array] = []
        self._kinds: list[Array] = []

    def add(self, source: Array, target: Array, kind: int | Array) -> None:
        """Add edges of one kind, or of a kind each."""
        self._sources.append(source)
        self._targets.append(target)
        if isinstance(kind, int):
            kind = np.full(len(source), kind, np.uint8)
        self._kinds.append(kind)

    def add_fan(
        self, keys: Array, writers: Array, users: Array, user_keys: Array, user_kinds: Array
    ) -> None:
        """Add that some transactions precede all writers of a set but themselves.

        Args:
            keys: keys of the writes, increasing.
            writers: their transactions, increasing for each key.
            users: transactions that precede all writers of a key.
            user_keys: that key.
            user_kinds: by which kind of dependency.
        """
        place = np.searchsorted(keys, np.arange(self.transactions.key_count + 1))
        compiled = kernels.of(fans, size=len(keys) + len(users))
        self.add(
            *compiled.fan_edges(keys, writers, place, self.nodes, users, user_keys, user_kinds)
        )
        self.nodes += 2 * len(keys)

    def add_time(self, *, process: bool, realtime: bool, per_key: bool = False) -> None:
        """Add what sessions and real time say, or real time among those who touch a key."""
        t = self.transactions
        compiled = kernels.of(times, size=t.size)
        if process:
            numbers = _dense(t.process)
            count = int(numbers.max(initial=0)) + 1
            source, target = compiled.session_edges(t.status, numbers, count)
            self.add(source, target, PROCESS)
        if realtime:
            source, target, instants = compiled.realtime_edges(
                t.status, t.invoked, t.completed, t.events, self.nodes
            )
            self.add(source, target, REALTIME)
            self.nodes += instants
        if per_key:
            source, target, instants = compiled.per_key_edges(*_touches(t), self.nodes)
            self.add(source, target, PER_KEY)
            self.nodes += instants

    def build(self) -> Dependencies:
        """The graph. What was collected is gone then, so that memory holds each edge once."""
        self.add(np.empty(0, np.int32), np.empty(0, np.int32), 0)
        sources, targets, kinds = map(joined, (self._sources, self._targets, self._kinds))
        return Dependencies(len(self.transactions), self.nodes, sources, targets, kinds)


def _touches(t: Transactions) -> tuple[Array, Array, Array]:
    """Invocations and completions of those who touch each key, in order; see `per_key_edges`."""
    owners = np.repeat(np.arange(len(t)), np.diff(t.offsets))
    pairs = np.unique(t.key.astype(np.int64) * len(t) + owners)
    key, by = pairs // max(len(t), 1), pairs % max(len(t), 1)
    key, by = key[t.status[by] != FAIL], by[t.status[by] != FAIL]
    done = t.status[by] == OK
    keys, who = np.concatenate([key, key[done]]), np.concatenate([by, by[done]])
    when = np.concatenate([t.invoked[by], t.completed[by[done]]])
    completes = np.arange(len(who)) >= len(by)
    order = np.lexsort((when, keys))
    return keys[order], who[order].astype(np.int32), completes[order]


def _dense(numbers: Array) -> Array:
    """Numbers from 0 up that are equal where the given ones are."""
    if len(numbers) and numbers.max() > 4 * len(numbers) + 1024:
        return np.unique(numbers, return_inverse=True)[1].astype(np.int64)
    return numbers
