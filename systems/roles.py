"""Servers with different parts in one system: who has the first part."""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.harness.node import Node


def first_server(node: Node) -> str:
    """The first server by name (n2 before n10): the same for every server and every client.

    A client is told all servers, a server only the others.
    """
    servers = (node.name, *node.peers) if node.name.startswith("n") else node.peers
    return by_number(servers)[0]


def by_number(servers: Iterable[str]) -> tuple[str, ...]:
    """Servers in their order: n2 before n10."""
    return tuple(sorted(servers, key=lambda name: (len(name), name)))
