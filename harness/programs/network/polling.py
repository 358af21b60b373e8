"""`select.select` and `select.poll` over simulated sockets: what is ready now, without waiting.

Libraries ask so whether an idle connection was closed. Whoever would wait is told that every node
would wait with it.
"""

from __future__ import annotations

import select
from typing import Any

from splitbrain.harness.programs.network.descriptors import Descriptors, blocks, descriptors_of
from splitbrain.harness.programs.network.machine import machine_under
from splitbrain.harness.simulation.wires import replace, running_program

_select, _poll = select.select, select.poll


def _descriptors() -> Descriptors | None:
    """What the running program has open; None if no program is running."""
    program = running_program()
    return None if program is None else descriptors_of(machine_under(program), program)


def _number(what: Any) -> int:
    number: int = what if isinstance(what, int) else what.fileno()
    return number


class Poll:
    """See `select.poll`."""

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors
        self._events: dict[int, int] = {}

    def register(self, fd: Any, eventmask: int = select.POLLIN | select.POLLOUT) -> None:
        """See `select.poll`."""
        self._events[_number(fd)] = eventmask

    modify = register

    def unregister(self, fd: Any) -> None:
        """See `select.poll`."""
        del self._events[_number(fd)]

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        """What is ready now.

        Raises:
            Blocking: it would have to wait.
        """
        ready = [(number, self._now(number) & mask) for number, mask in self._events.items()]
        found = [(number, events) for number, events in ready if events]
        if not found and timeout != 0:
            raise blocks("select.poll()")
        return found

    def _now(self, number: int) -> int:
        opened = self._descriptors.at(number)
        if opened is None:
            return select.POLLNVAL
        readable = select.POLLIN if opened.readable() else 0
        return readable | (select.POLLOUT if opened.writable() else 0)


def _polling() -> Any:
    descriptors = _descriptors()
    return _poll() if descriptors is None else Poll(descriptors)


def _selecting(rlist: Any, wlist: Any, xlist: Any, timeout: float | None = None) -> Any:
    descriptors = _descriptors()
    if descriptors is None:
        return _select(rlist, wlist, xlist, timeout)
    readable = [one for one in rlist if (s := descriptors.at(_number(one))) and s.readable()]
    writable = [one for one in wlist if (s := descriptors.at(_number(one))) and s.writable()]
    if not readable and not writable and timeout != 0:
        raise blocks("select.select()")
    return readable, writable, []


def replace_polling() -> None:
    """Put the stand-ins in place until the running world ends."""
    replace(select, "poll", _polling)
    replace(select, "select", _selecting)
