"""Why a history is not linearizable, in as few operations as possible.

A failed search leaves its furthest dead end: a longest prefix that can be ordered, and an operation
whose completion can't be passed. Why there is none is told of a simple reason, if there is one, or
of a window of few operations (`splitbrain.checkers.linearizability.windows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.mutex_anomalies import counted
from splitbrain.checkers.linearizability.outcome import Outcome, Stuck, stuck_at
from splitbrain.checkers.linearizability.problem import Problem
from splitbrain.checkers.linearizability.register_anomalies import Reason, certain_reason
from splitbrain.checkers.linearizability.windows import Window, recent_window, window_of
from splitbrain.checkers.linearizability.wording import ended, named, object_name
from splitbrain.checkers.models import Model, Mutex, Register, State
from splitbrain.checkers.models.model import is_pure, shown
from splitbrain.checkers.verdict import Anomaly

_LAST_SHOWN = 20
_OTHERS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class DeadEnd:
    """The longest prefix of a linearization that was found, and what can't follow it.

    Attributes:
        key: the key; None without keys.
        prefix: invocation indices of the operations placed, in order.
        state: the model's state after them.
        blocked: an operation that completed next, and does not fit.
        open: the operations that might go before it: invoked by then, and not placed; ``blocked``
            is one of them.
    """

    key: Any
    prefix: Sequence[int]
    state: State
    blocked: Call
    open: Sequence[Call]

    def certificate(self, model: Model) -> dict[str, Any]:
        """See `splitbrain.checkers.linearizability.verify`."""
        return {
            "key": self.key,
            "prefix": list(self.prefix),
            "blocked": self.blocked.invoke_index,
            "candidates": [
                {"operation": call.invoke_index, "fits": model.step(self.state, call)[0]}
                for call in self.open
            ],
        }


def dead_end_of(model: Model, key: Any, problem: Problem, outcome: Outcome) -> DeadEnd:
    """The dead end that a search met."""
    assert outcome.stuck is not None
    stuck = _extended(model, problem, outcome.stuck)
    return DeadEnd(
        key,
        [problem.calls[i].invoke_index for i in stuck.order],
        _state(model, problem, stuck),
        problem.calls[stuck.forcing],
        [problem.calls[i] for i in sorted((*stuck.waiting, *stuck.spare))],
    )


def explain(model: Model, dead_end: DeadEnd, reason: Reason) -> Anomaly:
    """The anomaly of a key that has no linearization.

    Args:
        model: the sequential specification.
        dead_end: where its search ended.
        reason: why there is none.
    """
    indices = [call.invoke_index for call in reason.calls]
    ends = [c.complete_index for c in reason.calls if c.complete_index is not None]
    return Anomaly(
        reason.kind,
        reason.message,
        tuple(sorted({*indices, *ends})),
        {
            "key": dead_end.key,
            "window": indices,
            "blocked": dead_end.blocked.invoke_index,
            "candidates": _candidates(model, dead_end),
            "last_linearized": list(dead_end.prefix[-_LAST_SHOWN:]),
            "linearized": len(dead_end.prefix),
            "state": shown(dead_end.state),
        },
    )


def reason_of(model: Model, calls: Sequence[Call], dead_end: DeadEnd, *, effort: int) -> Reason:
    """Why a key's calls have no linearization: simply, or as the smallest window found.

    Args:
        model: the sequential specification.
        calls: all of the key's.
        dead_end: where the search of them ended.
        effort: configurations that may be explored to make the window small.
    """
    reason = certain_reason(model, dead_end.key, calls) if type(model) is Register else None
    if reason is not None:
        return reason
    window = window_of(model, calls, dead_end.blocked, effort=effort)
    found = counted(calls) if type(model) is Mutex else None
    if found is None:
        return _in_general(model, dead_end, window)
    where = "" if dead_end.key is None else f"{object_name(dead_end.key)}: "
    return Reason(found[0], where + found[1], window.calls)


def _extended(model: Model, problem: Problem, stuck: Stuck) -> Stuck:
    """A dead end, also if the search was stopped before it had tried all there."""
    calls, state = problem.calls, _state(model, problem, stuck)
    forcing = stuck.forcing
    fits, after = model.step(state, calls[forcing])
    if not fits:
        return stuck
    order, placed = [*stuck.order], set(stuck.order)
    ends = [(call.completed, i) for i, call in enumerate(calls) if not problem.optional[i]]
    for _, i in sorted((end, i) for end, i in ends if end is not None):
        if i not in placed:
            forcing = i
            fits, after = model.step(state, calls[i])
            if not fits:
                break
            order.append(i)
            placed.add(i)
            state = after
    return stuck_at(problem, tuple(order), forcing)


def _state(model: Model, problem: Problem, stuck: Stuck) -> State:
    """The model's own state after the longest prefix: the search may have merged some values."""
    state = model.initial
    for i in stuck.order:
        _, state = model.step(state, problem.calls[i])
    return state


def recent_reason(
    model: Model, calls: Sequence[Call], dead_end: DeadEnd, *, effort: int
) -> Reason | None:
    """Why the last calls before a dead end have no linearization; None if they may have one.

    Args:
        model: the sequential specification, of those that can forget (`forgets`).
        calls: what may have been open at or after some moment, in order of invocation.
        dead_end: where the search ended.
        effort: as of `reason_of`.
    """
    window = recent_window(model, calls, dead_end.blocked, effort=effort)
    return None if window is None else _in_general(model, dead_end, window)


def _candidates(model: Model, dead_end: DeadEnd) -> list[dict[str, Any]]:
    """For each operation open at the dead end, why it can't be the next."""
    state, blocked = dead_end.state, named(model, dead_end.blocked)
    found = []
    for call in dead_end.open:
        fits, after = model.step(state, call)
        if not fits:
            why = f"{named(model, call)} does not fit the state, which is {shown(state)}"
        elif is_pure(model, call):
            why = f"{named(model, call)} fits, but changes nothing for {blocked}"
        else:
            why = (
                f"{named(model, call)} fits and leaves {shown(after)}, but then there is still no "
                f"place for {blocked} before it completed"
            )
        found.append({"operation": call.invoke_index, "fits": fits, "why": why})
    return found


def _in_general(model: Model, dead_end: DeadEnd, window: Window) -> Reason:
    """The sentence for a window without a simpler reason."""
    calls = window.calls
    if len(window.others) <= _OTHERS_SHOWN:
        calls = tuple(sorted((*calls, *window.others), key=lambda call: call.invoked))
    blocked, state = dead_end.blocked, shown(dead_end.state)
    where = "" if dead_end.key is None else f"{object_name(dead_end.key)}: "
    message = (
        f"{where}no order of {len(calls)} operations fits: {_listed(model, calls)}; the longest "
        f"order found leaves the state {state} and no place for {named(model, blocked)}, "
        f"which completed at {ended(blocked)}"
    )
    return Reason("nonlinearizable", message, calls)


def _listed(model: Model, window: Sequence[Call], most: int = 6) -> str:
    shown_calls = [f"process {c.process}'s {model.describe(c)}" for c in window[:most]]
    return ", ".join(shown_calls) + (", …" if len(window) > most else "")
