"""Timeouts and options of a simulated socket: they are remembered, and little depends on them."""

from __future__ import annotations

import socket as real
from typing import Any


class SocketOptions(real.socket):
    """What a program may set of a socket, and ask again."""

    _timeout: float | None
    _options: dict[tuple[int, int], int]

    def _open(self) -> None:
        """Raise unless it is open."""
        raise NotImplementedError

    def setblocking(self, flag: bool) -> None:
        """See `socket.socket.setblocking`."""
        self._timeout = None if flag else 0.0

    def settimeout(self, value: float | None) -> None:
        """See `socket.socket.settimeout`."""
        self._timeout = value

    def gettimeout(self) -> float | None:
        """See `socket.socket.gettimeout`."""
        return self._timeout

    def getblocking(self) -> bool:
        """See `socket.socket.getblocking`."""
        return self._timeout != 0.0

    @property
    def timeout(self) -> float | None:
        """See `socket.socket.timeout`."""
        return self._timeout

    def setsockopt(self, level: int, option: int, value: Any, length: int | None = None) -> None:
        """Remember it; nothing depends on it."""
        self._open()
        self._options[level, option] = value if isinstance(value, int) else 1

    def set_inheritable(self, inheritable: bool) -> None:
        """Nothing inherits from a simulated process."""

    def get_inheritable(self) -> bool:
        """See `set_inheritable`."""
        return False
