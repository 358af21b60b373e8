"""trio's sockets over simulated ones, by its public `trio.socket.set_custom_socket_factory`.

`trio.serve_tcp`, `trio.open_tcp_stream`, `trio.SocketStream` and what is built on them (httpx and
anyio under trio) then work as they are.
"""

from __future__ import annotations

import socket as real
from collections.abc import Callable
from typing import Any, TypeVar

import trio

from splitbrain.harness.programs.network.sockets import SimulatedSocket
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.wires import replace, running_program

_T = TypeVar("_T")


class TrioSocket(trio.socket.SocketType):
    """See `trio.socket.SocketType`; the simulated socket below never blocks."""

    def __init__(self, below: SimulatedSocket) -> None:
        super().__init__()
        self._below = self._sock = below  # anyio asks for `_sock`, as of trio's own
        self._shut = False
        below.setblocking(False)

    @property
    def family(self) -> Any:
        """See `socket.socket.family`."""
        return self._below.family

    @property
    def type(self) -> Any:
        """See `socket.socket.type`."""
        return self._below.type

    @property
    def proto(self) -> int:
        """See `socket.socket.proto`."""
        return self._below.proto

    @property
    def did_shutdown_SHUT_WR(self) -> bool:
        """Whether this end sends nothing more."""
        return self._shut

    def __enter__(self) -> TrioSocket:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._below, name)

    def fileno(self) -> int:
        """See `socket.socket.fileno`."""
        return self._below.fileno()

    def getpeername(self) -> Any:
        """See `socket.socket.getpeername`."""
        return self._below.getpeername()

    def getsockname(self) -> Any:
        """See `socket.socket.getsockname`."""
        return self._below.getsockname()

    def getsockopt(self, *arguments: Any) -> Any:
        """See `socket.socket.getsockopt`."""
        return self._below.getsockopt(*arguments)

    def setsockopt(self, *arguments: Any) -> None:
        """See `socket.socket.setsockopt`."""
        self._below.setsockopt(*arguments)

    def listen(self, backlog: int = 128) -> None:
        """See `socket.socket.listen`."""
        self._below.listen(backlog)

    def close(self) -> None:
        """See `socket.socket.close`."""
        self._below.close()

    def shutdown(self, flag: int) -> None:
        """See `socket.socket.shutdown`."""
        self._below.shutdown(flag)
        self._shut = self._shut or flag != real.SHUT_RD

    def is_readable(self) -> bool:
        """Whether a read would not wait."""
        return self._below.readable()

    async def wait_writable(self) -> None:
        """Wait until a write would not wait."""
        while not self._below.writable():
            await self._change()

    async def bind(self, address: Any) -> None:
        """See `socket.socket.bind`."""
        await trio.lowlevel.checkpoint()
        self._below.bind(address)

    async def connect(self, address: Any) -> None:
        """See `socket.socket.connect`; the socket is closed if it is cancelled."""
        await trio.lowlevel.checkpoint()
        try:
            self._below.connect(address)
        except BlockingIOError:
            pass
        else:
            return
        try:
            while not self._below.writable():
                await self._change()
        except trio.Cancelled:
            self.close()
            raise
        error = self._below.getsockopt(real.SOL_SOCKET, real.SO_ERROR)
        if error:
            raise OSError(error, f"Error connecting to {address!r}")

    async def accept(self) -> tuple[TrioSocket, Any]:
        """See `socket.socket.accept`."""
        accepted, address = await self._when_ready(self._below.accept)
        return TrioSocket(accepted), address

    async def recv(self, size: int, flags: int = 0, /) -> bytes:
        """See `socket.socket.recv`."""
        return await self._when_ready(self._below.recv, size, flags)

    async def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """See `socket.socket.recv_into`."""
        return await self._when_ready(self._below.recv_into, buffer, size, flags)

    async def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, Any]:
        """See `socket.socket.recvfrom`."""
        return await self._when_ready(self._below.recvfrom, size, flags)

    async def recvfrom_into(self, buffer: Any, size: int = 0, flags: int = 0) -> tuple[int, Any]:
        """See `socket.socket.recvfrom_into`."""
        return await self._when_ready(self._below.recvfrom_into, buffer, size, flags)

    async def send(self, data: Any, flags: int = 0, /) -> int:
        """See `socket.socket.send`."""
        return await self._when_ready(self._below.send, data, flags)

    async def sendto(self, *arguments: Any) -> int:
        """See `socket.socket.sendto`."""
        return await self._when_ready(self._below.sendto, *arguments)

    async def sendmsg(self, buffers: Any, *more: Any) -> int:
        """See `socket.socket.sendmsg`."""
        return await self._when_ready(self._below.sendmsg, buffers, *more)

    async def _when_ready(self, action: Callable[..., _T], *arguments: Any) -> _T:
        """Do it as soon as it would not wait; a checkpoint, as everything in trio."""
        await trio.lowlevel.checkpoint()
        while True:
            try:
                return action(*arguments)
            except BlockingIOError:
                await self._change()

    async def _change(self) -> None:
        number = self._below.fileno()
        await self._below.descriptors.change(number)
        if self._below.fileno() == -1:
            raise trio.ClosedResourceError("another task closed this socket")


class TrioSockets(trio.abc.SocketFactory):
    """Makes the sockets of one process."""

    def __init__(self, process: Incarnation) -> None:
        self._process = process

    def socket(self, family: Any = -1, type: Any = -1, proto: int = -1) -> TrioSocket:
        """See `trio.abc.SocketFactory.socket`."""
        return TrioSocket(SimulatedSocket(family, type, proto, process=self._process))


def use_simulated_sockets(process: Incarnation) -> None:
    """Give the running trio run sockets of the simulated host."""
    trio.socket.set_custom_socket_factory(TrioSockets(process))
    replace(trio.socket, "from_stdlib_socket", _wrapped)
    replace(trio.socket, "socketpair", _pair)


_real_wrapped, _real_pair = trio.socket.from_stdlib_socket, trio.socket.socketpair


def _wrapped(below: Any) -> Any:
    """What trio makes of a socket that was made without it, as anyio does."""
    return TrioSocket(below) if isinstance(below, SimulatedSocket) else _real_wrapped(below)


def _pair(*arguments: Any, **named: Any) -> tuple[Any, Any]:
    """See `trio.socket.socketpair`."""
    if running_program() is None:
        return _real_pair(*arguments, **named)
    one, other = real.socketpair(*arguments, **named)
    return TrioSocket(one), TrioSocket(other)  # type: ignore[arg-type]
