"""A planted bug: a system with one thing wrong, and what finds it.

Planted bugs show that the harness sees what it claims to see. Each is a small subclass of the
system as it should be, made from outside; the system itself has no hooks for it. Where a class
would only put another class in the place of one, `planted` makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from splitbrain.checkers.verdict import INVALID, Verdict
from splitbrain.harness.node import Node, ServerFactory


@dataclass(frozen=True, slots=True)
class Bug:
    """One planted bug of a system (`splitbrain.harness.system.System.bugs`).

    Attributes:
        id: its name, e.g. ``CON-01``; no other bug of any system has it.
        title: what is wrong, in one line.
        server: the system with the bug.
        workload: the workload that shows it.
        faults: the kinds of faults that provoke it, by id.
        nodes: how many servers it takes.
        seeds: the budget: so many runs under different seeds must find it.
        shows: what it looks like: signatures or kinds of anomalies, any of which is right.
        source: where the bug comes from: paper and section, report, or issue.
        shows_all: kinds of anomalies that must all be found in one run, whichever of them names
            the failure.
        options: the plan's options, where the usual ones show it too rarely: a slower disk, say.
        client: the client with the bug, where that is wrong; None for the system's own.
    """

    id: str
    title: str
    server: ServerFactory
    workload: str
    faults: tuple[str, ...]
    nodes: int
    seeds: int
    shows: tuple[str, ...]
    source: str
    shows_all: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    client: Callable[[Node, str], Any] | None = None

    def shown_by(self, verdicts: Iterable[Verdict]) -> bool:
        """Whether verdicts on a run show this bug."""
        invalid = [verdict for verdict in verdicts if verdict.validity is INVALID]
        kinds = {anomaly.kind for verdict in invalid for anomaly in verdict.anomalies}
        named = any(shown in verdict.signature for verdict in invalid for shown in self.shows)
        return named and kinds.issuperset(self.shows_all)


Base = TypeVar("Base", bound=type)


def planted(base: Base, **instead: Any) -> Base:
    """A subclass of `base` that has these class attributes instead of its own.

    >>> class Disk: ...
    >>> class Server:
    ...     disk_class = Disk
    >>> planted(Server, disk_class=dict).disk_class
    <class 'dict'>

    Raises:
        TypeError: `base` has no such attribute, so that nothing would be planted.
    """
    for name in instead:
        if not hasattr(base, name):
            raise TypeError(f"{base.__name__} has no {name} to plant something in place of")
    what = ", ".join(
        f"{name}={getattr(value, '__name__', value)}" for name, value in instead.items()
    )
    described = {"__module__": base.__module__, "__doc__": f"`{base.__name__}` with {what}."}
    made: Any = type(f"{base.__name__}({what})", (base,), {**described, **instead})
    return made  # type: ignore[no-any-return]
