"""Ports on which servers listen, and where everybody reaches them.

Each server has a port of the machine for each *label* that its program asks for; each other host
has another port for it, where the link between the two begins
(`splitbrain.harness.processes.network.links`). So a link can be cut though both ends are on one
machine. Ports are taken below those that the kernel gives out by itself, and a name in the abstract
namespace, which ends with the process, keeps two runs from taking the same one.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

HOST = "127.0.0.1"

LEAST, MOST = 10_000, 32_000
"""Between these no kernel gives out ports unless it is told to (ip_local_port_range)."""

ATTEMPTS = 1_000


class NoPort(OSError):
    """No port of the machine is free."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where one host finds everything.

    Attributes:
        own: where it listens, by label; nothing for a client.
        others: where it reaches servers, by server and label.
        hosts: at which addresses, but for those at `HOST`.
    """

    own: Mapping[str, int]
    others: Mapping[tuple[str, str], int]
    hosts: Mapping[str, str] = field(default_factory=dict)

    def host(self, server: str) -> str:
        """A server's address."""
        return self.hosts.get(server, HOST)


class Reservation:
    """Ports that no other run takes, until this is closed."""

    def __init__(self) -> None:
        self._locks: list[socket.socket] = []

    def port(self) -> int:
        """One more.

        Raises:
            NoPort: there is none.
        """
        for _ in range(ATTEMPTS):
            port = LEAST + secrets.randbelow(MOST - LEAST)
            lock = socket.socket(socket.AF_UNIX)
            try:
                lock.bind(f"\0splitbrain-port-{port}")
                if _is_free(port):
                    self._locks.append(lock)
                    return port
            except OSError:
                pass  # another run's
            lock.close()
        raise NoPort(f"none of {ATTEMPTS} ports from {LEAST} to {MOST} was free")

    def close(self) -> None:
        """Let others have them."""
        while self._locks:
            self._locks.pop().close()


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            tried.bind((HOST, port))
            return True
    return False
