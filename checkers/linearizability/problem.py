"""What the search works on: one key's operations, stripped of what can't matter.

A `Problem` is a list of calls with what the search needs to know of each. *Required* calls must be
placed between their invocation and their completion; *optional* ones (indeterminate operations) may
be placed anywhere after their invocation, or nowhere.

What is removed beforehand, and why no verdict depends on it:

* **Failed operations** certainly did not happen.
* **Indeterminate reads**: a pure operation leaves the state alone and no result constrains it, so a
  linearization with it is one without it.

For registers (`register_problem`) three more:

* **A cas from v to v** leaves the state alone if it succeeds, so it is pure, like a read of v.
* **Indeterminate writes that nobody could observe.** Say an optional operation leaves the value v,
  and no ok read or possible cas *of v* ends after it was invoked. Whatever needs v then precedes it
  in any linearization containing it, so what follows it immediately is a write, which fits every
  state, or nothing; leaving it out gives a linearization too. A removed cas no longer needs its old
  value, so this is repeated until nothing changes.
* **Values that nobody needs are one value.** If no remaining operation needs v (ok reads of it, cas
  from it), then in state v exactly the writes are possible. All such states behave alike, and are
  replaced by one, `UNSEEN`.

For key-value stores (`_string_problem`) the last of these again:

* **Strings that nobody needs are one string.** A string that no needed one begins with fits no get
  and no cas, and what is appended to it does neither. So it is `UNSEEN`, which appends leave alone.
  What is left are the beginnings of strings that were read: with many appends at once, few.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.models import Enumerable, KeyValue, Model, Register, State
from splitbrain.checkers.models.model import fits_always, frozen, is_pure


class _Constant:
    """A value that equals only itself."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


REFUSED = _Constant("REFUSED")
"""What `Problem.step` answers for an operation that can't happen in a state."""

UNSEEN = _Constant("UNSEEN")
"""Any register value, or string of a key-value store, that no operation needs."""

ANY = _Constant("ANY")
"""What an operation needs that fits every state."""

_GROWS = _Constant("GROWS")
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Problem:
    """One search. All lists run parallel to ``calls``.

    Attributes:
        calls: the operations, in order of invocation.
        initials: states to start from; it is enough that one of them works.
        step: the state after call i in a state, or `REFUSED`.
        optional: calls that need not be placed and never end.
        pure: calls that never change the state.
        blind: calls that fit every state and leave one that doesn't depend on it.
        fitting: calls that fit every state, blind ones among them.
        alike: equal for optional calls that are interchangeable.
        expires: calls that need not be placed, and can be until their completion only; empty if
            there are none.
        needs: the state that calls need to find, `ANY` if they fit every one; empty if the model
            does not tell.
    """

    calls: list[Call]
    initials: tuple[State, ...]
    step: Callable[[State, int], State]
    optional: list[bool]
    pure: list[bool]
    blind: list[bool]
    fitting: list[bool]
    alike: list[Hashable]
    expires: list[bool] = field(default_factory=list)
    needs: list[Hashable] = field(default_factory=list)


def problem_of(
    model: Model,
    calls: Sequence[Call],
    *,
    relaxed: frozenset[int] = frozenset(),
    expiring: frozenset[int] = frozenset(),
    any_initial: bool = False,
) -> Problem:
    """The search problem of one key's calls.

    Args:
        model: the sequential specification.
        calls: in order of invocation.
        relaxed: ``invoke_index`` of ok calls to treat as optional. Whatever linearization the
            calls have is one of the weaker problem too; a witness uses that to leave out what
            doesn't matter.
        expiring: those of ``relaxed`` that can take effect until their completion only.
        any_initial: start from every initial value, or state (see `forgets`): what a cut-off part
            of the history may have left behind.
    """
    kept = [call for call in calls if call.outcome != "fail"]
    optional = [call.outcome == "info" or call.invoke_index in relaxed for call in kept]
    problem = _of_model(model, kept, optional, any_initial=any_initial)
    if not expiring:
        return problem
    expires = [call.invoke_index in expiring for call in problem.calls]
    lasting = [free and not e for free, e in zip(problem.optional, expires, strict=True)]
    return replace(problem, expires=expires, optional=lasting)


def _of_model(
    model: Model, kept: list[Call], optional: list[bool], *, any_initial: bool
) -> Problem:
    if type(model) is Register:
        return register_problem(model, kept, optional, any_initial=any_initial)
    initials: tuple[State, ...] = (model.initial,)
    states = getattr(model, "states", None)  # isinstance of a protocol takes long
    if any_initial and states is not None:
        initials = tuple(states)
    problem = _general_problem(model, kept, optional, initials)
    if type(model) is not KeyValue:
        return problem
    return _string_problem(model, problem, any_initial=any_initial)


def forgets(model: Model) -> bool:
    """Whether a history of the model can be judged from its middle on, from any state."""
    return type(model) in (Register, KeyValue) or isinstance(model, Enumerable)


def _general_problem(
    model: Model, calls: list[Call], optional: list[bool], initials: tuple[State, ...]
) -> Problem:
    """The problem for a model of which nothing more is known."""
    chosen = [
        (call, free)
        for call, free in zip(calls, optional, strict=True)
        if not (free and is_pure(model, call))
    ]
    kept = [call for call, _ in chosen]
    step = model.step

    def successor(state: State, i: int) -> State:
        fits, after = step(state, kept[i])
        return after if fits else REFUSED

    overwrites = getattr(model, "overwrites", None) or (lambda f: False)
    return Problem(
        calls=kept,
        initials=initials,
        step=successor,
        optional=[free for _, free in chosen],
        pure=[is_pure(model, call) for call in kept],
        blind=[overwrites(call.f) for call in kept],
        fitting=[fits_always(model, call.f) for call in kept],
        alike=[_likeness(call) for call in kept],
    )


def _string_problem(model: KeyValue, problem: Problem, *, any_initial: bool) -> Problem:
    """The problem of a key-value store, with the reduction described in the module."""
    needed = sorted({need for call in problem.calls for need in _strings_needed(model, call)})
    appended: dict[State, dict[State, State]] = {}

    def reduced(state: State) -> State:
        if not isinstance(state, str):
            return state
        at = bisect_left(needed, state)
        return state if at < len(needed) and needed[at].startswith(state) else UNSEEN

    # What `KeyValue.step` does, said once for each call: most steps are one comparison then.
    needs: list[Hashable] = []
    leaves: list[State] = []
    grown: list[dict[State, State]] = []
    for call in problem.calls:
        need, leave = _needs_and_leaves_of_string(model, call)
        needs.append(need)
        leaves.append(reduced(leave))
        grown.append(appended.setdefault(leave, {}) if need is _GROWS else {})

    def successor(state: State, i: int) -> State:
        need = needs[i]
        if need is not _GROWS:
            return leaves[i] if need is ANY or need == state else REFUSED
        if state is UNSEEN:
            return UNSEEN
        after = grown[i].get(state)
        if after is None:
            after = grown[i][state] = reduced(f"{state or ''}{problem.calls[i].argument}")
        return after

    initials = problem.initials
    if any_initial:
        initials = (*_beginnings(needed, problem.calls), None, UNSEEN)
    fits = [ANY if need is _GROWS else need for need in needs]
    return replace(problem, initials=initials, step=successor, needs=fits)


def _needs_and_leaves_of_string(model: KeyValue, call: Call) -> tuple[Hashable, State]:
    """The state an operation needs to find and what it leaves; of an append, what it adds."""
    if call.f == "get":
        return call.result, call.result
    if call.f == "append":
        return _GROWS, call.argument
    if call.f == "put":
        return ANY, call.argument
    if call.f == "delete":
        return ANY, model.initial
    old, new = (model.initial if value is None else value for value in call.argument)
    return old, new


def _beginnings(needed: Sequence[str], calls: Sequence[Call]) -> list[str]:
    """The strings from which these operations can come to a needed one: it, or less an append."""
    appended = dict.fromkeys(call.argument for call in calls if call.f == "append")
    found = dict.fromkeys(needed)
    for string in needed:
        for tail in appended:
            at = string.find(tail) if tail else -1
            while at >= 0:
                found[string[:at]] = None
                at = string.find(tail, at + 1)
    return list(found)


def _strings_needed(model: KeyValue, call: Call) -> list[str]:
    """The string that an operation of a key-value store needs to find, if any; absent is none."""
    need = call.result if call.f == "get" else None
    if call.f == "cas":
        need = model.initial if call.argument[0] is None else call.argument[0]
    return [need] if isinstance(need, str) else []


def _likeness(call: Call) -> Hashable:
    """Equal for calls that a model can't tell apart."""
    try:
        return call.f, frozen(call.argument), call.outcome, frozen(call.result)
    except TypeError:  # a user's model may have values that only it can read
        return call.invoke_index


def register_problem(
    model: Register, calls: list[Call], optional: list[bool], *, any_initial: bool = False
) -> Problem:
    """The problem of a register, with the reductions described in the module."""
    rows = [
        (*_needs_and_leaves(call), free, call) for call, free in zip(calls, optional, strict=True)
    ]
    rows = _without_unobservable(
        [row for row in rows if not (row[2] and (row[1] is ANY or row[0] == row[1]))]
    )
    needed: dict[Any, None] = dict.fromkeys(need for need, _, _, _ in rows if need is not ANY)
    needs = [row[0] for row in rows]
    # A read leaves what it found: writing the needed value down again makes `step` one comparison.
    leaves = [
        need if leave is ANY else leave if leave in needed else UNSEEN for need, leave, _, _ in rows
    ]

    def successor(state: State, i: int) -> State:
        need = needs[i]
        return leaves[i] if need is ANY or need == state else REFUSED

    initial = model.initial if model.initial in needed else UNSEEN
    return Problem(
        calls=[row[3] for row in rows],
        initials=(*needed, UNSEEN) if any_initial else (initial,),
        step=successor,
        optional=[row[2] for row in rows],
        pure=[need == leave for need, leave in zip(needs, leaves, strict=True)],
        blind=[need is ANY for need in needs],
        fitting=[need is ANY for need in needs],
        alike=list(zip(needs, leaves, strict=True)),
        needs=needs,
    )


_Row = tuple[Any, Any, bool, Call]  # needs, leaves, optional, call


def _needs_and_leaves(call: Call) -> tuple[Any, Any]:
    """The value an operation needs to find (or any) and the one it leaves (or what it found)."""
    if call.f == "write":
        return ANY, frozen(call.argument)
    if call.f == "cas":
        return frozen(call.argument[0]), frozen(call.argument[1])
    return frozen(call.result), ANY


def _without_unobservable(rows: list[_Row]) -> list[_Row]:
    """Without optional operations whose value no remaining operation can need after them."""
    while True:
        last_need: dict[Any, float] = {}
        for need, _, free, call in rows:
            if need is not ANY:
                ends = _FOREVER if free or call.completed is None else call.completed
                last_need[need] = max(ends, last_need.get(need, -1))
        kept = [row for row in rows if not row[2] or last_need.get(row[1], -1) > row[3].invoked]
        if len(kept) == len(rows):
            return rows
        rows = kept
