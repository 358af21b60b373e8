"""Certificates of valid verdicts against weak models: orders of dependencies and of commits.

    dependencies   transactions in an order in which the dependencies go forward of which the model
                   forbids cycles (ww; wr as well from read committed on); anti-dependencies as far
                   as that is possible
    commits        transactions in an order of commits that satisfies the axiom of a level

What is in them is re-checked by `splitbrain.checkers.isolation.recheck.verdicts`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.consistency import DECIDED_BY_ORDERS, SESSION_KINDS, forbidden
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.kernels import graphs
from splitbrain.checkers.isolation.kernels.codes import PROCESS, REALTIME, WR, WW
from splitbrain.checkers.isolation.observing import Observations
from splitbrain.checkers.isolation.sessions import GUARANTEES
from splitbrain.checkers.isolation.transactions import Transactions
from splitbrain.checkers.isolation.weak import LEVELS, commit_order

Array = npt.NDArray[Any]


def indices_of(t: Transactions, transactions: Array) -> list[int]:
    """Indices of the invocations of some transactions."""
    found: list[int] = t.indices[t.invoked[transactions]].tolist()
    return found


def speaks_of_sessions(model: str) -> bool:
    """Whether a model asks for something of sessions in the manner of causal consistency."""
    return not forbidden(model).isdisjoint(SESSION_KINDS)


def no_proof(model: str) -> dict[str, Any]:
    """What a certificate says if the absence of anomalies is all that there is."""
    return {
        "no proof": f"{model} is judged by the anomalies that refute it; that there is none in "
        "what the reads show does not prove that it holds"
    }


def weak_proof(
    model: str, graph: Dependencies, observe: Callable[[], Observations], alive: Array
) -> dict[str, Any]:
    """The certificate of a model weaker than snapshot isolation.

    Args:
        model: its name.
        graph: dependencies, without cycles that the model forbids.
        observe: gives who read from whom.
        alive: transactions that took effect.
    """
    kinds = forbidden(model)
    proof = {} if model in DECIDED_BY_ORDERS else no_proof(model)
    observed = observe()
    t = observed.transactions
    if "G0" in kinds:
        order = forward_order(graph, WW | PROCESS | REALTIME | (WR if "G1c" in kinds else 0))
        if order is None:
            return no_proof(model)
        proof["dependencies"] = indices_of(t, order[alive[order]])
    levels = [level for level in reversed(LEVELS) if LEVELS[level] in kinds]
    for level in levels[:1] or [name for name in GUARANTEES if name in kinds]:
        order = commit_order(observed, level)
        if order is None:
            return no_proof(model)
        proof["commits"] = {"level": level, "order": indices_of(t, order[alive[order]])}
    return proof


def forward_order(graph: Dependencies, mask: int) -> Array | None:
    """Transactions in an order in which edges of some kinds go forward; None if there is none.

    The others go forward too, except within a component.
    """
    compiled = kernels.of(graphs, size=graph.nodes + len(graph))

    def components(kinds: int) -> tuple[Array, int]:
        offsets, targets = compiled.adjacency(
            graph.source, graph.target, graph.kind, kinds, graph.nodes
        )
        component, count = compiled.strong_components(offsets, targets)
        return -component[: graph.transactions].astype(np.int64), count

    inner, count = components(mask)
    if count < graph.nodes:
        return None
    outer, _ = components(255)
    return np.lexsort((inner, outer))
