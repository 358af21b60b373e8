"""A network namespace for each server, with one interface whose frames come to the harness.

    n1's program ── eth0 10.77.0.1 (TAP) ──► harness: rules of the link n1 → n2 ──► eth0 10.77.0.2

Nothing of it is in the machine's own network, nor has it a name there: a namespace lasts as long as
somebody is in it or has its file open, an interface as long as the harness has its file. Clients
are in the harness; what they connect with are sockets made in one more namespace, so that no route
leads there. It takes root, or that users may have user namespaces (network_namespaces(7)).
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from splitbrain.harness.processes.files import rooms
from splitbrain.harness.processes.trying import refused
from splitbrain.harness.workers import when_parent_dies

CLIENTS = "clients"
"""Whose the namespace is in which clients' sockets are."""

_NEWNET = 0x40000000
_SET_FLAGS, _SET_ADDRESS, _SET_MASK, _SET_HARDWARE = 0x8914, 0x8916, 0x891C, 0x8924
_TUN_SET, _TAP, _NO_PACKET_INFORMATION = 0x400454CA, 0x0002, 0x1000
_UP, _ETHERNET = 0x1, 1
_INTERFACE = b"eth0"


def address(number: int) -> str:
    """The address of the host with this number, from 1."""
    return f"10.77.0.{number}"


def hardware(number: int) -> bytes:
    """The address of its interface."""
    return bytes((2, 0, 0, 0, 0, number))


class Networks:
    """The namespaces, in the keeper, which stays where it is.

    Attributes:
        taps: the interfaces' files: those of the servers, in their order, and that of clients.
    """

    def __init__(self, servers: Sequence[str]) -> None:
        self._spaces: dict[str, int] = {}
        self.taps: list[int] = []
        for number, name in enumerate((*servers, CLIENTS), 1):
            space, tap = _made(number)
            self._spaces[name] = space
            self.taps.append(tap)

    def enter(self, name: str) -> None:
        """Move this process, which has one thread, into a server's namespace.

        Raises:
            OSError: the kernel does not let it.
        """
        rooms.call("setns", self._spaces[name], _NEWNET)

    def give_to(self, line: socket.socket) -> None:
        """Give the harness the interfaces, and then a clients' socket each time that it asks."""
        socket.send_fds(line, [b"x"], self.taps)
        for tap in self.taps:
            os.close(tap)
        if not os.fork():
            _in_child(lambda: self._make_sockets(line))

    def _make_sockets(self, line: socket.socket) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        when_parent_dies(signal.SIGKILL)
        self.enter(CLIENTS)
        while line.recv(1):
            with socket.socket() as made:
                socket.send_fds(line, [b"x"], [made.fileno()])


def unavailable() -> str | None:
    """Why servers cannot have networks of their own here; None if they can, as a child tried."""

    def tried() -> None:
        rooms.enter()
        _made(1)

    why = refused(tried)
    return why and f"neither root nor user namespaces may have a network of their own ({why})"


def _made(number: int) -> tuple[int, int]:
    """A new namespace and the interface in it, by their files.

    Raises:
        OSError: the kernel does not let it.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = os.fork()
        if not pid:
            _in_child(lambda: _build(number, theirs))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status:
            raise OSError(status, f"no network namespace could be made: {os.strerror(status)}")
        _, files, _, _ = socket.recv_fds(ours, 1, 2)
    space, tap = files
    return space, tap


def _in_child(action: Callable[[], None]) -> NoReturn:
    """What a forked process does; its exit code is the number of what went wrong."""
    status = errno.EIO
    try:
        action()
        status = 0
    except OSError as error:
        status = error.errno or status
    finally:
        os._exit(status)


def _build(number: int, line: socket.socket) -> None:
    rooms.call("unshare", _NEWNET)
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, _TUN_SET, struct.pack("16sH22x", _INTERFACE, _TAP | _NO_PACKET_INFORMATION))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:

        def tell(command: int, interface: bytes, what: bytes) -> None:
            fcntl.ioctl(asking, command, struct.pack("16s24s", interface, what))

        def ip(text: str) -> bytes:
            return struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(text))

        tell(_SET_HARDWARE, _INTERFACE, struct.pack("=H6s", _ETHERNET, hardware(number)))
        tell(_SET_ADDRESS, _INTERFACE, ip(address(number)))
        tell(_SET_MASK, _INTERFACE, ip("255.255.255.0"))
        for interface in (b"lo", _INTERFACE):
            tell(_SET_FLAGS, interface, struct.pack("=H", _UP))
    with suppress(OSError):  # it says nothing by itself then; without this, a little that is lost
        Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
    space = os.open("/proc/self/ns/net", os.O_RDONLY)
    socket.send_fds(line, [b"x"], [space, tap])
