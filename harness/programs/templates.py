"""Texts in which a node's own names and addresses are filled in.

======================  ============================================================================
``{name}``              the node's name
``{peers}``             the other servers' names, with commas between
``{host}``              its own address
``{port}``              where it listens; ``{port:8080}`` if it has several ports, or another one
``{addresses}``         ``host:port`` of the other servers, with commas between; likewise
                        ``{addresses:8080}``
``{dir}``               its data directory
======================  ============================================================================

In the simulation a port is what its label says, and hosts have their names: ``{port:8080}`` is 8080
and ``{addresses:8080}`` is ``n2:8080,n3:8080``. On real processes all nodes share a machine, so
each has a port of its own, and each link, too (`splitbrain.harness.processes.network.ports`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Protocol

from splitbrain.harness.node import Node
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.processes.network.ports import Addresses

PORT = "8000"
"""The label where a text names none."""

_PLACE = re.compile(r"\{(name|peers|dir|host|port|addresses)(?::([\w.-]+))?\}")
_WITH_LABEL = ("port", "addresses")


class Place(Protocol):
    """What is filled in."""

    name: str
    peers: tuple[str, ...]

    def port(self, label: str) -> int:
        """Where it listens."""
        ...

    def address(self, server: str, label: str) -> tuple[str, int]:
        """Where it reaches a server."""
        ...

    @property
    def host(self) -> str:
        """Its own address."""
        ...

    @property
    def folder(self) -> str:
        """Its data directory."""
        ...


class Simulated:
    """A host of the simulation."""

    folder = "."

    def __init__(self, node: Node) -> None:
        self.name, self.peers = node.name, node.peers
        self.host = node.name

    def port(self, label: str) -> int:
        """See `Place.port`.

        Raises:
            InvalidPlan: the label is no number.
        """
        if not label.isdecimal():
            raise InvalidPlan(
                f"port {label!r}: in simulation a port is a number, as in {{port:8080}}"
            )
        return int(label)

    def address(self, server: str, label: str) -> tuple[str, int]:
        """See `Place.address`."""
        return server, self.port(label)


class OnThisMachine:
    """A process of this machine."""

    def __init__(self, node: Node, addresses: Addresses, folder: str) -> None:
        self.name, self.peers = node.name, node.peers
        self.folder = folder
        self.host = addresses.host(node.name)
        self._addresses = addresses

    def port(self, label: str) -> int:
        """See `Place.port`."""
        return self._addresses.own[label]

    def address(self, server: str, label: str) -> tuple[str, int]:
        """See `Place.address`.

        Raises:
            InvalidPlan: no program of the run listens on such a port.
        """
        if (server, label) not in self._addresses.others:
            raise InvalidPlan(
                f"nobody listens on port {label} of {server}: the program's arguments or "
                f"environment name it, as in {{port:{label}}}"
            )
        return self._addresses.host(server), self._addresses.others[server, label]


def filled(value: Any, place: Place) -> Any:
    """A text with what belongs to a place filled in; anything else as it is."""
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        what, label = match[1], match[2] or PORT
        if what == "name":
            return place.name
        if what == "peers":
            return ",".join(place.peers)
        if what == "host":
            return place.host
        if what == "dir":
            return place.folder
        if what == "port":
            return str(place.port(label))
        found = (place.address(peer, label) for peer in place.peers)
        return ",".join(f"{host}:{port}" for host, port in found)

    return _PLACE.sub(put, value)


def ports_in(values: Iterable[Any]) -> tuple[str, ...]:
    """The labels of ports that texts name, in their order."""
    found = {
        match[2] or PORT: None
        for value in values
        if isinstance(value, str)
        for match in _PLACE.finditer(value)
        if match[1] in _WITH_LABEL
    }
    return tuple(found)
