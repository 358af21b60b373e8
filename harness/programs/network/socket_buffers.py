"""A simulated socket and buffers: the calls that are made of `send`, `recv` and `recvfrom`."""

from __future__ import annotations

import errno
from typing import Any

from splitbrain.harness.programs.network.socket_options import SocketOptions


class SocketBuffers(SocketOptions):
    """The calls that fill, join or empty several buffers."""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """See `socket.socket.sendall`; with a full buffer it would wait."""
        rest = memoryview(data).cast("B")
        while rest:
            rest = rest[self.send(rest) :]

    def sendmsg(self, buffers: Any, *more: Any) -> int:
        """See `socket.socket.sendmsg`; without ancillary data."""
        if more and more[0]:
            told = "a simulated socket sends no descriptors or other ancillary data"
            raise OSError(errno.EOPNOTSUPP, told)
        return self.send(b"".join(buffers))

    def recvmsg(self, size: int, *more: Any) -> tuple[bytes, list[Any], int, Any]:
        """See `socket.socket.recvmsg`; there is no ancillary data."""
        data, source = self.recvfrom(size)
        return data, [], 0, source

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """See `socket.socket.recv_into`."""
        view = memoryview(buffer).cast("B")
        data = self.recv(size or len(view), flags)
        view[: len(data)] = data
        return len(data)

    def recvfrom_into(self, buffer: Any, size: int = 0, flags: int = 0) -> tuple[int, Any]:
        """See `socket.socket.recvfrom_into`."""
        view = memoryview(buffer).cast("B")
        data, source = self.recvfrom(size or len(view), flags)
        view[: len(data)] = data
        return len(data), source
