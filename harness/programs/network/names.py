"""Names and addresses as the functions of the module `socket` tell them on a simulated host."""

from __future__ import annotations

import socket as real
from collections.abc import Callable
from typing import Any

from splitbrain.harness.programs.network.families import (
    ANYWHERE,
    ANYWHERE_6,
    LOOPBACK,
    LOOPBACK_6,
    fourth_of,
    is_sixth,
    literal,
    sixth_of,
)
from splitbrain.harness.programs.network.machine import Machine, addresses


def resolved(machine: Machine, host: str | bytes | None, family: int = real.AF_INET) -> str:
    """The address that a socket of a family reaches a host at.

    Raises:
        socket.gaierror: there is no host of this name, or it has no address of this family.
    """
    name = host.decode() if isinstance(host, bytes) else host
    found = addresses_of(machine, name)
    if not found:
        raise real.gaierror(real.EAI_NONAME, f"Name or service not known: {name}")
    if family == real.AF_INET6:
        return next(filter(is_sixth, found), found[0])
    if is_sixth(found[0]):
        raise real.gaierror(real.EAI_FAMILY, f"Address family for hostname not supported: {name}")
    return found[0]


def addresses_of(machine: Machine, name: str | None) -> list[str]:
    """The addresses that a name stands for, that of IPv4 first; none if it stands for nothing."""
    written = literal(name) if name else ANYWHERE
    if written is not None:
        return [written] if name else [ANYWHERE, ANYWHERE_6]
    known = addresses(machine.world) | {"localhost": LOOPBACK}
    fourth = known.get(machine.world.aliases.get(name or "", name or ""))
    return [] if fourth is None else [fourth, sixth_of(fourth)]


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
        number = _PORTS[port] if port in _PORTS else int(port or 0)
        kinds = [
            (real.SOCK_STREAM, real.IPPROTO_TCP),
            (real.SOCK_DGRAM, real.IPPROTO_UDP),
        ]
        return [
            (of, kind, protocol, "", (address, number, *(() if of == real.AF_INET else (0, 0))))
            for of, address in _wanted(machine, name, family, flags)
            for kind, protocol in kinds
            if type in (0, kind) and proto in (0, protocol)
        ]

    def getnameinfo(address: Any, flags: int) -> tuple[str, str]:
        return gethostbyaddr(address[0])[0], str(address[1])

    def gethostbyaddr(address: str) -> tuple[str, list[str], list[str]]:
        known = {its: name for name, its in addresses(machine.world).items()}
        fourth = fourth_of(address) if is_sixth(address) else address
        return known.get(fourth or "", address), [], [address]

    def gethostname() -> str:
        return machine.name

    def getfqdn(name: str = "") -> str:
        return name or machine.name

    def gethostbyname(name: str) -> str:
        return resolved(machine, name)

    made = (getaddrinfo, getnameinfo, gethostbyaddr, gethostname, getfqdn, gethostbyname)
    return {f"socket.{function.__name__}()": function for function in made}


def _wanted(
    machine: Machine, name: str | None, family: int, flags: int
) -> list[tuple[real.AddressFamily, str]]:
    """The addresses that `socket.getaddrinfo` is asked for, with their families.

    A name has one of IPv6 only for who asks for that family; ``localhost``, and no name at all,
    have both.

    Raises:
        socket.gaierror: there are none.
    """
    if flags & real.AI_NUMERICHOST and name and literal(name) is None:
        raise real.gaierror(real.EAI_NONAME, "Name or service not known")
    found = addresses_of(machine, name)
    if not name and not flags & real.AI_PASSIVE:
        found = [LOOPBACK, LOOPBACK_6]
    elif name not in (None, "", "localhost") and family == 0:
        found = found[:1]
    families = [real.AF_INET6 if is_sixth(address) else real.AF_INET for address in found]
    wanted = [(of, a) for of, a in zip(families, found, strict=True) if family in (0, of)]
    if not wanted:
        raise real.gaierror(real.EAI_NONAME, f"Name or service not known: {name}")
    return wanted


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
