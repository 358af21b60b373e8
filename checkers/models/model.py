"""What a model is: the sequential specification of an object.

A model says which sequences of operations a single-threaded object would allow (Herlihy and Wing,
"Linearizability: A Correctness Condition for Concurrent Objects", TOPLAS 1990, section 2.1). A
checker asks it one question, over and over: in this state, can this operation with this result
happen, and what is the state afterwards?

A model is any object with the attributes of `Model`; nothing needs to be inherited. States must be
hashable and compare by value, and ``step`` must be a function: no clock, no randomness, no memory.
It sees operations as `splitbrain.checkers.history.Call`, whose ``result`` is None unless the
outcome is ok, and may look only at ``f``, ``argument``, ``result`` and ``outcome``.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol, runtime_checkable

from splitbrain.checkers.history import Call

_LISTED = 30
"""How many elements of a list a sentence shows."""

State = Hashable
Step = tuple[bool, State]


class ModelError(ValueError):
    """An operation that the model cannot read; the message names the operation's index.

    It means that the history and the model don't belong together, so no verdict is possible.

    Attributes:
        index: `Operation.index` of the event at fault.
    """

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(f"operation {index}: {problem}")
        self.index = index


class Model(Protocol):
    """A sequential specification."""

    @property
    def name(self) -> str:
        """The name verdicts carry: ``cas-register``."""
        ...

    @property
    def initial(self) -> State:
        """The state before any operation."""
        ...

    @property
    def per_key(self) -> bool:
        """Whether values of the form ``[key, value]`` mean one independent object for each key."""
        ...

    def step(self, state: State, call: Call) -> Step:
        """Whether `call`, with its result, can happen in `state`, and the state afterwards.

        A call that is not ok has no result: the answer is about its effect alone.
        """
        ...

    def pure(self, f: str) -> bool:
        """Whether operations `f` never change the state (reads)."""
        ...

    def check(self, call: Call) -> None:
        """Make sure that the model understands the operation.

        Raises:
            ModelError: unknown ``f``, a value of the wrong type, or an ok read without a result.
        """
        ...

    def describe(self, call: Call) -> str:
        """The operation in a few words for people: ``read → 1``."""
        ...


@runtime_checkable
class Overwriting(Protocol):
    """A model that knows more of itself, which makes checking faster (optional)."""

    def overwrites(self, f: str) -> bool:
        """Whether operations `f` fit every state and leave one that depends on the call alone."""
        ...


@runtime_checkable
class TakesValue(Protocol):
    """A model that says which operations are given a value, and complete with it (optional).

    If their invocation has none, the completion's is theirs; two that differ are refused
    (`splitbrain.checkers.models.keys.completed`).
    """

    def takes_value(self, f: str) -> bool:
        """Whether operations `f` are given a value: a write is, a read is not."""
        ...


@runtime_checkable
class FillsIn(Protocol):
    """A model whose operations complete with more than the value they are given (optional)."""

    def filled(self, call: Call) -> Any:
        """The argument of an ok operation with a result, filled in from that where it is null."""
        ...


@runtime_checkable
class Rephrasing(Protocol):
    """A model some of whose operations are others in other words (optional)."""

    def rephrased(self, call: Call) -> Call:
        """The operation as one that `Model.step` knows; `Model.check` has accepted it."""
        ...


@runtime_checkable
class Unconditional(Protocol):
    """A model that says which operations can't be wrong (optional)."""

    def unconditional(self, f: str) -> bool:
        """Whether operations `f` fit every state: a history of nothing else exercises nothing."""
        ...


@runtime_checkable
class Enumerable(Protocol):
    """A model with few states: what is broken can be told without what came long before."""

    @property
    def states(self) -> Sequence[State]:
        """Every state there is."""
        ...


@runtime_checkable
class Discerning(Protocol):
    """A model some of whose operations are pure although others of the same name are not."""

    def reads_only(self, call: Call) -> bool:
        """Whether this operation never changes the state: a dequeue that met an empty queue."""
        ...


@runtime_checkable
class Adaptive(Protocol):
    """A model with dialects, that picks the one in which a history is written (optional)."""

    def adapted(self, calls: Sequence[Call]) -> Model:
        """The model to judge these operations (one key's) with."""
        ...


def frozen(value: Any) -> Hashable:
    """A hashable stand-in for a JSON-like value; equal exactly for equal values.

    Unlike in Python, 1, 1.0 and true are three different values, so are 0, 0.0 and false. All
    models compare values by this.

    Raises:
        TypeError: the value is neither JSON-like nor hashable.
    """
    kind = type(value)
    if kind is int or kind is str or value is None:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return ("boolean", value)
    if kind is float:
        return ("float", value)
    if kind is list or kind is tuple:
        return ("list", *map(frozen, value))
    if kind is dict:
        entries = ((frozen(key), frozen(item)) for key, item in value.items())
        return ("map", *sorted(entries, key=repr))
    hash(value)
    return value  # type: ignore[no-any-return]


def shown(value: Any) -> str:
    """A value as people write it: ``null`` for None, strings in quotes, lists in brackets.

    Long strings and lists are cut off, so that a sentence stays one.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is tuple and len(value) == 2 and value[0] in ("boolean", "float"):
        return shown(value[1])  # as `frozen` has it
    if isinstance(value, (list, tuple)):
        listed = ", ".join(map(shown, value[:_LISTED]))
        more = f", … {len(value) - _LISTED} more" if len(value) > _LISTED else ""
        return f"[{listed}{more}]"
    if isinstance(value, str):
        text = value if len(value) <= 60 else f"{value[:25]}…{value[-25:]}"
        return f'"{text}"'
    return str(value)


def is_pure(model: Model, call: Call) -> bool:
    """Whether an operation never changes the state, as far as the model knows."""
    if model.pure(call.f):
        return True
    reads_only = getattr(model, "reads_only", None)  # isinstance of a protocol takes long
    return reads_only is not None and bool(reads_only(call))


def fits_always(model: Model, f: str) -> bool:
    """Whether operations `f` fit every state, as far as the model knows."""
    overwrites, always = getattr(model, "overwrites", None), getattr(model, "unconditional", None)
    return bool((overwrites and overwrites(f)) or (always and always(f)))


def unknown(name: str, known: Sequence[str], call: Call) -> ModelError:
    """The error for an operation that a model doesn't know."""
    words = ", ".join(known[:-1]) + (" and " if len(known) > 1 else "") + known[-1]
    return ModelError(
        call.invoke_index,
        f"a {name} knows {words}, not {shown(call.f)}; choose another model or record only "
        "operations of this one",
    )


def readable(value: Any, at: int) -> None:
    """Make sure that a value is JSON-like, so that it can be compared.

    Raises:
        ModelError: it isn't; ``at`` is the index of its event.
    """
    try:
        frozen(value)
    except TypeError:
        raise ModelError(at, f"{value!r} is not a JSON-like value") from None


def event_of(call: Call) -> int:
    """The index to name in an error about a call's result, else about its argument."""
    return call.invoke_index if call.complete_index is None else call.complete_index
