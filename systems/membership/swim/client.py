"""The client: has a member announce something of itself, and asks a member whom it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Node
from splitbrain.systems.membership.swim.table import STATUSES, table_of


class MembershipClient:
    """Asks one member.

    Args:
        node: the host that the client runs on.
        server: the member.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def announce(self, tag: int) -> tuple[str, int]:
        """Have the member announce a tag of itself; its name and incarnation from then on."""
        (incarnation,) = await request(self._node, self._server, "tag", tag)
        return self._server, incarnation

    async def members(self) -> tuple[str, Mapping[str, tuple[str, int, Any]]]:
        """The member's name, and by name what it knows of all: status, incarnation, tag.

        Raises:
            Definite: it has not joined yet.
        """
        (table,) = await request(self._node, self._server, "members")
        records = table_of(table)
        if not records:
            raise Definite("it has not joined yet")
        return self._server, {r.name: (STATUSES[r.rank], r.incarnation, r.tag) for r in records}
