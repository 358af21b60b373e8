"""Settings that a system lets a plan choose: how often it snapshots, how patient it is.

A bug hides where a default never goes: a store that snapshots every 128 entries never installs a
snapshot in a run of ten seconds. A system declares its settings with the range in which it must
work; a plan names values of some (``options={"system": {"snapshot_every": 8}}``), hunts draw them,
shrinking takes them away again.

A setting stands somewhere in the server's class, where the defaults are. Choosing one makes a
subclass, and leaves the class as it is::

    class RaftKV:                                   Knob("snapshot_every", 4, 128,
        settings = Settings(snapshot_every=128)          where="settings.snapshot_every")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from math import isfinite
from typing import Any

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.bug import planted
from splitbrain.harness.node import ServerFactory
from splitbrain.harness.plan import InvalidPlan, Plan

OPTION = "system"
"""The plan's option that holds the values, by name."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting.

    Attributes:
        name: what plans call it.
        low: its least value; a whole number if the setting is one.
        high: its greatest value; between these two the system must keep what it promises.
        meaning: one sentence for people, units included.
        where: the way to it from the server's class: attributes with dots in between, each of a
            class, or of a named tuple or dataclass that a class has; the last is the value. Its own
            name, unless given.
    """

    name: str
    low: float
    high: float
    meaning: str
    where: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return isinstance(self.low, int)

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value and what to give instead; None if nothing."""
        fits = type(value) is int or (not self.whole and type(value) is float and isfinite(value))
        if fits and self.low <= value <= self.high:
            return None
        kind = "a whole number" if self.whole else "a number"
        return f"is {value!r}: give {kind} from {self.low:g} to {self.high:g}"

    def default(self, server: Any) -> Any:
        """Its value if nobody chooses one.

        Raises:
            AttributeError: the server has no such setting.
        """
        found = server
        for name in self._way:
            found = getattr(found, name)
        return found

    def set(self, server: ServerFactory, value: float) -> ServerFactory:
        """A server like this one, with another value.

        Raises:
            TypeError: the server has no such setting.
        """
        try:
            self.default(server)
        except AttributeError as error:
            raise TypeError(
                f"setting {self.name} is not at {'.'.join(self._way)}: {error}"
            ) from None
        changed: ServerFactory = _set(server, self._way, value)
        return changed

    @property
    def _way(self) -> Sequence[str]:
        return (self.where or self.name).split(".")


def _set(holder: Any, way: Sequence[str], value: Any) -> Any:
    """`holder` with something else at the end of the way."""
    first, rest = way[0], way[1:]
    inner = _set(getattr(holder, first), rest, value) if rest else value
    if isinstance(holder, type):
        return planted(holder, **{first: inner})
    if is_dataclass(holder) and not isinstance(holder, type):
        return replace(holder, **{first: inner})
    return holder._replace(**{first: inner})


def chosen(plan: Plan) -> Mapping[str, Any]:
    """The settings that a plan chooses.

    Raises:
        InvalidPlan: they are no mapping.
    """
    values = plan.options.get(OPTION, {})
    if not isinstance(values, Mapping):
        raise InvalidPlan(f"option {OPTION} is {values!r}: give settings with their values")
    return values


def apply(system: str, knobs: Sequence[Knob], plan: Plan, server: ServerFactory) -> ServerFactory:
    """The server with the plan's settings.

    Raises:
        InvalidPlan: the system has no such setting, or the value is out of its range.
    """
    by_name = {knob.name: knob for knob in knobs}
    for name, value in chosen(plan).items():
        if name not in by_name:
            known = suggestion(name, by_name) if by_name else "it has none"
            raise InvalidPlan(f"{system} has no setting {name!r}: {known}")
        if (problem := by_name[name].problem(value)) is not None:
            raise InvalidPlan(f"setting {name!r} of {system} {problem}")
        server = by_name[name].set(server, value)
    return server


def told(plan: Plan) -> str:
    """The plan's settings in words; empty if it chooses none."""
    values = plan.options.get(OPTION)
    if not isinstance(values, Mapping):
        return ""
    return ", ".join(f"{name} {value}" for name, value in values.items())
