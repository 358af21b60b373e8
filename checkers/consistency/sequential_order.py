"""Sequential consistency.

L. Lamport, "How to make a multiprocessor computer that correctly executes multiprocess programs"
(IEEE Trans. Computers 1979): the result is as if all operations were executed in some order in
which the operations of each process appear in its own order. Real time doesn't matter, so an
operation may take effect long after it completed, or before it was invoked.

Unlike linearizability it is not local: each object of a history may be sequentially consistent and
the whole not. So a history over keys is judged as a whole, each key being an object of its own.

Where the search (`splitbrain.checkers.consistency.interleaving`) gives up, a linearization will do:
real time respects each process's own order.

Indeterminate operations happened or not, after what precedes them in their process; nothing follows
them, since nobody saw them complete. Failed operations did not happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from splitbrain.checkers.consistency.interleaving import (
    Interleaving,
    Operation,
    interleave,
    threads_of,
)
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.linearizability import Budget, linearizable
from splitbrain.checkers.linearizability.parts import Parts, numbered, observes, parts_of
from splitbrain.checkers.linearizability.wording import named
from splitbrain.checkers.models import Model
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

DEFAULT_BUDGET = Budget(configurations=100_000)

# Explaining stops after so many trials, operations in all trials, and configurations.
_TRIALS, _OPERATIONS, _CONFIGURATIONS = 60, 120_000, 40_000
_TRIAL = 300
_LAST_SHOWN = 20
_LISTED = 6


def sequential(model: Model, *, keyed: bool | None = None, budget: Budget | None = None) -> Checker:
    """A checker: the history is sequentially consistent with respect to `model`.

    Args:
        model: one of `splitbrain.checkers.models`, or any object with its attributes.
        keyed: whether values are ``[key, value]`` with independent keys; None finds out.
        budget: limits of the search; beyond them the verdict is unknown.
    """
    return Sequential(model, keyed, budget or DEFAULT_BUDGET)


@dataclass(frozen=True, slots=True)
class Sequential:
    """The checker that `sequential` makes."""

    model: Model
    keyed: bool | None
    budget: Budget

    @property
    def name(self) -> str:
        """``sequential(MODEL)``."""
        return f"sequential({self.model.name})"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            splitbrain.checkers.models.ModelError: an operation is not the model's.
        """
        parts = parts_of(self.model, history, keyed=self.keyed)
        calls = numbered(parts)
        coverage = {
            "operations": len(calls),
            "keys": len(parts.parts) if parts.keyed else 0,
            "processes": len({call.process for _, call in calls}),
        }
        if not any(observes(parts.model, part.calls) for part in parts.parts):
            reason = "no operation that observes the state succeeded, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        found = interleave(
            parts.model, threads_of(parts.model, calls), len(parts.parts), self.budget
        )
        cost: dict[str, Any] = {
            "algorithm": "search over interleavings of processes",
            "configurations": found.configurations,
            "limit": self.budget.configurations,
        }
        order = None
        if found.order is not None:
            order = [operation.call.invoke_index for operation in found.order]
        elif found.exhausted:
            order = _linearization(parts, history, self.budget)
            cost["algorithm"] = "linearization, since the search over interleavings gave up"
        if order is not None:
            return Verdict(
                self.name,
                VALID,
                f"an order of {len(order)} operations keeps each process's own order and respects "
                "the model",
                certificate={"model": parts.model.name, "keyed": parts.keyed, "order": order},
                coverage=coverage,
                cost=cost,
            )
        if found.exhausted:
            reason = (
                f"the budget ended after {found.configurations} configurations; the longest order "
                f"found has {len(found.furthest)} of {len(calls)} operations: raise it"
            )
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage, cost=cost)
        anomaly = _explain(parts, calls, found)
        reason = f"not sequentially consistent: {anomaly.message}"
        return Verdict(self.name, INVALID, reason, (anomaly,), coverage=coverage, cost=cost)


def _linearization(parts: Parts, history: History, budget: Budget) -> list[int] | None:
    """An order that respects real time too, hence each process's order; None if none was found.

    Each key's operations take effect at the last invocation among those up to it, so sorting by
    these moments merges the keys (linearizability is local: Herlihy and Wing 1990, theorem 1).
    """
    verdict = linearizable(parts.model, keyed=parts.keyed, budget=budget).check(history)
    if verdict.validity is not VALID:
        return None
    invoked = {call.invoke_index: call.invoked for part in parts.parts for call in part.calls}
    moments = []
    for key, entry in enumerate(verdict.certificate["linearizations"]):
        latest = accumulate((invoked[index] for index in entry["order"]), max)
        moments += [(at, key, place) for place, at in enumerate(latest)]
    orders = [entry["order"] for entry in verdict.certificate["linearizations"]]
    return [orders[key][place] for _, key, place in sorted(moments)]


def _explain(parts: Parts, calls: list[tuple[int, Call]], found: Interleaving) -> Anomaly:
    """The few observations that can't be ordered; without any of the others there is an order."""
    model = parts.model
    threads = threads_of(model, calls)
    observers = [o.call for thread in threads for o in thread if o.pure]
    needed = _needed(parts, calls, observers)
    kept = {call.invoke_index: None for call in needed}
    without = frozenset(c.invoke_index for c in observers if c.invoke_index not in kept)
    budget = Budget(configurations=_TRIAL + len(calls))
    fewer = interleave(model, threads_of(model, calls, without), len(parts.parts), budget)
    if fewer.order is None and not fewer.exhausted:
        found = fewer
    concerned = [*needed, *(operation.call for operation in found.heads)]
    window = sorted({call.invoke_index for call in concerned})
    ends = [call.complete_index for call in concerned if call.complete_index is not None]
    names = [named(model, call) for call in sorted(needed, key=lambda call: call.invoked)]
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    blocked = "; ".join(_obstacle(parts, head, found) for head in found.heads[:_LISTED])
    message = (
        "no order that keeps each process's own order explains "
        f"{listed or 'these operations'}: after the longest one found {blocked}"
    )
    return Anomaly(
        "not-sequential",
        message,
        tuple(sorted({*window, *ends})),
        {
            "key": None,
            "window": window,
            "candidates": [
                {"operation": head.call.invoke_index, "why": _obstacle(parts, head, found)}
                for head in found.heads
            ],
            "last_linearized": [o.call.invoke_index for o in found.furthest[-_LAST_SHOWN:]],
        },
    )


def _needed(parts: Parts, calls: list[tuple[int, Call]], observers: list[Call]) -> list[Call]:
    """As few pure operations as still rule out every order; all if the search is too hard.

    Leaving a pure operation out leaves every order of the history one, so what still has none
    explains why. Halves are tried, then quarters, down to single operations.
    """
    needed, without, explored = list(observers), frozenset[int](), 0
    budget = Budget(configurations=_TRIAL + len(calls))
    left = min(_TRIALS, 8 + _OPERATIONS // max(1, len(calls)))
    size = max(len(needed) // 2, 1)
    while True:
        at = 0
        while at < len(needed) and left > 0 and explored < _CONFIGURATIONS:
            left -= 1
            block = frozenset(call.invoke_index for call in needed[at : at + size])
            threads = threads_of(parts.model, calls, without | block)
            found = interleave(parts.model, threads, len(parts.parts), budget)
            explored += found.configurations
            if found.order is None and not found.exhausted:
                without |= block
                del needed[at : at + size]
            else:
                at += size
        if size == 1 or left <= 0 or explored >= _CONFIGURATIONS:
            return needed
        size = max(size // 2, 1)


def _obstacle(parts: Parts, head: Operation, found: Interleaving) -> str:
    """Why a process's next operation can't be taken after the longest order found."""
    model, state = parts.model, found.states[head.key]
    what = named(model, head.call)
    where = f" of key {shown(parts.parts[head.key].key)}" if parts.keyed else ""
    fits, _ = model.step(state, head.call)
    if not fits:
        return f"{what} does not fit the state{where}, which is {shown(state)}"
    if head in found.overwriting:
        return f"{what} would overwrite {shown(state)}{where}, which others must still find"
    return f"{what} fits, but nothing that comes after it leads to an order of all"
