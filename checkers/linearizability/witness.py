"""Why a history is not linearizable, in as few operations as possible.

A failed search leaves its furthest dead end: a longest prefix that can be ordered, and an operation
whose completion can't be passed. That operation may be innocent, and the prefix long. So the
*window* is made: a small set of operations that can't be ordered whatever came before them and
whatever else happened meanwhile. Three weakenings, each of which keeps every linearization of the
history (so whatever is still broken afterwards was broken before):

1. **Forget what comes after.** Operations invoked after the completion that can't be passed are
   dropped; those still open then become optional.
2. **Forget what comes before** (registers, stores, and models with few states). Choose a moment:
   operations completed before it are dropped, those open at it may have happened already, or happen
   until they complete, and any state may be the first.
3. **Relax.** An operation of the rest becomes optional: it may happen at any time after its
   invocation, or never. A read then constrains nothing any more.

The latest moment of 2 is found by bisection (a later moment is a weaker problem), and 3 is tried on
halves, quarters ... and single operations, as in delta debugging (Zeller and Hildebrandt, TSE
2002). Each trial has a small budget, and counts as not broken when it runs out: the window may
then be larger than needed, but is never wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.limits import Budget
from splitbrain.checkers.linearizability.mutex_anomalies import counted
from splitbrain.checkers.linearizability.outcome import Outcome, Stuck, stuck_at
from splitbrain.checkers.linearizability.problem import Problem, forgets, problem_of
from splitbrain.checkers.linearizability.register_anomalies import Reason, certain_reason
from splitbrain.checkers.linearizability.searching import search
from splitbrain.checkers.linearizability.wording import ended, named, object_name
from splitbrain.checkers.models import Model, Mutex, Register, State
from splitbrain.checkers.models.model import is_pure, shown
from splitbrain.checkers.verdict import Anomaly

EFFORT = 60_000
"""Configurations that explaining a history's anomalies may explore, roughly."""

_TRIALS = 300
_TRIAL = 2_000
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
    blocked, trials = dead_end.blocked, _Trials(model, effort)
    assert blocked.completed is not None
    stretch = _until(calls, blocked.completed)
    start = _latest_start(trials, stretch)
    if start is None:
        return None
    return _in_general(model, dead_end, _narrowed(trials, stretch.after(start), start, blocked))


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


def refuted(model: Model, calls: Sequence[Call], blocked: Call) -> bool:
    """Whether a simple reason, or a few operations, rule out every linearization of a key's calls.

    A search over many indeterminate operations can take for ever to find that out; forgetting
    most of what came before (see the module) leaves few.

    Args:
        model: the sequential specification; not all can forget what came before (`forgets`).
        calls: the key's, in order of invocation.
        blocked: an operation whose completion could not be passed.
    """
    if blocked.completed is None or not forgets(model):
        return False
    if type(model) is Register and certain_reason(model, None, calls) is not None:
        return True
    trials, stretch = _Trials(model, EFFORT), _until(calls, blocked.completed)
    starts = stretch.starts()
    return any(
        trials.broken(stretch.after(starts[-stride]))
        for stride in (4, 16, 64, 256)
        if stride <= len(starts)
    )


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A weakened history.

    Attributes:
        calls: what is left of it.
        relaxed: ``invoke_index`` of those that need not happen.
        expiring: of those among them that can't happen after their completion.
        cut: whether something before was forgotten.
    """

    calls: Sequence[Call]
    relaxed: frozenset[int]
    expiring: frozenset[int] = frozenset()
    cut: bool = False

    def required(self) -> list[Call]:
        """Those that must happen."""
        return [call for call in self.calls if call.invoke_index not in self.relaxed]

    def starts(self) -> list[int]:
        """The moments before which things may be forgotten."""
        return sorted(call.invoked for call in self.required())

    def after(self, start: int) -> _Stretch:
        """What is left when everything before a position is forgotten."""
        kept = [call for call in self.calls if call.completed is None or call.completed >= start]
        begun = frozenset(call.invoke_index for call in kept if call.invoked < start)
        return _Stretch(kept, self.relaxed | begun, begun - self.relaxed, cut=True)

    def without(self, calls: Sequence[Call]) -> _Stretch:
        """The same with more calls relaxed."""
        more = frozenset(call.invoke_index for call in calls)
        return replace(self, relaxed=self.relaxed | more)


def _until(calls: Sequence[Call], end: int) -> _Stretch:
    """What is left when everything after a position is forgotten."""
    kept = [call for call in calls if call.outcome != "fail" and call.invoked < end]
    return _Stretch(
        kept,
        frozenset(c.invoke_index for c in kept if c.completed is None or c.completed > end),
    )


@dataclass(slots=True)
class _Trials:
    """Asks whether weakened problems are still broken, within a budget."""

    model: Model
    configurations: int
    left: int = _TRIALS

    def broken(self, stretch: _Stretch) -> bool:
        """Whether a weakened history certainly has no linearization."""
        if self.left <= 0 or self.configurations <= 0:
            return False
        self.left -= 1
        problem = problem_of(
            self.model,
            stretch.calls,
            relaxed=stretch.relaxed,
            expiring=stretch.expiring,
            any_initial=stretch.cut,
        )
        outcome = search(problem, Budget(configurations=_TRIAL + len(problem.calls)))
        self.configurations -= outcome.configurations
        if outcome.interrupted:
            self.left = 0
        return outcome.order is None and not outcome.exhausted


@dataclass(frozen=True, slots=True)
class Window:
    """A small set of ok calls that can't be ordered; see the module.

    Attributes:
        calls: them, in order of invocation.
        others: optional operations that they could observe, and that don't help.
        start: the position before which everything was forgotten, or None.
        end: the position of the completion that can't be passed.
    """

    calls: tuple[Call, ...]
    others: tuple[Call, ...]
    start: int | None
    end: int


def window_of(
    model: Model, calls: Sequence[Call], blocked: Call, *, effort: int = EFFORT
) -> Window:
    """The window of a key's calls around the one whose completion can't be passed."""
    trials = _Trials(model, effort)
    assert blocked.completed is not None
    stretch, start = _until(calls, blocked.completed), None
    if forgets(model):
        start = _latest_start(trials, stretch)
        if start is not None:
            stretch = stretch.after(start)
    return _narrowed(trials, stretch, start, blocked)


def _narrowed(trials: _Trials, stretch: _Stretch, start: int | None, blocked: Call) -> Window:
    """The window of what is left of the calls when as many as possible are relaxed."""
    needed = _relaxed_further(trials, stretch)
    hard = {call.invoke_index: None for call in needed}
    soft = frozenset(c.invoke_index for c in stretch.calls if c.invoke_index not in hard)
    problem = problem_of(trials.model, stretch.calls, relaxed=soft)
    others = [c for c, free in zip(problem.calls, problem.optional, strict=True) if free]
    assert blocked.completed is not None
    return Window(tuple(needed), tuple(others), start, blocked.completed)


def _latest_start(trials: _Trials, stretch: _Stretch) -> int | None:
    """The latest position before which everything can be forgotten, if any."""
    starts = stretch.starts()
    low, high = -1, len(starts)  # starts[low] is known to do, starts[high] is known not to
    stride = 1
    while low < 0 and high > 0:  # gallop back from the end: windows are short
        trial = max(len(starts) - stride, 0)
        if trials.broken(stretch.after(starts[trial])):
            low = trial
        else:
            high = trial
            stride *= 2
    while low >= 0 and high - low > 1:
        middle = (low + high) // 2
        if trials.broken(stretch.after(starts[middle])):
            low = middle
        else:
            high = middle
    return starts[low] if low >= 0 else None


def _relaxed_further(trials: _Trials, stretch: _Stretch) -> list[Call]:
    """The required calls that remain when as many as possible are relaxed."""
    required = stretch.required()
    size = max(len(required) // 2, 1)
    while True:
        at = 0
        while at < len(required):
            weaker = stretch.without(required[at : at + size])
            if trials.broken(weaker):
                stretch = weaker
                del required[at : at + size]
            else:
                at += size
        if size == 1:
            return required
        size = max(size // 2, 1)
