"""What a search found, whichever searched: a linearization, or how far an order comes."""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.linearizability.problem import Problem
from splitbrain.checkers.models import State


@dataclass(frozen=True, slots=True)
class Stuck:
    """The furthest that any attempt came.

    Attributes:
        order: the calls placed, in order.
        forcing: the call whose completion can't be passed.
        state: the state after ``order``.
        waiting: the open required calls that are not placed, ``forcing`` among them.
        spare: the open optional calls that are not placed.
    """

    order: tuple[int, ...]
    forcing: int
    state: State
    waiting: tuple[int, ...]
    spare: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found; calls are positions in ``Problem.calls``.

    Attributes:
        order: a linearization, or None.
        stuck: the furthest that any attempt came, if no linearization was found.
        exhausted: the budget ran out, so None in ``order`` means nothing.
        configurations: how many were explored.
        completed: completions passed by the furthest attempt, and how many there are.
        interrupted: somebody pressed Ctrl-C, which ends a search like a budget does.
    """

    order: tuple[int, ...] | None
    stuck: Stuck | None
    exhausted: bool
    configurations: int
    completed: tuple[int, int]
    interrupted: bool = False


def stuck_at(problem: Problem, order: tuple[int, ...], forcing: int) -> Stuck:
    """The dead end with these calls placed and no place for another's completion."""
    end, placed = problem.calls[forcing].completed, set(order)
    assert end is not None
    state = problem.initials[0]
    for i in order:
        state = problem.step(state, i)
    begun = [i for i, call in enumerate(problem.calls) if i not in placed and call.invoked < end]
    return Stuck(
        order,
        forcing,
        state,
        tuple(i for i in begun if not problem.optional[i]),
        tuple(i for i in begun if problem.optional[i]),
    )
