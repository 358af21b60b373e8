"""The open sockets of one process, and who waits for them: tasks of trio, or asyncio's selector."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from splitbrain.harness.node import NodeDead
from splitbrain.harness.simulation.wires import blamed

if TYPE_CHECKING:
    from splitbrain.harness.programs.network.machine import Machine
    from splitbrain.harness.programs.network.sockets import SimulatedSocket
    from splitbrain.harness.simulation.incarnation import Incarnation

_FIRST = 1 << 19
"""Sockets have numbers from here on, which nothing of the real machine has."""


class RealDescriptor(RuntimeError):
    """A program waits for a socket or pipe of the real machine."""


class Blocking(RuntimeError):
    """A program would have waited in a blocking socket, and every node with it."""


def blocks(call: str) -> Blocking:
    """What to raise where a call would wait."""
    return Blocking(
        f"{blamed()}: {call} would wait in a blocking call, and stop every node: "
        "use asyncio's or trio's streams"
    )


class Descriptors:
    """What a process has open, by number.

    Attributes:
        process: whose they are.
        on_change: told the number of a descriptor that may have become ready.
        loop: asyncio's event loop in this process, if it has one.
    """

    def __init__(self, machine: Machine, process: Incarnation) -> None:
        self.machine, self.process = machine, process
        self.on_change: Callable[[int], None] = lambda number: None
        self.loop: object = None
        self._open: dict[int, SimulatedSocket] = {}
        self._next = _FIRST
        self._waiting: dict[int, list[Callable[[], None]]] = {}

    def add(self, opened: SimulatedSocket) -> int:
        """Give a socket its number."""
        self._next += 1
        self._open[self._next] = opened
        return self._next

    def remove(self, number: int) -> None:
        """It is closed: who waits for it looks again, and sees that."""
        self._open.pop(number, None)
        self.changed(number)

    def at(self, number: int) -> SimulatedSocket | None:
        """The open socket with this number."""
        return self._open.get(number)

    def changed(self, number: int) -> None:
        """The socket may be ready now."""
        for due in self._waiting.pop(number, ()):
            due()
        self.on_change(number)

    async def change(self, number: int) -> None:
        """Wait, in a task of trio, until the socket may be ready."""
        if self.process.dead:
            raise NodeDead
        await self.process.wait_for(self._waiting.setdefault(number, []).append)


def descriptors_of(machine: Machine, process: Incarnation) -> Descriptors:
    """What the process has open.

    Raises:
        NodeDead: it was killed.
    """
    if process.dead:
        raise NodeDead
    found = machine.descriptors
    if found is None or found.process is not process:
        found = machine.descriptors = Descriptors(machine, process)
    return found


class _Keys(dict[Any, selectors.SelectorKey]):
    """What is registered, by descriptor; asked by what has one, too, as any selector's map."""

    def __missing__(self, fileobj: Any) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        if number is fileobj or number not in self:
            raise KeyError(fileobj)
        return self[number]

    def get(self, fileobj: Any, default: Any = None) -> Any:
        try:
            return self[fileobj]
        except KeyError:
            return default


class SimulatedSelector(selectors.BaseSelector):
    """What asyncio's loop asks which sockets are ready. It never waits: the world does."""

    def __init__(self, descriptors: Descriptors, changed: Callable[[], None]) -> None:
        self._descriptors = descriptors
        self._keys = _Keys()
        self._candidates: dict[int, None] = {}  # in order; those that may be ready
        self._tell = changed
        descriptors.on_change = self._changed

    def _changed(self, number: int) -> None:
        if number in self._keys:
            self._candidates[number] = None
            self._tell()

    @property
    def pending(self) -> bool:
        """Whether a `select` might find something."""
        return bool(self._candidates)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """See `selectors.BaseSelector.register`."""
        number = _number(fileobj)
        if self._descriptors.at(number) is None:
            error = RealDescriptor(
                f"{blamed()}: asyncio was asked to wait for descriptor {number}, which is no "
                "simulated socket: a C extension, or code of before the run, has opened it itself"
            )
            process = self._descriptors.process
            process.host.world.tripped(process, error)
            raise error
        if number in self._keys:
            raise KeyError(f"{fileobj!r} (FD {number}) is already registered")
        key = self._keys[number] = selectors.SelectorKey(fileobj, number, events, data)
        self._candidates[number] = None
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """See `selectors.BaseSelector.unregister`."""
        number = _number(fileobj)
        self._candidates.pop(number, None)
        try:
            return self._keys.pop(number)
        except KeyError:
            raise KeyError(f"{fileobj!r} is not registered") from None

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """See `selectors.BaseSelector.modify`."""
        self.unregister(fileobj)
        return self.register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now, in the order in which it became so."""
        ready = []
        for number in list(self._candidates):
            key, opened = self._keys[number], self._descriptors.at(number)
            events = key.events & _ready(opened) if opened is not None else 0
            if events:
                ready.append((key, events))
            else:
                del self._candidates[number]
        return ready

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """See `selectors.BaseSelector.get_map`."""
        return self._keys

    def close(self) -> None:
        """Forget everything."""
        self._keys.clear()
        self._candidates.clear()


def _ready(opened: SimulatedSocket) -> int:
    readable = selectors.EVENT_READ if opened.readable() else 0
    return readable | (selectors.EVENT_WRITE if opened.writable() else 0)


def _number(fileobj: Any) -> int:
    number: int = fileobj if isinstance(fileobj, int) else fileobj.fileno()
    if number < 0:
        raise ValueError(f"Invalid file descriptor: {number}")
    return number
