"""From a history to the parts that are judged one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from splitbrain.checkers.history import Call, History
from splitbrain.checkers.models import Adaptive, KeyPart, Model, Rephrasing, looks_keyed, split
from splitbrain.checkers.models.keys import completed
from splitbrain.checkers.models.model import fits_always
from splitbrain.checkers.vocabulary import NOT_OF_DATA


@dataclass(frozen=True, slots=True)
class Parts:
    """A history ready to be judged against a model.

    Attributes:
        model: the model, in the dialect of the history.
        keyed: whether values are ``[key, value]``.
        parts: one for each key, in order of first invocation.
    """

    model: Model
    keyed: bool
    parts: list[KeyPart]


def parts_of(model: Model, history: History, *, keyed: bool | None) -> Parts:
    """Split a history by key and check that the model understands every operation.

    Final reads of replicas' states are no operations of the object, and are left out.

    Args:
        model: the sequential specification.
        history: the history.
        keyed: whether values are ``[key, value]``; None finds out
            (`splitbrain.checkers.models.looks_keyed`), for models that say that keys are
            independent.

    Raises:
        splitbrain.checkers.models.ModelError: an operation is not the model's.
    """
    calls, keyed = _calls(history), is_keyed(model, history, keyed)
    parts = [
        KeyPart(part.key, [completed(model, call) for call in part.calls])
        for part in split(calls, keyed=keyed)
    ]
    everything = [call for part in parts for call in part.calls]
    for call in sorted(everything, key=_position):
        model.check(call)
    if isinstance(model, Adaptive):
        model = model.adapted(everything)
    if isinstance(model, Rephrasing):
        parts = [KeyPart(p.key, [model.rephrased(call) for call in p.calls]) for p in parts]
    return Parts(model, keyed, parts)


def is_keyed(model: Model, history: History, keyed: bool | None) -> bool:
    """Whether values are taken for ``[key, value]``; see `parts_of`."""
    return model.per_key and looks_keyed(_calls(history)) if keyed is None else keyed


def _calls(history: History) -> list[Call]:
    return [call for call in history.calls() if call.f not in NOT_OF_DATA]


def _position(call: Call) -> int:
    return call.invoked


def observes(model: Model, calls: Sequence[Call]) -> bool:
    """Whether some ok operation could contradict another: a read, say, but not a write."""
    return any(call.outcome == "ok" and not fits_always(model, call.f) for call in calls)


def numbered(parts: Parts) -> list[tuple[int, Call]]:
    """Each operation with the number of its key, in order of invocation."""
    calls = [(key, call) for key, part in enumerate(parts.parts) for call in part.calls]
    return sorted(calls, key=lambda entry: entry[1].invoked)
