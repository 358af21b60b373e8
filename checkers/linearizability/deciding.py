"""One key's calls: which algorithm decides them, and what it found.

1. A monitor, if the preconditions of one hold: exact, and never slow. Or a condition that is only
   necessary, if it is broken.
2. For queues a search over pairs, for stacks one over shared stacks, which are not slow either
   unless very many operations overlap.
   For all others the search over states, for as long as most histories need.
3. If it takes longer: is there a simple reason, or a small window, that rules out everything?
   For several registers whose written values all differ: an order by SAT.
4. For registers the compiled search, if it is at hand; then many orders at once, with a few
   configurations of each event.
5. The search again, with the whole budget: compiled for registers, else interpreted.
"""

from __future__ import annotations

from dataclasses import replace

from splitbrain.checkers import kernels
from splitbrain.checkers.linearizability import nesting, pairing, serializing, sweeping
from splitbrain.checkers.linearizability.compiled import _search_kernels, from_calls
from splitbrain.checkers.linearizability.findings import SEARCH, Finding, Witness
from splitbrain.checkers.linearizability.limits import Budget, Limits
from splitbrain.checkers.linearizability.monitors import (
    Chosen,
    MonitorResult,
    choose,
    monitors_for,
    refute,
)
from splitbrain.checkers.linearizability.outcome import Outcome
from splitbrain.checkers.linearizability.problem import Problem, problem_of
from splitbrain.checkers.linearizability.searching import Search, search
from splitbrain.checkers.linearizability.windows import refuted
from splitbrain.checkers.linearizability.witness import dead_end_of, explain, reason_of
from splitbrain.checkers.models import KeyPart, Model, MultiRegister, Queue, Register, Stack
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID

FIRST_TRY = 500
"""Configurations, beside two for each call, after which other ways are looked for first."""

SECOND_TRY = 40_000
"""Configurations after which compiling is worth its while even for a short history."""

COMPILED_TRY, FEW = 200_000, 32
"""Configurations that a compiled search, if it is at hand, explores before a sweep: no longer than
loading takes, unless there are more indeterminate operations than a few, which are a sweep's."""


def decide(model: Model, part: KeyPart, limits: Limits, *, algorithm: str | None = None) -> Finding:
    """Decide whether one key's calls are linearizable.

    Args:
        model: the sequential specification; its `Model.check` has accepted the calls.
        part: the key and its calls.
        limits: see `Limits`.
        algorithm: a monitor's name to have that one decide, ``"search"`` for the search alone,
            ``"quick"`` for a monitor if one applies, and nothing otherwise.

    Raises:
        splitbrain.checkers.linearizability.monitors.PreconditionError: the monitor asked for does
        not apply.
    """
    if limits.stopped:
        return Finding(part.key, UNKNOWN, completed=(0, _completions(part)))
    try:
        if algorithm != "search":
            result = _monitored(model, part, algorithm)
            if result is not None:
                return _of_monitor(model, part, result)
            if algorithm == "quick":
                return Finding(part.key, UNKNOWN)
        problem = problem_of(model, part.calls)
        if type(model) is Queue and algorithm != "search":
            outcome = pairing.search(model, problem, limits)
            return finding_of(model, part, problem, outcome, pairing.ALGORITHM)
        if type(model) is Stack and algorithm != "search":
            outcome = nesting.search(model, problem, limits)
            return finding_of(model, part, problem, outcome, nesting.ALGORITHM)
        outcome = _searched(model, part, problem, limits)
    except KeyboardInterrupt:
        limits.interrupted = True
        return Finding(part.key, UNKNOWN, completed=(0, _completions(part)))
    return finding_of(model, part, problem, outcome)


def _completions(part: KeyPart) -> int:
    return sum(call.outcome == "ok" for call in part.calls)


def _monitored(model: Model, part: KeyPart, algorithm: str | None) -> MonitorResult | None:
    """What a monitor says, the one asked for or one that applies."""
    if algorithm in (None, "quick"):
        chosen: Chosen | None = choose(model, part.calls)
        if chosen is not None:
            return chosen.check(part.key)
        return refute(model, part.calls, part.key)
    monitor = next(m for m in monitors_for(model) if m.name == algorithm)
    return monitor.check(model, part.calls, part.key)


def _of_monitor(model: Model, part: KeyPart, result: MonitorResult) -> Finding:
    algorithm = str(result.cost["algorithm"])
    needs = result.cost.get("preconditions")
    told = f"{algorithm}, since {needs}" if needs else algorithm
    if result.order is not None:
        return Finding(part.key, VALID, told, order=result.order)
    anomaly = result.anomaly
    assert anomaly is not None
    ends = [c.completed for c in part.calls if c.complete_index in anomaly.operations]
    broken_at = max((end for end in ends if end is not None), default=0)

    def witness(effort: int) -> Witness:
        problem = problem_of(model, part.calls)
        outcome = search(problem, Budget(configurations=FIRST_TRY + 2 * len(problem.calls)))
        if outcome.stuck is None:  # its search was too short to meet a dead end
            return Witness(anomaly, {"key": part.key})
        if not outcome.exhausted:
            return _witness(model, part, problem, outcome, effort)
        certificate = dead_end_of(model, part.key, problem, outcome).certificate(model)
        return Witness(replace(anomaly, details={**certificate, **anomaly.details}), certificate)

    return Finding(part.key, INVALID, told, broken_at=broken_at, explain=witness)


def _searched(model: Model, part: KeyPart, problem: Problem, limits: Limits) -> Outcome:
    budget, begun = limits.budget, Search(problem)
    first = min(budget.configurations, FIRST_TRY + 2 * len(problem.calls))
    outcome = _within(begun, limits, first)
    if not outcome.exhausted or limits.look() or first == budget.configurations:
        return outcome
    stuck = outcome.stuck
    if stuck is not None and refuted(model, part.calls, problem.calls[stuck.forcing]):
        return replace(outcome, exhausted=False)
    if type(model) is MultiRegister:
        order = serializing.order_of(model, part.calls, limits)
        if order is not None:
            place = {call.invoke_index: i for i, call in enumerate(problem.calls)}
            everything = tuple(place[index] for index in order if index in place)
            return replace(outcome, order=everything, exhausted=False)
    if type(model) is not Register:
        return _within(begun, limits, budget.configurations)
    if kernels.at_hand(_search_kernels) and sum(problem.optional) <= FEW:
        fast = replace(limits, budget=_at_most(budget, COMPILED_TRY))
        found = from_calls.search(problem, fast)
        limits.interrupted |= fast.interrupted
        if not found.exhausted or limits.look():
            return found
    swept = sweeping.search(problem, limits, budget.configurations)
    if swept is not None or limits.stopped:
        return swept or outcome
    if not kernels.numba_installed():
        return _within(begun, limits, budget.configurations)
    second = min(budget.configurations, max(SECOND_TRY, first))
    outcome = _within(begun, limits, second)
    if not outcome.exhausted or limits.look() or second == budget.configurations:
        return outcome
    return from_calls.search(problem, limits)


def _at_most(budget: Budget, configurations: int) -> Budget:
    return replace(budget, configurations=min(budget.configurations, configurations))


def _within(begun: Search, limits: Limits, configurations: int) -> Outcome:
    budget = replace(limits.budget, configurations=configurations)
    outcome = begun.within(budget, deadline=limits.deadline)
    limits.interrupted |= outcome.interrupted
    if outcome.exhausted:
        limits.look()
    return outcome


def finding_of(
    model: Model, part: KeyPart, problem: Problem, outcome: Outcome, algorithm: str = SEARCH
) -> Finding:
    """What a search's outcome says of a key."""
    found = Finding(
        part.key,
        UNKNOWN,
        algorithm,
        configurations=outcome.configurations,
        completed=outcome.completed,
    )
    if outcome.order is not None:
        order = [problem.calls[i].invoke_index for i in outcome.order]
        return replace(found, validity=VALID, order=order)
    if outcome.exhausted:
        return found
    assert outcome.stuck is not None
    forcing = problem.calls[outcome.stuck.forcing]
    return replace(
        found,
        validity=INVALID,
        broken_at=forcing.invoked if forcing.completed is None else forcing.completed,
        explain=lambda effort: _witness(model, part, problem, outcome, effort),
    )


def _witness(
    model: Model, part: KeyPart, problem: Problem, outcome: Outcome, effort: int
) -> Witness:
    dead_end = dead_end_of(model, part.key, problem, outcome)
    reason = reason_of(model, part.calls, dead_end, effort=effort)
    return Witness(explain(model, dead_end, reason), dead_end.certificate(model))


def algorithms(model: Model) -> tuple[str, ...]:
    """What `decide` takes for ``algorithm``."""
    return ("search", *(monitor.name for monitor in monitors_for(model)))
