"""The tablets, and the servers that have them.

>>> triple("name", "e17")
'name/e17'
"""

from __future__ import annotations

from splitbrain.harness.bug import planted
from splitbrain.systems.scalability.sharded.coordinator import ShardCoordinator
from splitbrain.systems.scalability.sharded.server import ShardServer

TYPE = "type"
"""The predicate that all nodes have."""

PROPERTIES = ("age", "height", "name")
"""The predicates of which a node has one or another."""

LOWS = ("", *(f"{predicate}/" for predicate in (*PROPERTIES[1:], TYPE)))
"""Where each tablet begins, in order; the first one begins with the first of all keys."""


def triple(predicate: str, subject: str) -> str:
    """The key of a triple, whose object is the value."""
    return f"{predicate}/{subject}"


TabletServer = planted(ShardServer, coordinator_class=planted(ShardCoordinator, lows=LOWS))
"""One server: some of the tablets."""
