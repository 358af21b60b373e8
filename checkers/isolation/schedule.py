"""Orders that explain a history: one after another, or as snapshot isolation has it.

Serial: transactions in an order that all dependencies agree with. Under snapshot isolation a
transaction has two instants: it *begins*, and sees what was committed by then; it *commits*, and
nobody else may have committed a write to the same key in between. So ww, wr, process and real-time
edges lead from a commit to a begin, and rw edges from a begin to a commit; a history is snapshot
isolated if these events can be sorted, which is when every cycle has two rw in a row (Cerone and
Gotsman, "Analysing Snapshot Isolation", PODC 2016, theorem 9).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.kernels import graphs
from splitbrain.checkers.isolation.kernels.codes import ANTI, TIME, WR, WW

Array = npt.NDArray[Any]

PLAIN = WW | WR | TIME


def doubled(graph: Dependencies) -> tuple[Array, Array]:
    """Edges between begins (2t) and commits (2t + 1), and of each begin before its commit."""
    compiled = kernels.of(graphs, size=len(graph))
    source, target = compiled.without_adjacent(
        graph.source, graph.target, graph.kind, PLAIN, ANTI, graph.transactions
    )
    begins = 2 * np.arange(graph.transactions, dtype=np.int32)
    return np.concatenate([source, begins]), np.concatenate([target, begins + 1])


def snapshot_schedule(graph: Dependencies) -> Array | None:
    """Begins and commits in an order that snapshot isolation allows: 2t and 2t + 1.

    None if there is none.
    """
    source, target = doubled(graph)
    nodes = 2 * graph.nodes
    compiled = kernels.of(graphs, size=nodes + len(source))
    every = np.ones(len(source), np.uint8)
    offsets, targets = compiled.adjacency(source, target, every, 1, nodes)
    component, components = compiled.strong_components(offsets, targets)
    if components < nodes:
        return None
    return np.argsort(-component[: 2 * graph.transactions].astype(np.int64), kind="stable")


def serial_schedule(graph: Dependencies) -> Array | None:
    """Transactions in an order that agrees with all dependencies; None if there is none."""
    compiled = kernels.of(graphs, size=graph.nodes + len(graph))
    every = np.ones(len(graph), np.uint8)
    offsets, targets = compiled.adjacency(graph.source, graph.target, every, 1, graph.nodes)
    component, components = compiled.strong_components(offsets, targets)
    if components < graph.nodes:
        return None
    return np.argsort(-component[: graph.transactions].astype(np.int64), kind="stable")
