"""What a client can do: which methods it has.

A workload needs some methods and makes use of others. It never drops an operation silently: a
client without a needed method is refused, and an optional one that is missing leaves a note.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.workloads.parts.options import Option, settle
from splitbrain.harness.workloads.workload import ClientFactory


@dataclass(frozen=True, slots=True)
class Method:
    """A method that a workload calls.

    Attributes:
        name: the method's name.
        signature: as shown to people: ``cas(key, old, new)``.
        purpose: what the workload does with it, in a few words.
        needed: whether it does without.
    """

    name: str
    signature: str
    purpose: str
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The methods that a client offers to a workload.

    Attributes:
        workload: the workload's name.
        methods: the names of those of the workload's methods that the client has.
        missing: the others, with why the client doesn't have them: ``C has no cas(key, old, new)``.
        certain: False if the client's class is not known, so that it may have more methods.
    """

    workload: str
    methods: tuple[str, ...]
    missing: Mapping[Method, str]
    certain: bool

    def notes(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """What is left out and why, under these settled options."""
        return tuple(
            f"no {method.purpose}, as {reason}"
            for method, reason in self.missing.items()
            if not options.get(method.name)
        )

    def settle(
        self, options: Sequence[Option], given: Mapping[str, Any], plan: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Like `options.settle` beside this file; an option named as a missing method is 0.

        Such an option is the share of the operations that the method does.

        Raises:
            InvalidPlan: as `settle`; or more than 0 is asked of a method that is missing.
        """
        absent = [method.name for method in self.missing]
        possible = [replace(o, default=0.0) if o.name in absent else o for o in options]
        settled = settle(self.workload, possible, given, plan)
        for method, reason in self.missing.items():
            if self.certain and settled.get(method.name):
                raise InvalidPlan(
                    f"option {method.name!r} of workload {self.workload} is "
                    f"{settled[method.name]}, but {reason}: add it, or leave the option out"
                )
        return settled


def capabilities(workload: str, client: ClientFactory, methods: Sequence[Method]) -> Capabilities:
    """Which of a workload's methods the client has.

    A client made by a function rather than a class cannot be looked into before it exists, so the
    function may say its class in its return annotation; without it, it counts as having the needed
    methods, and others only if the options ask for them.

    Raises:
        InvalidPlan: a needed method is missing.
    """
    made = _class_of(client)
    if made is None:
        why = "the client's class is not known: annotate what the client's function returns"
        missing = {method: why for method in methods if not method.needed}
    else:
        lacking = [m for m in methods if not callable(getattr(made, m.name, None))]
        for method in lacking:
            if method.needed:
                raise InvalidPlan(
                    f"workload {workload} needs {method.signature} for {method.purpose}, which "
                    f"{made.__name__} does not have: add it, or choose another workload"
                )
        missing = {method: f"{made.__name__} has no {method.signature}" for method in lacking}
    present = tuple(method.name for method in methods if method not in missing)
    return Capabilities(workload, present, missing, made is not None)


def _class_of(client: ClientFactory) -> type | None:
    """The class of the clients that the factory makes, if that can be told."""
    made: Any = client
    while isinstance(made, functools.partial):
        made = made.func
    if isinstance(made, type):
        return made
    try:
        result = inspect.get_annotations(made, eval_str=True).get("return")
    except (NameError, TypeError):
        # An annotation that only type checkers can resolve, or a callable object without any.
        return None
    return result if isinstance(result, type) else None
