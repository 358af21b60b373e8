"""Which servers a key is at home on, and who stands in for them.

Rendezvous hashing: servers are put in an order that a hash of key and server gives. The hash is the
same in each process, which ``hash`` of a string is not.

Source: Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM
Transactions on Networking 6(1), 1998.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b


def preference(key: str, servers: Iterable[str]) -> tuple[str, ...]:
    """All servers, in the order in which they are to have the key: its homes come first.

    >>> preference("x", ["n1", "n2", "n3"]) == preference("x", ["n3", "n1", "n2"])
    True
    """
    return tuple(sorted(servers, key=lambda server: (_weight(key, server), server)))


def _weight(key: str, server: str) -> bytes:
    return blake2b(f"{server}/{key}".encode(), digest_size=8).digest()
