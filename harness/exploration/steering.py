"""A heap of events that departs from its order where it is told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heappop
from typing import Any

from splitbrain.harness.exploration import CRASH, LATE
from splitbrain.harness.runs.clients import Clients
from splitbrain.harness.simulation.heap import Action, EventHeap
from splitbrain.harness.simulation.incarnation import Incarnation, Waiting
from splitbrain.harness.simulation.network import SimulatedNetwork

CLIENTS = "clients"
"""Where events of all clients, and of who tells them what to do, take place."""


@dataclass(frozen=True, slots=True)
class Step:
    """An event that happened: where, and whether another one may come before it."""

    place: str
    movable: bool


def place_of(action: Action, arguments: tuple[Any, ...]) -> Step | None:
    """Where an event of the heap takes place; None for one of the harness or the nemesis."""
    owner = getattr(action, "__self__", None)
    if isinstance(owner, SimulatedNetwork):
        return Step(_host(arguments[0][1]), True)
    if isinstance(owner, Waiting | Incarnation):
        return Step(_host(owner.name), action.__name__ != "step")
    return Step(CLIENTS, False) if isinstance(owner, Clients) else None


def _host(name: str) -> str:
    return name if name.startswith("n") else CLIENTS


class SteeredHeap(EventHeap):
    """Runs events in order but for its deviations.

    Attributes:
        steps: what happened, by position.
        crash: what makes a server lose power.
    """

    __slots__ = ("_deviations", "_late", "_until", "crash", "steps")

    def __init__(self, deviations: Mapping[int, str], until: float) -> None:
        """Prepare a heap.

        Args:
            deviations: what is to happen otherwise, by position.
            until: the moment from which on everything goes its way.
        """
        super().__init__()
        self.steps: list[Step] = []
        self.crash: Callable[[str], None] = lambda name: None
        self._deviations = deviations
        self._late: dict[str, list[tuple[Action, tuple[Any, ...], Step]]] = {}
        self._until = until

    def deviate_no_more(self) -> None:
        """From now on everything goes its way; what is late comes as soon as it may."""
        self._deviations = {}

    def run_until(self, limit: float) -> None:
        """See `EventHeap.run_until`."""
        events = self._events
        self._stopped = False
        while events and not self._stopped:
            if events[0][0] > limit:
                break
            if events[0][0] >= self._until:
                for place in list(self._late):
                    self._catch_up(place)
            self.now, _, action, arguments = heappop(events)
            self._happen(action, arguments, place_of(action, arguments))
        if not self._stopped:
            self.now = limit

    def _happen(self, action: Action, arguments: tuple[Any, ...], step: Step | None) -> None:
        if step is None or self.now >= self._until:
            action(*arguments)
            return
        deviation = self._deviations.get(len(self.steps))
        self.steps.append(step)
        if deviation == LATE and step.movable:
            self._late.setdefault(step.place, []).append((action, arguments, step))
            return
        action(*arguments)
        if deviation == CRASH and step.place != CLIENTS:
            self.crash(step.place)
        self._catch_up(step.place)

    def _catch_up(self, place: str) -> None:
        """What waited for something to happen here happens now."""
        for late in self._late.pop(place, ()):
            self._happen(*late)
