"""The compiled search for problems that were made from calls: `columns` makes others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from splitbrain.checkers.linearizability.compiled import layout as k
from splitbrain.checkers.linearizability.compiled.laying_out import laid_out
from splitbrain.checkers.linearizability.compiled.searching import (
    Advice,
    Problems,
    search_all,
    undecided,
)
from splitbrain.checkers.linearizability.limits import Limits
from splitbrain.checkers.linearizability.outcome import Outcome, stuck_at
from splitbrain.checkers.linearizability.problem import Problem


def search(problem: Problem, limits: Limits) -> Outcome:
    """As `splitbrain.checkers.linearizability.searching.search`, for a register with one value."""
    problems = from_problem(problem)
    try:
        search_all(problems, limits, Advice())
    except KeyboardInterrupt:
        limits.interrupted = True
    return outcome_of(problems, 0, problem, range(len(problem.calls)))


def from_problem(problem: Problem) -> Problems:
    """The arrays of one problem of a register."""
    calls = problem.calls
    numbers: dict[object, int] = {problem.initials[0]: 0}
    ops = np.zeros((len(calls), k.COLUMNS), dtype=np.int32)
    pairs = cast("list[tuple[object, object]]", problem.alike)
    for i, (need, leave) in enumerate(pairs):
        blind = problem.blind[i]
        ops[i, k.NEED] = k.ANY if blind else numbers.setdefault(need, len(numbers))
        ops[i, k.LEAVE] = numbers.setdefault(leave, len(numbers))
        ops[i, k.OPTIONAL] = problem.optional[i]
    ends = [-1 if problem.optional[i] else call.completed for i, call in enumerate(calls)]
    known = sorted({call.invoked for call in calls} | {end for end in ends if end is not None})
    rank = {at: number for number, at in enumerate(known)}  # -1, if there, is number 0
    ops[:, k.INVOKED_AT] = [rank[call.invoked] for call in calls]
    ops[:, k.COMPLETED_AT] = [rank[end] for end in ends if end is not None]
    ops[ops[:, k.OPTIONAL] != 0, k.COMPLETED_AT] = k.FAR_FUTURE
    keys, optional = undecided(1), int(ops[:, k.OPTIONAL].sum())
    keys[1, k.OPERATIONS] = len(ops)
    return laid_out(ops, keys, optional=optional, values=len(numbers))


def outcome_of(p: Problems, key: int, problem: Problem, call_of: Sequence[int]) -> Outcome:
    """A key's outcome in terms of its problem.

    Args:
        p: the arrays, searched.
        key: the key.
        problem: the same problem, made from calls.
        call_of: for each operation of the key the number of its call in the problem.
    """
    row = p.keys[key]
    start = int(row[k.OPERATIONS])
    events = p.events[row[k.EVENTS] : p.keys[key + 1, k.EVENTS]]
    reached = max(int(row[k.FURTHEST] - row[k.EVENTS]), 0)
    passed = (int((events[:reached] < 0).sum()), int((events < 0).sum()))
    order = tuple(call_of[i - start] for i in p.order(key).tolist())
    if row[k.STATUS] == k.FOUND:
        return Outcome(order, None, False, int(row[k.TRIED]), (passed[1], passed[1]))
    stuck = None
    if row[k.BLOCKED] >= 0:
        stuck = stuck_at(problem, order, call_of[int(row[k.BLOCKED]) - start])
    return Outcome(None, stuck, bool(row[k.STATUS] != k.NONE), int(row[k.TRIED]), passed)
