"""Checkers by the name of the model that a history claims to follow, for the command line."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from checkers.collections import set_full
from checkers.linearizability import Budget, linearizable
from checkers.models import MODELS
from checkers.verdict import Checker

_LINEARIZABILITY_OPTIONS = ("keyed", "budget", "algorithm", "progress")


def checker_for_model(name: str, **options: Any) -> Checker:
    """The checker that judges histories of a model.

    Args:
        name: one of `CHECKERS`.
        options: ``keyed`` for all; those of `checkers.linearizability.linearizable` (``budget`` may
            be a number of configurations) and the model's own (``initial``, ``absent``) for those
            judged by linearizability; ``linearizable`` for ``set-full``.

    Raises:
        ValueError: no such model; the message has the nearest names. Or no such option.
    """
    make = CHECKERS.get(name)
    if make is None:
        near = difflib.get_close_matches(name, CHECKERS, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise ValueError(f"no model {name!r}; {hint}there are {', '.join(CHECKERS)}")
    try:
        return make(**options)
    except TypeError as error:
        raise ValueError(f"model {name!r}: {error}") from None


def _linearizable(name: str) -> Callable[..., Checker]:
    def make(**options: Any) -> Checker:
        chosen = {key: options.pop(key) for key in _LINEARIZABILITY_OPTIONS if key in options}
        if isinstance(chosen.get("budget"), int):
            chosen["budget"] = Budget(configurations=chosen["budget"])
        return linearizable(MODELS[name](**options), **chosen)

    return make


CHECKERS: dict[str, Callable[..., Checker]] = {
    **{name: _linearizable(name) for name in MODELS},
    "set-full": set_full,
}
"""What makes the checker of each model."""
