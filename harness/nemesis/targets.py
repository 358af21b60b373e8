"""Whom a fault strikes, decided when it starts.

Names of groups are resolved with the fault's own random stream, so that the choice doesn't depend
on other faults; servers come out in the plan's order.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple

GROUPS = ("one", "leader", "followers", "minority", "majority", "all")
"""Targets that are resolved when a fault starts; besides, there are servers' names (``n1,n3``)."""


class Targets(NamedTuple):
    """The servers struck, and a remark if they aren't quite what was asked for."""

    nodes: tuple[str, ...]
    note: str | None = None


def minority(nodes: int) -> int:
    """The most servers of `nodes` that can be missing while a majority is left."""
    return (nodes - 1) // 2


def majority(nodes: int) -> int:
    """The fewest servers of `nodes` that are more than half."""
    return nodes // 2 + 1


def resolve_target(
    target: str, servers: Sequence[str], leader: str | None, rng: random.Random
) -> Targets:
    """The servers that `target` means now.

    Without a known leader, ``leader`` is any one server and ``followers`` all but one, so that a
    fault still does something in a system that announces none; the note says so. A cluster of one
    or two has no minority: nobody is struck.

    Args:
        target: a group (``leader``, ``minority``, ...), or names of servers with commas in between.
        servers: all servers, in order.
        leader: who leads as far as the world knows.
        rng: the fault's stream; used only where there is a choice.
    """
    if target not in GROUPS:
        return Targets(in_order(target.split(","), servers))
    if target == "all":
        return Targets(tuple(servers))
    if target == "one":
        return Targets((rng.choice(servers),))
    if target in ("minority", "majority"):
        size = minority(len(servers)) if target == "minority" else majority(len(servers))
        note = None if size else f"{len(servers)} servers have no minority"
        return Targets(in_order(rng.sample(servers, size), servers), note)
    note = None if leader is not None else "no leader was known; one server taken for it"
    head = leader if leader is not None else rng.choice(servers)
    if target == "leader":
        return Targets((head,), note)
    return Targets(tuple(name for name in servers if name != head), note)


def in_order(names: Iterable[str], servers: Sequence[str]) -> tuple[str, ...]:
    """`names`, each once, in the order of `servers`."""
    wanted = frozenset(names)
    return tuple(name for name in servers if name in wanted)
