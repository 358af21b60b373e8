"""Invariants of a system that are watched while it runs, from outside and from within.

Checkers judge what clients saw, afterwards. A system may also say what must hold between its
servers at every moment (`splitbrain.harness.system.System.invariants`): then each of its servers is
looked at after each of its steps, and the run ends at the first breach, where its cause is near.
The breach is an event of the history, and the verdict `splitbrain.checkers.invariants.declared`.

A probe only looks. It is given the server's own object, whatever that holds, and must state the
property by itself rather than ask the server's code about it. It is called some thousand times a
second: it had better see quickly that nothing has changed.

    >>> class OneCoordinator:
    ...     def __init__(self):
    ...         self.seen = set()
    ...     def __call__(self, name, server):
    ...         if server.coordinates:
    ...             self.seen.add(name)
    ...         if len(self.seen) > 1:
    ...             return Breach("one-coordinator", f"all of {sorted(self.seen)} coordinate")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from splitbrain.checkers.vocabulary import INVARIANT
from splitbrain.harness.error_text import described, traceback_lines


class Breach(NamedTuple):
    """An invariant that does not hold.

    Attributes:
        invariant: its name, as a kind of anomaly: ``election-safety``.
        said: what was seen, in a sentence without its full stop.
        state: what the servers held, in short texts, if the probe says so.
    """

    invariant: str
    said: str
    state: Mapping[str, Mapping[str, str]] = MappingProxyType({})


class Probe(Protocol):
    """What looks at the servers of one run, one at a time."""

    def __call__(self, name: str, server: Any) -> Breach | None:
        """Look at a server that has just done something; None if all is well.

        A server that starts again is another object under the same name.
        """
        ...


Invariants = Callable[[], Probe]
"""Makes a probe for one run; a class whose ``__init__`` takes nothing is such a thing."""


class Watch:
    """Calls the probe after each step of a server, and tells the first breach.

    Args:
        probe: what looks.
        servers: the servers' objects by name; those that have not started yet are not there.
        breached: called once, with the server's name, `INVARIANT` and what the history says.
    """

    def __init__(
        self,
        probe: Probe,
        servers: Mapping[str, Any],
        breached: Callable[[str, str, Mapping[str, Any]], object],
    ) -> None:
        self._probe = probe
        self._servers = servers
        self._breached = breached
        self._over = False

    def stepped(self, name: str) -> None:
        """A server has done something."""
        server = self._servers.get(name)
        if server is None or self._over:
            return
        try:
            breach = self._probe(name, server)
        except Exception as error:  # noqa: BLE001 - whatever a probe does wrong, the run stands
            self._over = True
            told = {"failed": described(error), "traceback": traceback_lines(error)}
            self._breached(name, INVARIANT, told)
            return
        if breach is not None:
            self._over = True
            told = {"invariant": breach.invariant, "said": breach.said}
            state = {name: dict(held) for name, held in breach.state.items()}
            self._breached(name, INVARIANT, {**told, "state": state} if state else told)

    def goals(self) -> dict[str, Any] | None:
        """What was to come true at some moment, as `GOALS` tells it; None if nothing was."""
        goals: Mapping[str, float | None] = getattr(self._probe, "goals", {})
        if not goals:
            return None
        reached = {name: round(when, 6) for name, when in goals.items() if when is not None}
        return {"reached": reached, "missed": [name for name in goals if name not in reached]}
