"""Kernels for what comes before what in a session and in real time, overall or key by key.

Columns are those of `splitbrain.checkers.isolation.transactions.Transactions`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.codes import FAIL, NONE, OK
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


@jit
def session_edges(status: Array, process: Array, processes: int) -> tuple[Array, Array]:
    """From each transaction to the next of its process, except after indeterminate ones."""
    tails = np.empty(len(status), np.int32)
    heads = np.empty(len(status), np.int32)
    edges = 0
    last = np.full(processes, NONE, np.int32)
    for t in range(len(status)):
        p = process[t]
        # What failed did nothing that anybody could have to follow.
        if status[t] == FAIL:
            continue
        if last[p] != NONE:
            tails[edges] = last[p]
            heads[edges] = t
            edges += 1
        # What is indeterminate may take effect at any later time, so nothing follows it; a process
        # that goes on after it begins anew.
        last[p] = t if status[t] == OK else NONE
    return tails[:edges], heads[:edges]


@jit
def realtime_edges(
    status: Array, invoked: Array, completed: Array, events: int, first_auxiliary: int
) -> tuple[Array, Array, int]:
    """Real-time precedence, in linear number, by way of auxiliary nodes for instants.

    An instant is a run of completions without an invocation between them: each completed
    transaction leads to its instant, each instant to the next, and the last instant before an
    invocation to the transaction invoked.

    Returns:
        Tails and heads of the edges, and the number of instants.
    """
    count = len(status)
    # Events in their order without sorting: each has its place already. An indeterminate
    # transaction has no end, so nothing comes after it.
    at_event = np.full(events, NONE, np.int32)
    for t in range(count):
        if status[t] == FAIL:
            continue
        at_event[invoked[t]] = t
        if status[t] == OK:
            at_event[completed[t]] = t
    # A transaction has at most an edge from an instant, one into one, and one between instants.
    tails = np.empty(3 * count, np.int32)
    heads = np.empty(3 * count, np.int32)
    edges, instants, running = 0, 0, False
    for event in range(events):
        t = at_event[event]
        if t == NONE:
            continue
        if invoked[t] == event:
            # The next completion opens a new instant: it precedes what is invoked after it, and not
            # this transaction.
            running = False
            # The last instant is enough: a chain leads into it from all before.
            if instants > 0:
                tails[edges] = first_auxiliary + instants - 1
                heads[edges] = t
                edges += 1
            continue
        if not running:
            running = True
            if instants > 0:
                tails[edges] = first_auxiliary + instants - 1
                heads[edges] = first_auxiliary + instants
                edges += 1
            instants += 1
        tails[edges] = t
        heads[edges] = first_auxiliary + instants - 1
        edges += 1
    return tails[:edges], heads[:edges], instants


@jit
def per_key_edges(
    key: Array, by: Array, completes: Array, first_auxiliary: int
) -> tuple[Array, Array, int]:
    """Real-time precedence among those who touch a key, by way of instants as in `realtime_edges`.

    Args:
        key: of each invocation or completion, sorted by key and then by time; a transaction has
            one of either for each key that it touches.
        by: its transaction.
        completes: whether it is a completion.
        first_auxiliary: number of the first instant.

    Returns:
        Tails and heads of the edges, and the number of instants.
    """
    tails = np.empty(2 * len(key), np.int32)
    heads = np.empty(2 * len(key), np.int32)
    edges, instants, running, chained = 0, 0, False, False
    for row in range(len(key)):
        if row == 0 or key[row] != key[row - 1]:
            running, chained = False, False
        instant = first_auxiliary + instants - 1
        if not completes[row]:
            running = False
            if chained:
                tails[edges] = instant
                heads[edges] = by[row]
                edges += 1
            continue
        if not running:
            if chained:
                tails[edges] = instant
                heads[edges] = instant + 1
                edges += 1
            instants += 1
            instant += 1
            running, chained = True, True
        tails[edges] = by[row]
        heads[edges] = instant
        edges += 1
    return tails[:edges], heads[:edges], instants
