"""A likely order of writers, tried before any search.

Most databases take effect one after another, and not long before they answer. So transactions are
put into an order that agrees with all that is known or certain, real time among it, those that
ended earlier first; and a key's writers are taken to have come in that order. If what follows has
no cycle, the history is strictly serializable, and everything weaker. If it has one, that says
nothing.

*Complexity.* Linear, but for sorting: no pair of writers is looked at but neighbors.
"""

from __future__ import annotations

import heapq
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.complete.writers import Writers
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.registers.inference import RegisterHistory, register_dependencies
from splitbrain.checkers.isolation.registers.versions import GUESSED, VersionOrder
from splitbrain.checkers.isolation.schedule import serial_schedule

Array = npt.NDArray[Any]

EDGES_LIMIT = 5_000_000
"""Dependencies beyond which nothing is guessed: they are walked one by one."""


def guessed(history: RegisterHistory, writers: Writers) -> Dependencies | None:
    """Dependencies of the order that is likely, without a cycle; None if they have one."""
    known = register_dependencies(history, process=True, realtime=True)
    if len(known) > EDGES_LIMIT:
        return None
    t = history.transactions
    moments = np.full(known.nodes, -1, np.int64)
    moments[: len(t)] = np.where(t.completed < 0, t.events, t.completed)
    rank = _ranks(known, moments)
    if rank is None:
        return None
    order = np.lexsort((rank[writers.owner], writers.key))
    element, key, owner = writers.element[order], writers.key[order], writers.owner[order]
    same = key[1:] == key[:-1]
    versions = VersionOrder(
        element[:-1][same],
        element[1:][same],
        np.full(int(np.count_nonzero(same)), GUESSED),
        owner[:-1][same],
        owner[1:][same],
    )
    graph = register_dependencies(
        replace(history, versions=versions), process=True, realtime=True, certain=False
    )
    return None if serial_schedule(graph) is None else graph


def _ranks(graph: Dependencies, moments: Array) -> Array | None:
    """Places of nodes in an order that dependencies agree with, earliest first; None if cyclic."""
    by_source = np.argsort(graph.source, kind="stable")
    offsets = np.searchsorted(graph.source[by_source], np.arange(graph.nodes + 1)).tolist()
    targets = graph.target[by_source].tolist()
    left = np.bincount(graph.target, minlength=graph.nodes).tolist()
    when = moments.tolist()
    ready = [(when[node], node) for node in range(graph.nodes) if not left[node]]
    heapq.heapify(ready)
    rank = np.full(graph.nodes, -1, np.int64)
    placed = 0
    while ready:
        _, node = heapq.heappop(ready)
        rank[node] = placed
        placed += 1
        for target in targets[offsets[node] : offsets[node + 1]]:
            left[target] -= 1
            if not left[target]:
                heapq.heappush(ready, (when[target], target))
    return rank if placed == graph.nodes else None
