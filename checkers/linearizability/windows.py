"""The window of a history that is not linearizable: few operations that already have no order.

A failed search leaves an operation whose completion can't be passed. That operation may be
innocent, and what was ordered before it long. So the *window* is made: a small set of operations
that can't be ordered whatever came before them and whatever else happened meanwhile. Three
weakenings, each of which keeps every linearization of the history (so whatever is still broken
afterwards was broken before):

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

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.limits import Budget
from splitbrain.checkers.linearizability.problem import forgets, problem_of
from splitbrain.checkers.linearizability.register_anomalies import certain_reason
from splitbrain.checkers.linearizability.searching import search
from splitbrain.checkers.models import Model, Register

EFFORT = 60_000
"""Configurations that explaining a history's anomalies may explore, roughly."""

_TRIALS = 300
_TRIAL = 2_000


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


def recent_window(
    model: Model, calls: Sequence[Call], blocked: Call, *, effort: int
) -> Window | None:
    """The window of the last calls before a completion; None if they may have an order.

    Args:
        model: the sequential specification, of those that can forget (`forgets`).
        calls: what may have been open at or after some moment, in order of invocation.
        blocked: the call whose completion can't be passed.
        effort: configurations that may be explored.
    """
    trials = _Trials(model, effort)
    assert blocked.completed is not None
    stretch = _until(calls, blocked.completed)
    start = _latest_start(trials, stretch)
    if start is None:
        return None
    return _narrowed(trials, stretch.after(start), start, blocked)


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
