"""What servers with networks of their own send each other: packets, passed on by the harness.

The rules of a link do to a packet what they do to a message elsewhere
(`splitbrain.harness.processes.network.switch`), and the kernels at both ends make of it what they
make of such a network: TCP repeats, UDP loses. Names of addresses (ARP) pass cut links, so that a
healed one works at once. What clients send is under the rules of their own links before it comes
here (`splitbrain.harness.processes.network.links`).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress

import trio

from splitbrain.harness.processes.network.networks import CLIENTS, address, hardware
from splitbrain.harness.processes.network.switch import Switch

_READ = 1 << 16
_ARP, _IP = b"\x08\x06", b"\x08\x00"
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp"}


class Packets:
    """The interfaces of all servers, and of the clients.

    Args:
        servers: the servers' names, in the order of their interfaces.
        switch: knows the rules.

    Attributes:
        hosts: the addresses, by name.
    """

    def __init__(self, servers: Sequence[str], switch: Switch) -> None:
        self._names = (*servers, CLIENTS)
        self._numbers = {hardware(n): n - 1 for n in range(1, len(self._names) + 1)}
        self.hosts = {name: address(n) for n, name in enumerate(self._names, 1)}
        self._switch = switch
        self._taps: list[int] = []
        self._line: socket.socket
        self._asking = trio.Lock()

    def open(self, nursery: trio.Nursery, line: socket.socket) -> None:
        """Begin to pass on what comes.

        Args:
            nursery: as long as it is open.
            line: where the keeper gives the interfaces, and sockets for clients.

        Raises:
            ConnectionError: the keeper has ended.
        """
        self._line = line
        _, self._taps, _, _ = socket.recv_fds(line, 1, len(self._names))
        if len(self._taps) != len(self._names):
            raise ConnectionError("the keeper of the nodes' processes has ended")
        line.setblocking(False)
        for number, tap in enumerate(self._taps):
            nursery.start_soon(self._read, number, tap)

    def close(self) -> None:
        """Take the interfaces away."""
        for tap in self._taps:
            os.close(tap)

    async def connect(self, server: str, port: int) -> trio.SocketStream:
        """A connection of a client to a server.

        Raises:
            OSError: there is none to be had.
        """
        async with self._asking:
            self._line.send(b"x")
            await trio.lowlevel.wait_readable(self._line)
            _, files, _, _ = socket.recv_fds(self._line, 1, 1)
        if not files:
            raise ConnectionError("the keeper has ended")
        made = trio.socket.from_stdlib_socket(socket.socket(fileno=files[0]))
        try:
            await made.connect((self.hosts[server], port))
        except BaseException:
            made.close()
            raise
        return trio.SocketStream(made)

    async def _read(self, number: int, tap: int) -> None:
        while True:
            await trio.lowlevel.wait_readable(tap)
            with suppress(BlockingIOError):
                self._pass_on(number, os.read(tap, _READ))

    def _pass_on(self, source: int, frame: bytes) -> None:
        to, kind = frame[:6], frame[12:14]
        if kind == _ARP:
            for number in range(len(self._taps)):
                if number != source and self._numbers.get(to, number) == number:
                    self._write(number, frame)
        elif kind == _IP and (target := self._numbers.get(to)) is not None:

            def door(_: str, data: bytes) -> bool:
                return self._write(target, data)

            link = (self._names[source], self._names[target])
            shown = ("packet", _PROTOCOLS.get(frame[23], frame[23]), len(frame))
            self._switch.carry(link, frame, shown, door)

    def _write(self, number: int, frame: bytes) -> bool:
        try:
            os.write(self._taps[number], frame)
        except OSError:  # its queue is full, or nothing is left of it
            return False
        return True
