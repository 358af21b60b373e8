"""Rendezvous hashing: each key ranks all nodes by a hash of both, and belongs to the first.

When a node goes, its keys go to those that they rank next, and nothing else moves.

Source: Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM
Transactions on Networking 6(1), 1998.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b


def preference(key: str, nodes: Iterable[str]) -> tuple[str, ...]:
    """All nodes, in the order in which they are to have the key: its homes come first.

    >>> preference("x", ["n1", "n2", "n3"]) == preference("x", ["n3", "n1", "n2"])
    True
    """
    return tuple(sorted(nodes, key=lambda node: (_weight(key, node), node)))


def _weight(key: str, node: str) -> bytes:
    return blake2b(f"{node}/{key}".encode(), digest_size=8).digest()
