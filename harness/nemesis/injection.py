"""A fault about to be performed: what to do at its start and at its end."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from splitbrain.harness.nemesis.control import Control, Effect
from splitbrain.harness.nemesis.holds import Changes, ClockHolds, Loads, ProcessHolds, Requests
from splitbrain.harness.nemesis.rules import Healing
from splitbrain.harness.nemesis.targets import Targets, resolve_target
from splitbrain.harness.plan import Fault

if TYPE_CHECKING:
    from splitbrain.harness.nemesis.versions import Versions


class Injection(Protocol):
    """A fault on its way: made when its time has come, then begun, then ended once."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The servers that it strikes (for a scenario: has struck so far)."""
        ...

    @property
    def detail(self) -> Mapping[str, Any]:
        """What it does to them, for the history; JSON-able."""
        ...

    def begin(self) -> None:
        """Perform it."""
        ...

    def end(self) -> Effect:
        """Undo it, and say what it was seen to do."""
        ...


@dataclass(frozen=True, slots=True)
class Strike:
    """An injection whose victims are known from the start: its parts as plain values.

    The fields are those of `Injection`.
    """

    targets: tuple[str, ...]
    detail: Mapping[str, Any]
    begin: Callable[[], None]
    end: Callable[[], Effect]


@dataclass(frozen=True, slots=True)
class Context:
    """What performing a fault needs.

    Attributes:
        control: the world's levers.
        processes: who keeps which process down or paused.
        clocks: who bends which clock.
        versions: which version of its code each server runs.
        loads: how often clients invoke operations.
        changes: who hears when a client asks for a change of the cluster.
        requests: what faults ask of clients.
        fault: the fault.
        options: its options, defaults filled in.
        rng: its own random stream.
        hosts: whom its target may mean: all servers, or all clients.
        healing: whether everything has been healed.
    """

    control: Control
    processes: ProcessHolds
    clocks: ClockHolds
    versions: Versions
    loads: Loads
    changes: Changes
    requests: Requests
    fault: Fault
    options: Mapping[str, Any]
    rng: random.Random
    hosts: tuple[str, ...]
    healing: Healing

    def targets(self, target: str | None = None) -> Targets:
        """The hosts that the fault's target (or another one) means now."""
        control = self.control
        wanted = self.fault.target if target is None else target
        return resolve_target(wanted, self.hosts, control.leader(), self.rng)

    def detail(self, targets: Targets, **more: Any) -> dict[str, Any]:
        """The options, `more`, and the targets' note if there is one."""
        note = {} if targets.note is None else {"note": targets.note}
        return {**self.options, **more, **note}


Prepare = Callable[[Context], Injection]
"""How a kind of fault is performed: chooses victims, does nothing yet."""


def merged(effects: Iterable[Effect]) -> dict[str, Any]:
    """Several effects as one: numbers are added, lists joined."""
    total: dict[str, Any] = {}
    for effect in effects:
        for name, value in effect.items():
            total[name] = total[name] + value if name in total else value
    return total


def seen(effect: Effect) -> dict[str, Any]:
    """The part of an effect that is something: no zeros, no empty lists."""
    return {name: value for name, value in effect.items() if value}
