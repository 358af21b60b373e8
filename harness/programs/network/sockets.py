"""What stands in place of `socket.socket` while a world runs: a socket on the simulated network.

It is given to unmodified programs alone; a `Node` program that asks for a socket gets the error
that it always got. Sockets never block: asyncio and trio don't ask for that, and code that does
would stop every node, so it is told.
"""

from __future__ import annotations

import errno
import socket as real
import ssl  # noqa: F401 - it derives from socket.socket, and must from the real one
from typing import TYPE_CHECKING, Any, ClassVar

from splitbrain.harness.node import NodeDead
from splitbrain.harness.programs.network.descriptors import Descriptors, blocks, descriptors_of
from splitbrain.harness.programs.network.families import (
    ANYWHERE,
    ANYWHERE_6,
    Bound,
    is_anywhere,
    is_loopback,
    mapped,
    sixth_of,
)
from splitbrain.harness.programs.network.machine import Datagrams, Machine, machine_under, taken
from splitbrain.harness.programs.network.names import resolved
from splitbrain.harness.programs.network.segments import Address, error_of
from splitbrain.harness.programs.network.socket_buffers import SocketBuffers
from splitbrain.harness.programs.network.tcp import End, Listener
from splitbrain.harness.simulation.wires import running_program

if TYPE_CHECKING:
    from splitbrain.harness.simulation.incarnation import Incarnation

Buffer = bytes | bytearray | memoryview

_FAMILIES = (real.AF_INET, real.AF_INET6)


_real_socket = real.socket


class SimulatedSocket(SocketBuffers):
    """A TCP or UDP socket of the simulated host; a subclass, so that ``isinstance`` says yes.

    What it is, is told by which of its parts there is: a connection (`_end`), a listener, a bound
    port for datagrams, or none yet.

    Attributes:
        of_families: the classes of other families than those of IP.
    """

    of_families: ClassVar[dict[int, type[SimulatedSocket]]] = {}

    def __new__(cls, *arguments: Any, process: Incarnation | None = None, **named: Any) -> Any:
        """A simulated socket for an unmodified program, a real one for anybody else."""
        if process is None and running_program() is None:
            return _real_socket(*arguments, **named)
        family = named.get("family", arguments[0] if arguments else -1)
        return super().__new__(cls.of_families.get(family, cls))

    def __init__(
        self,
        family: int = -1,
        type: int = -1,
        proto: int = -1,
        fileno: int | None = None,
        *,
        process: Incarnation | None = None,
    ) -> None:
        process = process or running_program()
        assert process is not None  # else `__new__` has made a real one
        kind = real.SOCK_STREAM if type == -1 else real.SocketKind(type & 0xF)
        family = real.AF_INET if family == -1 else family
        if fileno is not None:
            raise OSError(errno.EBADF, "a simulated socket is not made of a descriptor")
        if family not in _FAMILIES and family not in self.of_families:
            told = f"a simulated host has sockets of IPv4, IPv6 and Unix, not of {family!r}"
            raise OSError(errno.EAFNOSUPPORT, told)
        if kind != real.SOCK_STREAM and (kind != real.SOCK_DGRAM or family not in _FAMILIES):
            told = f"a simulated host has sockets of TCP, UDP and Unix streams, not of {kind!r}"
            raise OSError(errno.EPROTONOSUPPORT, told)
        self._family, self._kind = real.AddressFamily(family), kind
        self._proto = max(proto, 0)
        self._process = process
        self._machine: Machine = machine_under(process)
        self.descriptors: Descriptors = descriptors_of(self._machine, process)
        self._timeout = None
        self._options = {}
        self._bound: Address | None = None
        self._end: End | None = None
        self._listener: Listener | None = None
        self._datagrams: Datagrams | None = None
        self._peer: Address | None = None  # of a connected socket for datagrams
        self._number = self.descriptors.add(self)

    # What it is

    @property
    def family(self) -> real.AddressFamily:
        """See `socket.socket.family`."""
        return self._family

    @property
    def type(self) -> real.SocketKind:
        """See `socket.socket.type`."""
        return self._kind

    @property
    def proto(self) -> int:
        """See `socket.socket.proto`."""
        return self._proto

    def fileno(self) -> int:
        """Its number in this process; -1 once it is closed."""
        return self._number

    def __repr__(self) -> str:
        return f"<simulated socket fd={self._number}, laddr={self._bound}>"

    def readable(self) -> bool:
        """Whether reading or accepting would not wait."""
        if self._end is not None:
            return self._end.readable
        if self._listener is not None:
            return bool(self._listener.waiting)
        return self._datagrams is not None and bool(self._datagrams.received)

    def writable(self) -> bool:
        """Whether writing would not wait; for a new connection, whether it is settled."""
        return self._end.writable if self._end is not None else self._kind == real.SOCK_DGRAM

    def getsockname(self) -> Any:
        """See `socket.socket.getsockname`."""
        self._open()
        return self._told(self._end.local if self._end else self._bound or (self._anywhere, 0))

    def getpeername(self) -> Any:
        """See `socket.socket.getpeername`."""
        self._open()
        remote = self._peer
        if self._end is not None and (self._end.established or self._end.finished):
            remote = self._end.remote
        if remote is None:
            raise error_of(errno.ENOTCONN)
        return self._told(remote)

    def _told(self, address: Address) -> Any:
        return address if not self._sixth else (mapped(address[0]), address[1], 0, 0)

    @property
    def _sixth(self) -> bool:
        return self._family == real.AF_INET6

    @property
    def _anywhere(self) -> str:
        return ANYWHERE_6 if self._sixth else ANYWHERE

    def _bound_at(self, address: Address) -> Bound:
        """Where it is bound, with what its options say of the other family."""
        alone = self._options.get((real.IPPROTO_IPV6, real.IPV6_V6ONLY), 0)
        return Bound(*address, dual=self._sixth and is_anywhere(address[0]) and not alone)

    def _resolved(self, address: Any) -> Address:
        """An address that it is given, of its own family or, from IPv6, also of the other."""
        return resolved(self._machine, address[0], self._family), int(address[1])

    # Options

    def getsockopt(self, level: int, option: int, length: int = 0) -> Any:
        """What was set, or what the kernel knows of errors and listening."""
        self._open()
        if level == real.SOL_SOCKET and option == real.SO_ERROR:
            error = self._end.take_error() if self._end is not None else None
            return 0 if error is None else error.errno
        if level == real.SOL_SOCKET and option == real.SO_ACCEPTCONN:
            return int(self._listener is not None)
        if level == real.SOL_SOCKET and option == real.SO_TYPE:
            return int(self._kind)
        return self._options.get((level, option), 0)

    # Ports and connections

    def bind(self, address: Any) -> None:
        """See `socket.socket.bind`."""
        self._open()
        host, port = self._resolved(address)
        own = (self._machine.address, sixth_of(self._machine.address))
        if not is_anywhere(host) and not is_loopback(host) and host not in own:
            raise error_of(errno.EADDRNOTAVAIL)
        wanted = self._bound_at((host, port))
        machine = self._machine
        if taken(machine.listeners, wanted) if self._streams else taken(machine.datagrams, wanted):
            raise error_of(errno.EADDRINUSE)
        self._bound = (host, port or machine.free_port())
        if not self._streams:
            self._bind_datagrams()

    @property
    def _streams(self) -> bool:
        return self._kind == real.SOCK_STREAM

    def _bind_datagrams(self) -> Datagrams:
        if self._datagrams is None:
            if self._bound is None:
                self._bound = (self._anywhere, self._machine.free_port())
            self._datagrams = Datagrams(self._machine, self._bound_at(self._bound))
            self._machine.datagrams[self._datagrams.bound.port] = self._datagrams
            self._datagrams.changed = self._changed
        return self._datagrams

    def _changed(self) -> None:
        self.descriptors.changed(self._number)

    def listen(self, backlog: int = 128) -> None:
        """See `socket.socket.listen`."""
        self._open()
        if self._bound is None:
            self._bound = (self._anywhere, self._machine.free_port())
        if self._listener is None:
            self._listener = self._machine.listen(self._bound_at(self._bound), backlog)
            self._listener.changed = self._changed

    def accept(self) -> tuple[SimulatedSocket, Any]:
        """See `socket.socket.accept`."""
        self._open()
        if self._listener is None:
            raise error_of(errno.EINVAL)
        self._would_block(not self._listener.waiting, "accept")
        end = self._listener.waiting.popleft()
        accepted = SimulatedSocket(self._family, self._kind, self._proto, process=self._process)
        accepted._have(end)
        return accepted, self._told(end.remote)

    def _have(self, end: End) -> None:
        self._end, self._bound = end, end.local
        end.changed = self._changed

    def connect(self, address: Any) -> None:
        """See `socket.socket.connect`."""
        error = self.connect_ex(address)
        if error:
            raise error_of(error)

    def connect_ex(self, address: Any) -> int:
        """See `socket.socket.connect_ex`."""
        self._open()
        remote = self._resolved(address)
        if not self._streams:
            self._peer = remote
            self._bind_datagrams()
            return 0
        if self._end is not None:
            error = self._end.take_error()
            return error.errno or 0 if error else errno.EISCONN
        if self._timeout != 0.0:
            raise blocks("socket.connect()")
        try:
            self._have(self._machine.connect(self._bound or (self._anywhere, 0), remote))
        except OSError as error:
            return error.errno or errno.EINVAL
        return errno.EINPROGRESS

    def shutdown(self, how: int) -> None:
        """See `socket.socket.shutdown`."""
        self._open()
        if self._end is None or not self._end.established:
            raise error_of(errno.ENOTCONN)
        if how != real.SHUT_RD:
            self._end.shutdown()

    def close(self) -> None:
        """See `socket.socket.close`."""
        number, self._number = self._number, -1
        if number == -1:
            return
        if not self._process.dead:  # else its kernel has closed everything already
            for part in (self._end, self._listener, self._datagrams):
                if part is not None:
                    part.close()
        self.descriptors.remove(number)

    def detach(self) -> int:
        """See `socket.socket.detach`; nothing could be done with the number."""
        raise error_of(errno.EOPNOTSUPP)

    def dup(self) -> SimulatedSocket:
        """See `socket.socket.dup`."""
        raise error_of(errno.EOPNOTSUPP)

    def __enter__(self) -> SimulatedSocket:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # Bytes

    def send(self, data: Any, flags: int = 0) -> int:
        """See `socket.socket.send`."""
        self._open()
        if not self._streams:
            return self.sendto(data, self._peer)
        end = self._connected()
        if end.error is not None:
            raise _taken(end)
        if end.gone or end.shut:
            raise error_of(errno.EPIPE)
        self._would_block(not end.writable, "send")
        return end.write(memoryview(data).cast("B"))

    def recv(self, size: int, flags: int = 0) -> bytes:
        """See `socket.socket.recv`."""
        self._open()
        if not self._streams:
            return self.recvfrom(size)[0]
        end = self._connected()
        if end.received:
            return end.read(size, leave=bool(flags & real.MSG_PEEK))
        if end.error is not None:
            raise _taken(end)
        self._would_block(not end.readable, "recv")
        return b""

    def sendto(self, data: Any, *more: Any) -> int:
        """See `socket.socket.sendto`."""
        self._open()
        address = more[-1] if more else None
        if address is None:
            address = self._peer
        if address is None:
            raise error_of(errno.EDESTADDRREQ)
        remote, sent = self._resolved(address), bytes(data)
        self._machine.send_datagram(self._bind_datagrams().bound.number, sent, remote)
        return len(sent)

    def recvfrom(self, size: int, flags: int = 0) -> tuple[bytes, Any]:
        """See `socket.socket.recvfrom`; what is longer than `size` is cut."""
        self._open()
        if self._streams:
            return self.recv(size, flags), None
        bound = self._bind_datagrams()
        self._would_block(not bound.received, "recvfrom")
        data, source = bound.received.pop(0)
        return data[:size], self._told(source)

    # Checks

    def _open(self) -> None:
        if self._process.dead:
            raise NodeDead
        self._process.spend()
        if self._number == -1:
            raise error_of(errno.EBADF)

    def _connected(self) -> End:
        if self._end is None:
            raise error_of(errno.ENOTCONN)
        return self._end

    def _would_block(self, empty: bool, what: str) -> None:
        if self._timeout != 0.0:
            raise blocks(f"socket.{what}()")
        if empty:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


def _taken(end: End) -> OSError:
    error = end.take_error()
    assert error is not None
    return error
