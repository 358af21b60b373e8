"""Names and addresses as the functions of the module `socket` tell them on a simulated host."""

from __future__ import annotations

import socket as real
from collections.abc import Callable
from typing import Any

from splitbrain.harness.programs.machine import ANYWHERE, LOOPBACK, Machine, addresses


def resolved(machine: Machine, host: str | bytes | None) -> str:
    """The IPv4 address of a host.

    Raises:
        socket.gaierror: there is no host of this name.
    """
    name = host.decode() if isinstance(host, bytes) else host
    found = address_of(machine, name)
    if found is None:
        raise real.gaierror(real.EAI_NONAME, f"Name or service not known: {name}")
    return found


def address_of(machine: Machine, name: str | None) -> str | None:
    """The IPv4 address that a name stands for; None if it stands for nothing."""
    if not name or name in ("0.0.0.0", "::"):
        return ANYWHERE
    if name in ("localhost", "::1") or name.startswith("127."):
        return LOOPBACK
    known = addresses(machine.world)
    host = machine.world.aliases.get(name, name)
    if host in known:
        return known[host]
    parts = name.split(".")
    numeric = len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
    return name if numeric else None


def names_on(machine: Machine) -> dict[str, Callable[..., Any] | None]:
    """What the functions of the module `socket` say on this machine, as `socket.NAME()`."""

    def getaddrinfo(
        host: Any,
        port: Any,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> list[tuple[Any, ...]]:
        name = host.decode() if isinstance(host, bytes) else host
        if flags & real.AI_NUMERICHOST and name and not name[-1].isdigit():
            raise real.gaierror(real.EAI_NONAME, "Name or service not known")
        passive = not name and not flags & real.AI_PASSIVE
        address = LOOPBACK if passive else resolved(machine, name)
        number = _PORTS[port] if port in _PORTS else int(port or 0)
        kinds = [
            (real.SOCK_STREAM, real.IPPROTO_TCP),
            (real.SOCK_DGRAM, real.IPPROTO_UDP),
        ]
        return [
            (real.AF_INET, kind, protocol, "", (address, number))
            for kind, protocol in kinds
            if type in (0, kind) and proto in (0, protocol)
        ]

    def getnameinfo(address: Any, flags: int) -> tuple[str, str]:
        return gethostbyaddr(address[0])[0], str(address[1])

    def gethostbyaddr(address: str) -> tuple[str, list[str], list[str]]:
        known = {its: name for name, its in addresses(machine.world).items()}
        return known.get(address, address), [], [address]

    def gethostname() -> str:
        return machine.name

    def getfqdn(name: str = "") -> str:
        return name or machine.name

    def gethostbyname(name: str) -> str:
        return resolved(machine, name)

    made = (getaddrinfo, getnameinfo, gethostbyaddr, gethostname, getfqdn, gethostbyname)
    return {f"socket.{function.__name__}()": function for function in made}


NAMES = (
    "getaddrinfo",
    "getnameinfo",
    "gethostbyaddr",
    "gethostname",
    "getfqdn",
    "gethostbyname",
)
"""The functions of the module `socket` that a machine answers."""


_PORTS = {"http": 80, "https": 443, b"http": 80, b"https": 443}
