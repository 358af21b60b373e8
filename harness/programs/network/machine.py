"""A host's kernel as far as sockets see it: addresses, ports, connections, and power.

A machine outlives its processes: what a killed process had open is closed by its kernel, a machine
without power is silent.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from splitbrain.harness.programs.network.families import (
    ANYWHERE,
    LOOPBACK,
    Bound,
    Port,
    fourth_of,
    is_loopback,
    is_sixth,
    sixth_of,
)
from splitbrain.harness.programs.network.segments import Address, Ends, error_of, preview
from splitbrain.harness.programs.network.tcp import End, Listener
from splitbrain.harness.simulation.network import Packet

if TYPE_CHECKING:
    from splitbrain.harness.programs.network.descriptors import Descriptors
    from splitbrain.harness.simulation.host import Host
    from splitbrain.harness.simulation.incarnation import Incarnation
    from splitbrain.harness.simulation.world import World

_FIRST_PORT, _LAST_PORT = 32_768, 60_999
"""The ports that Linux gives to who asks for none."""

ABSTRACT = "\0"
"""How names of Unix sockets begin that are no files, and go with their socket."""

_PORTS = 1 << 16
"""How many ports a host has."""

_CLIENTS_A_NET = 250


class _Bound(Protocol):
    """Who has a port."""

    bound: Bound


_Holder = TypeVar("_Holder", bound=_Bound)


class Datagrams:
    """A bound port for datagrams.

    Attributes:
        received: datagrams that nobody has read: data and where from.
        changed: called when there is one.
    """

    LIMIT = 1_000
    """Datagrams that wait; more are lost, as in any kernel."""

    def __init__(self, machine: Machine, bound: Bound) -> None:
        self.machine, self.bound = machine, bound
        self.received: list[tuple[bytes, Address]] = []
        self.changed: Callable[[], None] = lambda: None

    def arrived(self, data: bytes, source: Address) -> None:
        """Keep a datagram until it is read."""
        if len(self.received) < self.LIMIT:
            self.received.append((data, source))
            self.changed()

    def close(self) -> None:
        """Give the port back."""
        if self.machine.datagrams.get(self.bound.port) is self:
            del self.machine.datagrams[self.bound.port]


class Machine:
    """The kernel of one host; made for hosts that run unmodified programs.

    Attributes:
        name, address: the host's name, and its address of IPv4.
        listeners, datagrams: what is bound, by port.
        ends: its ends of connections, in the order in which they were made.
        descriptors: the sockets of the running process; None if none was opened.
        files: its open files, likewise.
        folders: directories that were made on its disk.
        sockets: its Unix sockets, by name, with the numbers at which they listen.
        socket_names: the names of all that there ever were, as they were given.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.world: World = host.world
        self.name = host.name
        self.address = addresses(host.world)[host.name]
        self.listeners: dict[Port, Listener] = {}
        self.datagrams: dict[Port, Datagrams] = {}
        self.ends: dict[End, None] = {}
        self.descriptors: Descriptors | None = None
        self.files: object = None
        self.folders: dict[str, None] = {}
        self.sockets: dict[str, int] = {}
        self.socket_names: dict[int, str] = {}
        self._last_port = _FIRST_PORT + host.world.stream("ports", host.name).randrange(5_000)

    @property
    def powered(self) -> bool:
        """Whether the machine is on; its process may be down all the same."""
        return self.host.powered

    def down(self) -> None:
        """The process has ended, or the machine has lost its power."""
        self.descriptors = None
        for name in [name for name in self.sockets if name.startswith(ABSTRACT)]:
            del self.sockets[name]
        for listener in list(self.listeners.values()):
            listener.close()
        for port in list(self.datagrams.values()):
            port.close()
        for end in list(self.ends):
            if self.powered:
                end.close()
            else:
                end.vanish()

    def reset(self, share: float, draw: Callable[[], float]) -> list[int]:
        """Reset each connection with another host with this probability; returns their numbers."""
        struck = [
            end
            for end in self.ends
            if end.established and not end.closed and end.far is not self and draw() < share
        ]
        for end in struck:
            end.cut_off()
        return [end.number for end in struck]

    def name_socket(self, name: str, told: str) -> int:
        """Have a Unix socket of this name; returns its number, which is above those of ports."""
        number = self.sockets[name] = _PORTS + len(self.socket_names)
        self.socket_names[number] = told
        return number

    def free_port(self) -> int:
        """A port that nobody has asked for by number."""
        while True:
            self._last_port += 1
            if self._last_port > _LAST_PORT:
                self._last_port = _FIRST_PORT
            ports = Port(False, self._last_port), Port(True, self._last_port)
            if not any(port in self.listeners or port in self.datagrams for port in ports):
                return self._last_port

    def listen(self, bound: Bound, backlog: int) -> Listener:
        """Accept connections on a port.

        Raises:
            OSError: something listens there already.
        """
        if taken(self.listeners, bound):
            raise error_of(errno.EADDRINUSE)
        listener = self.listeners[bound.port] = Listener(self, bound, backlog)
        return listener

    def connect(self, local: Address, remote: Address) -> End:
        """Begin a connection.

        Raises:
            OSError: there is no such host.
        """
        far = self.machine_at(remote[0])
        local = (self._own(far, remote[0]), local[1] or self.free_port())
        self.world.connections += 1
        end = End(self, far, Ends(local, remote), self.world.connections)
        end.connect()
        return end

    def machine_at(self, address: str) -> Machine:
        """The machine that has an address.

        Raises:
            OSError: there is none.
        """
        fourth = fourth_of(address) if is_sixth(address) else address
        if is_loopback(address) or fourth == ANYWHERE:
            return self
        for name, its in addresses(self.world).items():
            if its == fourth:
                return machine_of(self.world.hosts[name])
        raise error_of(errno.EHOSTUNREACH)

    def _own(self, far: Machine, remote: str) -> str:
        """Its own address, as somebody sees it at another one."""
        own = LOOPBACK if far is self else self.address
        return sixth_of(own) if is_sixth(remote) else own

    def asked_for(self, caller: End) -> None:
        """A syn arrived: somebody wants a connection."""
        if not self.powered:
            return
        if caller.peer is None:
            listener = reached(self.listeners, caller.remote, own=caller.machine is self)
            if listener is None:
                self._answer(caller, "rst", caller.refused)
                return
            if len(listener.waiting) >= listener.backlog:
                return  # the caller will ask again
            ends = Ends(caller.remote, caller.local)
            caller.peer = End(self, caller.machine, ends, caller.number)
            caller.peer.peer, caller.peer.listener = caller, listener
        self._answer(caller, "syn-ack", caller.accepted)

    def _answer(self, caller: End, kind: str, arrive: Callable[[], None]) -> None:
        packet = Packet((kind, caller.number))
        packet.arrive, packet.arguments = arrive, ()
        self.world.network.send(self.name, caller.machine.name, packet)

    def established(self, end: End, listener: Listener) -> None:
        """A connection that was asked for is complete."""
        if self.listeners.get(listener.bound.port) is not listener:
            end.abort()
            return
        listener.waiting.append(end)
        listener.changed()

    def send_datagram(self, port: int, data: bytes, remote: Address) -> None:
        """Send, and forget."""
        far = self.machine_at(remote[0])
        packet = Packet(("udp", remote[1], len(data), preview(data)))
        source = (self._own(far, remote[0]), port)
        packet.arrive, packet.arguments = far.datagram_arrived, (remote, data, source, far is self)
        self.world.network.send(self.name, far.name, packet)

    def datagram_arrived(self, remote: Address, data: bytes, source: Address, own: bool) -> None:
        """Give it to who has bound the port, if anybody has."""
        bound = reached(self.datagrams, remote, own=own)
        if self.powered and bound is not None:
            bound.arrived(data, source)


def reached(table: Mapping[Port, _Holder], remote: Address, *, own: bool) -> _Holder | None:
    """Who has what a packet for an address is for; `own` if it comes from the host itself."""
    address, number = remote
    found = table.get(Port(is_sixth(address), number))
    if found is None and not is_sixth(address):
        found = table.get(Port(True, number))
        found = found if found is not None and found.bound.dual else None
    if found is not None and is_loopback(found.bound.host) and not own:
        return None
    return found


def taken(table: Mapping[Port, _Holder], bound: Bound) -> bool:
    """Whether somebody has the port already; one of IPv6 for both families has that of IPv4,
    too."""
    port = bound.port
    other = table.get(Port(not port.sixth, port.number))
    both = bound if port.sixth else None if other is None else other.bound
    return port in table or (other is not None and both is not None and both.dual)


def addresses(world: World) -> dict[str, str]:
    """The IP address of each host: n3 is 10.0.0.3, c3 is 10.0.1.3."""
    if len(world.addresses) != len(world.hosts):
        servers = {name: f"10.0.0.{i + 1}" for i, name in enumerate(world.servers)}
        clients = {
            name: f"10.0.{1 + i // _CLIENTS_A_NET}.{1 + i % _CLIENTS_A_NET}"
            for i, name in enumerate(world.clients)
        }
        world.addresses = servers | clients
    return world.addresses


def machine_of(host: Host) -> Machine:
    """The host's kernel."""
    if host.machine is None:
        host.machine = Machine(host)
    machine = host.machine
    assert isinstance(machine, Machine)
    return machine


def machine_under(incarnation: Incarnation) -> Machine:
    """The kernel under a running process."""
    return machine_of(incarnation.host)
