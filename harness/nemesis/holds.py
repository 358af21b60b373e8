"""Who keeps what in a disturbed state, so that faults may overlap.

A server that two faults have taken down comes back when the second of them ends; a clock that two
faults have bent runs at the product of their rates.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from random import Random
from typing import Any

from splitbrain.checkers.vocabulary import CHANGES
from splitbrain.harness.nemesis.control import Clocks, Effect, Processes


class Holds:
    """Counts, for each node, the faults that hold it in some state."""

    def __init__(self) -> None:
        self._holders: dict[str, list[str]] = {}
        self._prolonged: set[tuple[str, str]] = set()  # asked for membership only

    def take(self, node: str, owner: str) -> None:
        """`owner` holds `node`, once however often it says so."""
        holders = self._holders.setdefault(node, [])
        if owner not in holders:
            holders.append(owner)

    def release(self, node: str, owner: str) -> bool:
        """`owner` lets go; True if it held `node` and was the last to."""
        holders = self._holders.get(node, [])
        if owner not in holders:
            return False
        holders.remove(owner)
        self._prolonged.update((node, other) for other in holders)
        return not holders

    def prolonged(self, node: str, owner: str) -> bool:
        """Whether `owner` alone kept `node` from returning when another fault let it go."""
        return (node, owner) in self._prolonged

    def drop(self, node: str) -> None:
        """Nobody holds `node` any more."""
        self._holders.pop(node, None)


class ProcessHolds:
    """Takes processes down, and pauses them, for faults that may overlap.

    A pause belongs to the process, not to the machine: it ends with the process, and a process that
    starts later is not paused, as with SIGSTOP.
    """

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self.down = Holds()
        self.paused = Holds()
        self._gone: dict[str, None] = {}

    @property
    def gone(self) -> tuple[str, ...]:
        """The nodes that are down for good."""
        return tuple(self._gone)

    def take_down(self, node: str, owner: str, strike: Callable[[str], Effect]) -> Effect:
        """End the process on `node` by `strike`, and keep it away until `owner` releases it."""
        self.down.take(node, owner)
        self.paused.drop(node)
        return strike(node)

    def end(self, node: str, strike: Callable[[str], Effect]) -> Effect:
        """End the process on `node` by `strike`; nothing starts it again, not even healing."""
        self._gone[node] = None
        return self.take_down(node, "for good", strike)

    def bring_back(self, node: str, owner: str) -> None:
        """`owner` no longer keeps `node` down; the last to say so starts it."""
        if self.down.release(node, owner) and not self._processes.running(node):
            self._processes.start(node)

    def pause(self, node: str, owner: str) -> bool:
        """Pause the process on `node`; False if there is none, or it was paused already."""
        if not self._processes.running(node):
            return False
        self.paused.take(node, owner)
        if self._processes.paused(node):
            return False
        self._processes.pause(node)
        return True

    def resume(self, node: str, owner: str) -> None:
        """`owner` no longer keeps `node` paused; the last to say so resumes it."""
        if self.paused.release(node, owner) and self._processes.paused(node):
            self._processes.resume(node)


class Loads:
    """How many times as often as usual clients invoke operations, for faults that may overlap.

    Attributes:
        times: how many times as often: the most that any asks for. A few that overlap, multiplied,
            would be a load that no client can send.
        hurried: operations that were invoked while it was more often.
    """

    def __init__(self) -> None:
        self._asked: dict[str, float] = {}
        self.times = 1.0
        self.hurried = 0

    def raise_to(self, owner: str, times: float) -> None:
        """Let clients invoke so many times as often as usual, at least."""
        self._asked[owner] = times
        self._settle()

    def restore(self, owner: str) -> None:
        """Take back what `owner` asked for."""
        self._asked.pop(owner, None)
        self._settle()

    def _settle(self) -> None:
        self.times = max(self._asked.values(), default=1.0)


@dataclass(slots=True, eq=False)
class Request:
    """An operation that a fault asks of some client.

    Attributes:
        f: what to do.
        value: its argument.
        operation: where in the history it was invoked; None as long as no client was free.
    """

    f: str
    value: Any
    operation: int | None = None


class Requests:
    """Operations that faults ask of clients: changes of the cluster, where the workload offers
    them.

    Args:
        offers: by operation, what draws its argument; nothing, unless given.

    Attributes:
        wake: called when there is something to ask for.
        waiting: what nobody has begun yet, in the order in which it was asked for.
    """

    def __init__(self, offers: Mapping[str, Callable[[Random], Any]] | None = None) -> None:
        self._offers = offers or {}
        self.waiting: deque[Request] = deque()
        self.wake: Callable[[], None] = lambda: None

    def ask(self, f: str, rng: Random) -> Request | None:
        """Have the next free client do this; None where nobody can."""
        if f not in self._offers:
            return None
        request = Request(f, self._offers[f](rng))
        self.waiting.append(request)
        self.wake()
        return request

    def drop(self, request: Request) -> None:
        """Ask no longer, if nobody has begun."""
        if request in self.waiting:
            self.waiting.remove(request)


class Changes:
    """Who is to hear when a client asks for a change of the cluster."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[str], None]] = []

    def listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener` at each change, with the client's name; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def invoked(self, f: str, client: str) -> None:
        """A client invoked an operation."""
        if f in CHANGES:
            for listener in tuple(self._listeners):
                listener(client)


class ClockHolds:
    """Bends hosts' clocks for faults that may overlap."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._rates: dict[str, dict[str, float]] = {}
        self._wall_rates: dict[str, dict[str, float]] = {}

    def drift(self, node: str, owner: str, rate: float) -> None:
        """Let `node`'s clocks run `rate` times as fast as they would otherwise."""
        self._rates.setdefault(node, {})[owner] = rate
        self._apply(node)

    def undrift(self, node: str, owner: str) -> None:
        """Take `owner`'s drift off `node`'s clocks; without any, the rate is exactly 1."""
        if self._rates.get(node, {}).pop(owner, None) is not None:
            self._apply(node)

    def slew(self, node: str, owner: str, rate: float) -> None:
        """Let `node`'s wall clock run `rate` times as fast as it would otherwise."""
        self._wall_rates.setdefault(node, {})[owner] = rate
        self._apply_wall(node)

    def unslew(self, node: str, owner: str) -> None:
        """Take `owner`'s rate off `node`'s wall clock; without any, it is set right."""
        if self._wall_rates.get(node, {}).pop(owner, None) is not None:
            self._apply_wall(node)

    def _apply_wall(self, node: str) -> None:
        self._clocks.set_wall_rate(node, prod(self._wall_rates[node].values(), start=1.0))

    def _apply(self, node: str) -> None:
        self._clocks.set_clock_rate(node, prod(self._rates[node].values(), start=1.0))
