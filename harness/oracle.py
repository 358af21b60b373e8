"""What must hold of the servers' live objects: `always`, `eventually`, `leads_to`, `sometimes`.

    from splitbrain.harness.oracle import always, eventually, leads_to, oracles, sometimes

    plan.using(
        program("shop.main:main"),
        workloads.register(ShopClient),
        invariants=oracles(
            always("one-primary", lambda up: sum(shop.primary for shop in up.values()) <= 1),
            eventually("some-primary", lambda up: any(s.primary for s in up.values()), within=5.0),
            leads_to("queue-empties", full, empty, within=3.0),
            sometimes("two-primaries-meet", lambda up: len(up) > 1 and met(up)),
        ),
    )

A condition is given the servers that are up, by name: an unmodified program's module, in this life
of its process, or the server's own object. It is asked after each step of any server and says True
or False, or, in place of False, in words what is wrong. A breach ends the run
(`splitbrain.harness.invariants`); the history has it with the state that was seen. A run in which
something that is to be so at some moment (`sometimes`) never was has not tried it: its verdict is
unknown. All times are true virtual seconds; what was due in the meantime is noticed at the next
step.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from types import ModuleType, NoneType
from typing import Any, Protocol

from splitbrain.harness.invariants import Breach, Invariants, Probe
from splitbrain.harness.programs.insides import globals_of

_SHOWN = 12
"""Names of a server, and elements of a collection, that the state seen at a breach has at most."""

_DATA = (bool, int, float, str, bytes, list, tuple, dict, set, frozenset, NoneType)

State = Mapping[str, Any]
Condition = Callable[[State], bool | str]


class Observed(Protocol):
    """One statement while a run goes on.

    Attributes:
        due: when it is broken if nothing happens until then, in seconds; inf for never.
    """

    due: float

    def look(self, state: State, now: float) -> str | None:
        """What is wrong, in words; None if nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class Oracle:
    """A statement on the servers.

    Attributes:
        name: its name, as a kind of anomaly.
        observe: begins to observe it, for one run.
    """

    name: str
    observe: Callable[[], Observed]


class _Always:
    due = inf

    def __init__(self, condition: Condition) -> None:
        self._condition = condition

    def look(self, state: State, now: float) -> str | None:
        answer = self._condition(state)
        if answer is True:
            return None
        return answer if isinstance(answer, str) else "it does not hold"


class _Eventually:
    def __init__(self, condition: Condition, within: float) -> None:
        self._condition, self._within = condition, within
        self.due = within
        self._over = False

    def look(self, state: State, now: float) -> str | None:
        if self._over:
            return None
        if self._condition(state) is True:
            self._over, self.due = True, inf
        elif now > self._within:
            return f"it did not come true within {self._within:g} s of the start"
        return None


class _LeadsTo:
    def __init__(self, cause: Condition, effect: Condition, within: float) -> None:
        self._cause, self._effect, self._within = cause, effect, within
        self._since: float | None = None
        self.due = inf

    def look(self, state: State, now: float) -> str | None:
        if self._effect(state) is True:
            self._since, self.due = None, inf
        elif self._since is None and self._cause(state) is True:
            self._since, self.due = now, now + self._within
        elif self._since is not None and now > self._since + self._within:
            return f"what began at {self._since:.3f} s was not followed within {self._within:g} s"
        return None


class Sometimes:
    """A goal; it is never broken.

    Attributes:
        reached: when it first came true, in seconds; None until then.
    """

    due = inf

    def __init__(self, condition: Condition) -> None:
        self._condition = condition
        self.reached: float | None = None

    def look(self, state: State, now: float) -> str | None:
        """See `Observed.look`."""
        if self.reached is None and self._condition(state) is True:
            self.reached = now
        return None


def always(name: str, condition: Condition) -> Oracle:
    """The condition holds at every step."""
    return Oracle(name, lambda: _Always(condition))


def eventually(name: str, condition: Condition, within: float) -> Oracle:
    """The condition holds at some step within so many seconds of the run's start."""
    return Oracle(name, lambda: _Eventually(condition, within))


def leads_to(name: str, cause: Condition, effect: Condition, within: float) -> Oracle:
    """Whenever `cause` holds, `effect` holds then or within so many seconds after."""
    return Oracle(name, lambda: _LeadsTo(cause, effect, within))


def sometimes(name: str, condition: Condition) -> Oracle:
    """The condition holds at some step of the run; else the run has not tried what it was to."""
    return Oracle(name, lambda: Sometimes(condition))


class _Oracles:
    """A probe (`splitbrain.harness.invariants.Probe`) that looks at all servers at once."""

    def __init__(self, stated: tuple[Oracle, ...]) -> None:
        self._observed = [(oracle.name, oracle.observe()) for oracle in stated]
        self._servers: dict[str, Any] = {}

    def __call__(self, name: str, server: Any) -> Breach | None:
        self._servers[name] = server
        process = _process_of(server)
        state = {
            name: getattr(server, "module", server)
            for name, server in sorted(self._servers.items())
            if not _process_of(server).dead
        }
        now = process.host.world.now
        for stated, observed in self._observed:
            if (problem := observed.look(state, now)) is not None:
                return Breach(stated, f"{stated}: {problem}", _held(state))
        return None

    @property
    def goals(self) -> dict[str, float | None]:
        """When each goal first came true."""
        return {
            name: observed.reached
            for name, observed in self._observed
            if isinstance(observed, Sometimes)
        }


class _Short(reprlib.Repr):
    """Values in short texts, which are the same in every run."""

    def __init__(self) -> None:
        super().__init__()
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = _SHOWN

    def repr_instance(self, x: object, level: int) -> str:
        if isinstance(x, bool | float | bytes | NoneType):
            return repr(x)
        return f"<{type(x).__name__}>"


def _held(state: State) -> dict[str, dict[str, str]]:
    """What each server holds that is up, of what is data."""
    found = {}
    for name, server in state.items():
        module = isinstance(server, ModuleType)
        held = globals_of(server) if module else getattr(server, "__dict__", {})
        kept = {key: value for key, value in held.items() if isinstance(value, _DATA)}
        found[name] = {key: shown(value) for key, value in list(kept.items())[:_SHOWN]}
    return found


def shown(value: object) -> str:
    """A value in a short text, the same in every run."""
    return _Short().repr(value)


def _process_of(server: Any) -> Any:
    """The process of a server, by which it is known whether it is up, and what time it is."""
    process = getattr(server, "node", None)
    if process is None or not hasattr(process, "host"):
        raise TypeError(
            f"{type(server).__name__} has no attribute 'node': keep the node that its __init__ is "
            "given, so that oracles see whether it is up"
        )
    return process


def oracles(*stated: Oracle) -> Invariants:
    """The statements as invariants, for `System.invariants` and ``plan.using(invariants=)``."""

    def make() -> Probe:
        return _Oracles(stated)

    return make
