"""Checkers by the name of the model that a history claims to follow, for the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splitbrain.checkers import invariants, isolation
from splitbrain.checkers.collections import set_full
from splitbrain.checkers.consistency import (
    bounded_staleness,
    regular_register,
    safe_register,
    sequential,
)
from splitbrain.checkers.linearizability import Budget, linearizable
from splitbrain.checkers.models import MODELS
from splitbrain.checkers.nearest import suggestion
from splitbrain.checkers.verdict import Checker

_LINEARIZABILITY_OPTIONS = ("keyed", "budget", "algorithm", "progress")


def checker_for_model(name: str, **options: Any) -> Checker:
    """The checker that judges histories of a model.

    Args:
        name: one of `CHECKERS`.
        options: ``keyed`` for all that may be judged key by key; ``consistency`` (``linearizable``
            or ``sequential``, or an isolation level); those of
            `splitbrain.checkers.linearizability.linearizable` (``budget`` may be a number of
            configurations) and the model's own (``initial``, ``absent``) for those judged by
            linearizability; for the others what their constructors take.

    Raises:
        ValueError: no such model; the message has the nearest names. Or no such option.
    """
    make = CHECKERS.get(name)
    if make is None:
        raise ValueError(f"no model {name!r}: {suggestion(name, CHECKERS)}")
    try:
        return make(**options)
    except TypeError as error:
        raise ValueError(f"model {name!r}: {error}") from None


def _linearizable(name: str) -> Callable[..., Checker]:
    def make(**options: Any) -> Checker:
        consistency = options.pop("consistency", None)
        chosen = {key: options.pop(key) for key in _LINEARIZABILITY_OPTIONS if key in options}
        if consistency not in (None, "linearizable", "sequential"):
            raise ValueError(
                f"model {name!r} has no consistency {consistency!r}: there are linearizable and "
                "sequential (isolation levels are for list-append and rw-register)"
            )
        if isinstance(chosen.get("budget"), int):
            chosen["budget"] = Budget(configurations=chosen["budget"])
        if consistency == "sequential":
            limits = {key: chosen.get(key) for key in ("keyed", "budget")}
            return sequential(MODELS[name](**options), **limits)
        return linearizable(MODELS[name](**options), **chosen)

    return make


CHECKERS: dict[str, Callable[..., Checker]] = {
    **{name: _linearizable(name) for name in MODELS},
    "set-full": set_full,
    "regular-register": regular_register,
    "safe-register": safe_register,
    "bounded-staleness": bounded_staleness,
    "list-append": isolation.list_append,
    "rw-register": isolation.rw_register,
    "predicate-reads": isolation.predicate_reads,
    "bank": invariants.bank,
    "doctors": invariants.doctors,
    "long-fork": invariants.long_fork,
    "causal-reverse": invariants.causal_reverse,
}
"""What makes the checker of each model."""

DESCRIPTIONS: dict[str, str] = {
    **dict.fromkeys(MODELS, "linearizability, key by key; sequential consistency on request"),
    "set-full": "every acknowledged element of a set stays",
    "regular-register": "reads give a latest or an overlapping write (Lamport)",
    "safe-register": "reads that overlap no write give a latest one (Lamport)",
    "bounded-staleness": "no read is staler than so many seconds or versions",
    "list-append": "isolation of transactions that append to lists, by any consistency model",
    "rw-register": "isolation of transactions that read and write registers",
    "predicate-reads": "isolation of transactions that read by predicate: phantoms",
    "bank": "every read of all accounts shows the same total",
    "doctors": "somebody stays on call: write skew",
    "long-fork": "no two reads see two writes in opposite orders",
    "causal-reverse": "no read sees a write without one that had completed before it",
}
"""What each of `CHECKERS` is for, in a few words."""
