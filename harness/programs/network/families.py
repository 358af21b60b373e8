"""Addresses of both families: each simulated host has one of IPv4 and one of IPv6.

==============  ===============  ===================
what            IPv4             IPv6
==============  ===============  ===================
n3              10.0.0.3         fd00::3
c3              10.0.1.3         fd00::1:3
the host        127.0.0.1        ::1
all of its own  0.0.0.0          ::
==============  ===============  ===================
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

LOOPBACK, ANYWHERE = "127.0.0.1", "0.0.0.0"
LOOPBACK_6, ANYWHERE_6 = "::1", "::"

_MAPPED = "::ffff:"
_NETWORK_6 = "fd00::"
_SIXTH = {LOOPBACK: LOOPBACK_6, ANYWHERE: ANYWHERE_6}
_FOURTH = {sixth: fourth for fourth, sixth in _SIXTH.items()}


class Port(NamedTuple):
    """A port of one family.

    Attributes:
        sixth: whether it is of IPv6.
        number: its number.
    """

    sixth: bool
    number: int


class Bound(NamedTuple):
    """Where a socket listens.

    Attributes:
        host: the address that it is bound to.
        number: the port's number.
        dual: whether what is bound for IPv6 is so for IPv4, too.
    """

    host: str
    number: int
    dual: bool = False

    @property
    def port(self) -> Port:
        """The port, of its family."""
        return Port(is_sixth(self.host), self.number)


def is_sixth(address: str) -> bool:
    """Whether an address is of IPv6."""
    return ":" in address


def literal(text: str) -> str | None:
    """An address as it is written by itself, without its zone; None if the text is none.

    One of IPv4 that is written in IPv6 (``::ffff:10.0.0.3``) is one of IPv4.
    """
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def mapped(address: str) -> str:
    """An address as a socket of IPv6 tells it."""
    return address if is_sixth(address) else f"{_MAPPED}{address}"


def sixth_of(fourth: str) -> str:
    """A host's address of IPv6, by that of IPv4."""
    if fourth in _SIXTH:
        return _SIXTH[fourth]
    if fourth.startswith("127."):
        return LOOPBACK_6
    net, host = (int(part) for part in fourth.split(".")[2:])
    return f"{_NETWORK_6}{net:x}:{host:x}" if net else f"{_NETWORK_6}{host:x}"


def fourth_of(sixth: str) -> str | None:
    """A host's address of IPv4, by that of IPv6; None if no host can have it."""
    if sixth in _FOURTH:
        return _FOURTH[sixth]
    rest = sixth.removeprefix(_NETWORK_6).split(":")
    if not sixth.startswith(_NETWORK_6) or len(rest) > 2 or not all(rest):
        return None
    net, host = (int(part, 16) for part in ["0", *rest][-2:])
    return f"10.0.{net}.{host}"


def is_loopback(address: str) -> bool:
    """Whether an address is the host's own, for nobody else."""
    return address == LOOPBACK_6 or address.startswith("127.")


def is_anywhere(address: str) -> bool:
    """Whether it stands for all of the host's own."""
    return address in (ANYWHERE, ANYWHERE_6)
