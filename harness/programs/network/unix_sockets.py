"""Unix sockets: streams between programs' tasks on one simulated host, by the name of a file.

Such a socket is one of TCP on the host's loopback, at a number that no port has. The file lasts
until somebody removes it, as on any machine: also when the process is killed, and then connecting
is refused, and binding to it again an error. Names in the abstract namespace (that begin with a
zero byte) go with their socket.
"""

from __future__ import annotations

import errno
import os
import socket as real
from typing import Any

from splitbrain.harness.programs.files.file_hooks import files_of
from splitbrain.harness.programs.network.families import LOOPBACK
from splitbrain.harness.programs.network.machine import ABSTRACT, Machine
from splitbrain.harness.programs.network.segments import Address, Ends, error_of
from splitbrain.harness.programs.network.sockets import SimulatedSocket
from splitbrain.harness.programs.network.tcp import End
from splitbrain.harness.simulation.wires import replace, running_program


class UnixSocket(SimulatedSocket):
    """A Unix socket for streams."""

    _name = ""  # what it is bound to

    def bind(self, address: Any) -> None:
        """See `socket.socket.bind`; makes the file.

        Raises:
            OSError: there is something of this name already, or no such folder.
        """
        self._open()
        if self._bound is not None:
            raise error_of(errno.EINVAL)
        path, machine = os.fsdecode(address), self._machine
        name = path if path.startswith(ABSTRACT) else files_of(machine).free_name(path)
        if name in machine.sockets:
            raise error_of(errno.EADDRINUSE)
        self._name = name
        self._bound = (LOOPBACK, machine.name_socket(name, path))

    def listen(self, backlog: int = 128) -> None:
        """See `socket.socket.listen`."""
        if self._bound is None:
            raise error_of(errno.EINVAL)
        super().listen(backlog)

    def close(self) -> None:
        """See `socket.socket.close`."""
        super().close()
        if self._name.startswith(ABSTRACT):
            self._machine.sockets.pop(self._name, None)

    def _resolved(self, address: Any) -> Address:
        path = os.fsdecode(address)
        name = path if path.startswith(ABSTRACT) else files_of(self._machine).name(path)
        number = self._machine.sockets.get(name)
        if number is None:
            raise error_of(errno.ECONNREFUSED if path.startswith(ABSTRACT) else errno.ENOENT)
        return LOOPBACK, number

    def _told(self, address: Address) -> Any:
        return self._machine.socket_names.get(address[1], "")


def replace_socket_pairs() -> None:
    """Put the stand-in in place until the running world ends."""
    replace(real, "socketpair", _pair)
    SimulatedSocket.of_families[int(real.AF_UNIX)] = UnixSocket


_real_pair = real.socketpair


def _pair(family: int | None = None, type: int = real.SOCK_STREAM, proto: int = 0) -> Any:
    """See `socket.socketpair`."""
    program = running_program()
    if program is None:
        return _real_pair(family, type, proto)
    kind = real.AF_UNIX if family is None else family
    first, second = (SimulatedSocket(kind, type, proto, process=program) for _ in range(2))
    for one, end in zip((first, second), _connected(first._machine), strict=True):
        one._have(end)
    return first, second


def _connected(machine: Machine) -> tuple[End, End]:
    """Both ends of a connection of a host to itself that stands from the start."""
    machine.world.connections += 1
    addresses = [(LOOPBACK, machine.free_port()) for _ in range(2)]
    ends = [Ends(*addresses), Ends(*reversed(addresses))]
    one, other = (End(machine, machine, each, machine.world.connections) for each in ends)
    one.peer, other.peer = other, one
    one.established = other.established = True
    return one, other
