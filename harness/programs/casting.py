"""Several programs in one run: `roles`.

    plan.using(roles(redis=redis(), app=program("shop.main:main")), workloads.register(Client))

The first server, n1, is the first role, n2 the second, and all that are left are the last. A role's
name is a name of its first host: the program above connects to ``redis:6379``.
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.node import Node, Server, ServerFactory
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.simulation.incarnation import Incarnation


class Roles:
    """A server factory that gives each node its role; see `roles`."""

    def __init__(self, servers: dict[str, ServerFactory]) -> None:
        self._servers = servers
        self.__qualname__ = "+".join(servers)

    def __call__(self, node: Node) -> Server:
        """The server of a node."""
        everybody = sorted((node.name, *node.peers), key=lambda name: int(name[1:]))
        if len(everybody) < len(self._servers):
            raise InvalidPlan(
                f"{len(everybody)} nodes are too few for the roles {', '.join(self._servers)}: "
                f"give {len(self._servers)} or more"
            )
        if isinstance(node, Incarnation):
            node.host.world.aliases.update(zip(self._servers, everybody, strict=False))
        made: list[Any] = list(self._servers.values())
        server: Server = made[min(everybody.index(node.name), len(made) - 1)](node)
        return server


def roles(**servers: ServerFactory) -> Roles:
    """One server for each role; the last is that of all nodes that are left.

    Args:
        servers: what runs, by role: a `program`, a stand-in, or a class that takes a node.

    Raises:
        InvalidPlan: there are no roles.
    """
    if not servers:
        raise InvalidPlan(
            "roles() needs a server for each role, as in roles(redis=redis(), app=...)"
        )
    return Roles(servers)
