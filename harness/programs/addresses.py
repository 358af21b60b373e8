"""Where a client reaches a server, in the simulation and on this machine: `address`."""

from __future__ import annotations

from splitbrain.harness.node import Node
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.processes.hosts import ClientHost
from splitbrain.harness.processes.node import ServerNode
from splitbrain.harness.programs.templates import PORT, OnThisMachine, Place, Simulated
from splitbrain.harness.simulation.incarnation import Incarnation


def place_of(node: Node) -> Place:
    """What is filled in for a node.

    Raises:
        InvalidPlan: the node's ground has no addresses.
    """
    if isinstance(node, Incarnation):
        return Simulated(node)
    if isinstance(node, ServerNode):
        return OnThisMachine(node, node.addresses, str(node.folder))
    if isinstance(node, ClientHost):
        return OnThisMachine(node, node.addresses, str(node.disk.folder))
    raise InvalidPlan("programs run in the simulation or on processes: choose another ground")


def address(node: Node, server: str, port: int | str = PORT) -> tuple[str, int]:
    """Host and port to connect to.

    Args:
        node: who connects.
        server: to whom: the name of a server.
        port: the port, as the program's arguments or environment call it (``{port:8080}``).

    Raises:
        InvalidPlan: no program listens there.
    """
    return place_of(node).address(server, str(port))
