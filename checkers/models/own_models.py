"""A user's own model, in plain Python.

Nothing but an initial state and a step is needed:

    class Semaphore:
        initial = 2

        def step(self, state, call):
            return (state > 0, state - 1) if call.f == "take" else (True, state + 1)

    linearizable(models.own(Semaphore())).check(history)

States must be hashable, and ``step`` a function of its arguments; see
`splitbrain.checkers.models.model`.
"""

from __future__ import annotations

from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.models.model import Model, ModelError, State, Step, shown

_OPTIONAL = (
    "states",
    "overwrites",
    "unconditional",
    "reads_only",
    "adapted",
    "takes_value",
    "filled",
)


class OwnModel:
    """A model with defaults for what its author left out.

    Attributes:
        name: the author's ``name``, or that of the class.
        per_key: the author's, or False.
    """

    def __init__(self, given: Any) -> None:
        self._given = given
        self.name: str = getattr(given, "name", type(given).__name__)
        self.per_key: bool = getattr(given, "per_key", False)
        for name in _OPTIONAL:
            if hasattr(given, name):
                setattr(self, name, getattr(given, name))

    @property
    def initial(self) -> State:
        """The author's."""
        initial: State = self._given.initial
        return initial

    def step(self, state: State, call: Call) -> Step:
        """The author's; an exception in it is an operation that the model can't read."""
        try:
            fits, after = self._given.step(state, call)
            hash(after)
        except Exception as error:
            raise ModelError(
                call.invoke_index,
                f"the model {self.name} fails in state {shown(state)} on {call.f} "
                f"{shown(call.argument)} ({type(error).__name__}: {error}); its step takes a state "
                "and a call, and gives whether it fits and a state that can be hashed",
            ) from error
        return bool(fits), after

    def pure(self, f: str) -> bool:
        """The author's; nothing is pure unless that is known."""
        return bool(self._given.pure(f)) if hasattr(self._given, "pure") else False

    def check(self, call: Call) -> None:
        """The author's; anything goes unless that is known."""
        if hasattr(self._given, "check"):
            self._given.check(call)

    def describe(self, call: Call) -> str:
        """The author's, or the operation as recorded."""
        if hasattr(self._given, "describe"):
            return str(self._given.describe(call))
        answer = f" → {shown(call.result)}" if call.outcome == "ok" else ""
        return f"{call.f} {shown(call.argument)}{answer}"


def own(model: Any) -> Model:
    """A model made of an object with at least ``initial`` and ``step``, or of its class.

    Raises:
        ValueError: it has not.
    """
    given = model() if isinstance(model, type) else model
    missing = [name for name in ("initial", "step") if not hasattr(given, name)]
    if missing:
        raise ValueError(f"{model!r} is no model: it has no {' and no '.join(missing)}")
    return OwnModel(given)
